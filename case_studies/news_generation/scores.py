"""How well a model copies: slot fidelity of its briefs on values that it has never seen.

    python -m case_studies.news_generation.scores MODEL_FOLDER [--split test] [--rows 800]

decodes greedily and prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from case_studies.news_generation.corpus import Pair, corpus
from case_studies.news_generation.events import LANGUAGES, Record
from case_studies.news_generation.facts.check import Checked, checked
from case_studies.news_generation.grammar import Brief
from case_studies.news_generation.tokens import END, PAD, parsed, prompt

BATCH = 32
LONGEST = 220  # tokens of a brief


def written(folder: Path, records: Sequence[Record], batch: int = BATCH) -> Iterator[Brief]:
    """Briefs by a model, greedily, in the order of the records."""
    import torch
    from tokenizers import Tokenizer
    from transformers import AutoModelForCausalLM

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model.to(device).eval()
    pad, end = tokenizer.token_to_id(PAD), tokenizer.token_to_id(END)
    for start in range(0, len(records), batch):
        rows = [tokenizer.encode(prompt(x)).ids for x in records[start : start + batch]]
        longest = max(map(len, rows))
        ids = torch.tensor([[pad] * (longest - len(row)) + row for row in rows], device=device)
        mask = torch.tensor([[0] * (longest - len(r)) + [1] * len(r) for r in rows], device=device)
        with torch.inference_mode():
            found = model.generate(
                input_ids=ids,
                attention_mask=mask,
                max_new_tokens=LONGEST,
                do_sample=False,
                pad_token_id=pad,
                eos_token_id=end,
            )
        for row in found[:, longest:].tolist():
            yield parsed(tokenizer.decode(row, skip_special_tokens=False))


def fidelity(told: Sequence[Checked]) -> dict[str, Any]:
    """Mean fidelity of briefs with a 95 % interval by the bootstrap over briefs."""
    values = np.array([one.fidelity for one in told])
    drawn = np.random.default_rng(0).integers(0, len(values), (2_000, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
    statuses = [fact.status for one in told for fact in one.facts]
    return {
        "fidelity": float(values.mean()),
        "low": float(low),
        "high": float(high),
        "n": len(values),
        "missing": statuses.count("missing") / len(statuses),
        "wrong": statuses.count("wrong") / len(statuses),
        "invented": sum(len(one.invented) for one in told) / len(values),
    }


def scores(folder: Path, pairs: Sequence[Pair]) -> dict[str, Any]:
    """Fidelity in each language."""
    briefs = list(written(folder, [pair.record for pair in pairs]))
    found: dict[str, Any] = {}
    for language in LANGUAGES:
        told = [
            checked(pair.record, f"{brief.headline}\n{brief.body}")
            for pair, brief in zip(pairs, briefs, strict=True)
            if pair.record.language == language
        ]
        found[language] = fidelity(told)
    return found


def main(given: Sequence[str] | None = None) -> None:
    """Print the scores of a model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--split", default="test", choices=("validation", "test"))
    parser.add_argument("--rows", type=int, default=800)
    asked = parser.parse_args(given)
    print(json.dumps(scores(asked.folder, corpus(asked.split)[: asked.rows])))


if __name__ == "__main__":
    main()
