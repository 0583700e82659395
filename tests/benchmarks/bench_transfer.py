"""How many examples a model needs for event types that it has never seen: one table.

    python tests/benchmarks/bench_transfer.py MODEL_FOLDER [--sizes 0 20 100 500] [--rows 400]

``MODEL_FOLDER`` holds ``newsdesk-lm``; left out, it is the one that ships. It is trained on the
first examples of the two types that were held out, all weights and with LoRA, and so is a model
of the same shape with random weights. A tenth of the examples is set aside to choose the epoch
by: nothing else is known of the new types. What was done lies in ``--home`` and is not done
again; killed, it goes on.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from case_studies.news_generation.corpus import corpus
from case_studies.news_generation.study import FOLDER, newsdesk_transfer
from workbench.core.records import content_hash
from workbench.tasks.task import Rows, Task

MODES = ("full", "lora", "scratch")
TITLES = {"full": "all weights", "lora": "LoRA", "scratch": "from scratch"}
SCRATCH_STEPS, SCRATCH_RATE = 1_500, 2e-3
DRAWS = 2_000


def main(given: Sequence[str] | None = None) -> None:
    """Train what is asked for and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default=FOLDER, type=Path)
    parser.add_argument("--sizes", nargs="+", type=int, default=[0, 20, 100, 500])
    parser.add_argument("--rows", type=int, default=400, help="briefs of the test part")
    parser.add_argument("--seeds", type=int, default=1, help="each with examples of its own")
    parser.add_argument("--steps", type=float, default=1.0, help="share of the steps, for a trial")
    parser.add_argument("--modes", nargs="+", default=MODES, choices=MODES)
    parser.add_argument("--home", type=Path, help="what was done is kept here")
    asked = parser.parse_args(given)
    if not (asked.model / "model.safetensors").is_file():
        raise SystemExit(f"{asked.model}: no model.safetensors; name the folder of newsdesk-lm")
    bench = Bench(asked, asked.home or Path(tempfile.mkdtemp()))
    found = {
        (size, mode): np.array([bench.values(size, mode, seed) for seed in range(asked.seeds)])
        for size in asked.sizes
        for mode in asked.modes
    }
    languages = np.array([pair.record.language for pair in bench.test])
    print(f"\n{len(bench.test)} test briefs, {asked.seeds} times")
    for title, of in (("both languages", None), ("English", "en"), ("Chinese", "zh")):
        rows = np.ones(len(languages), bool) if of is None else languages == of
        print(f"\n{title}\n\n{table({k: v[:, rows] for k, v in found.items()}, asked)}")


class Bench:
    """What is measured, and where it is kept.

    Args:
        asked: options of the command line.
        home: folder for models, checkpoints and scores.
    """

    def __init__(self, asked: argparse.Namespace, home: Path) -> None:
        self._asked, self._home = asked, home / f"rows-{asked.rows}"
        self._pool = newsdesk_transfer().rows("train")
        self.test = corpus("test", transfer=True)[: asked.rows]

    def values(self, size: int, mode: str, seed: int) -> list[float]:
        """Slot fidelity of every test brief, in [0, 1]."""
        from workbench.models import fingerprint

        source = self._asked.model if mode != "scratch" else self._unlearnt(seed)
        told = f"{size} examples, {TITLES[mode]}, seed {seed}"
        if size == 0:
            values = self._scored_once(source, mode, seed)
        else:
            from workbench.training.writer import fit_writer

            fitted = fit_writer(
                source,
                "scratch" if mode == "scratch" else "newsdesk-lm",
                fingerprint(source),
                self._task(size, seed),
                "lora" if mode == "lora" else "full",
                self._home,
                self._score,
                None,
                self._settings(size, mode, seed),
            )
            values = list(fitted.metrics["values"])
        print(f"{told}: {100 * np.mean(values):.1f} %", flush=True)
        return values

    def _settings(self, size: int, mode: str, seed: int) -> Any:
        """The usual ones; from scratch there are more steps, at a higher rate."""
        from workbench.training.writer import EPOCHS, usual

        found = replace(usual("lora" if mode == "lora" else "full", _learnt(size)), seed=seed)
        each = -(-_learnt(size) // found.batch)
        if mode == "scratch":
            epochs = min(EPOCHS, SCRATCH_STEPS // each)
            found = replace(found, rate=SCRATCH_RATE, epochs=epochs, patience=epochs)
        epochs = max(1, int(self._asked.steps * found.epochs))
        return replace(found, epochs=epochs)

    def _task(self, size: int, seed: int) -> Task:
        first, last = seed * size, (seed + 1) * size
        if last > len(self._pool.texts):
            raise SystemExit(f"{size} examples, {seed + 1} times: there are too few")
        cut = first + _learnt(size)
        parts = {
            name: Rows(self._pool.texts[part], targets=self._pool.targets[part])
            for name, part in {"train": slice(first, cut), "validation": slice(cut, last)}.items()
        }
        told = [[*rows.texts, *rows.targets] for rows in parts.values()]
        title = f"newsdesk-transfer-{size}"
        # without a check: tokens choose the epoch, facts are looked at on the test rows only
        return Task(
            *(title, title, (), ("en", "zh"), content_hash(told), parts.__getitem__),
            kind="generation",
        )

    def _unlearnt(self, seed: int) -> Path:
        """A model of the same shape with random weights."""
        import torch
        from transformers import AutoConfig, AutoModelForCausalLM

        folder = self._home / f"unlearnt-{seed}"
        if not (folder / "tokenizer.json").is_file():
            torch.manual_seed(seed)
            config = AutoConfig.from_pretrained(self._asked.model)
            AutoModelForCausalLM.from_config(config, dtype=torch.float32).save_pretrained(folder)
            shutil.copy(self._asked.model / "tokenizer.json", folder)
        return folder

    def _scored_once(self, folder: Path, mode: str, seed: int) -> list[float]:
        place = self._home / ("unlearnt.json" if mode == "scratch" else "untouched.json")
        place = place.with_stem(f"{place.stem}-{seed}") if mode == "scratch" else place
        if not place.is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(json.dumps(self._score(folder)["values"]))
        return list(json.loads(place.read_text()))

    def _score(self, folder: Path) -> dict[str, Any]:
        from case_studies.news_generation.facts.check import checked
        from case_studies.news_generation.scores import written

        briefs = written(folder, [pair.record for pair in self.test])
        told = (f"{brief.headline}\n{brief.body}" for brief in briefs)
        pairs = zip(self.test, told, strict=True)
        return {"values": [checked(pair.record, text).fidelity for pair, text in pairs]}


def _learnt(size: int) -> int:
    """Examples that are learnt; the rest, a tenth, chooses the epoch."""
    return size - max(1, size // 10)


def interval(values: np.ndarray) -> tuple[float, float, float]:
    """Mean with a 95 % interval by the bootstrap over seeds and briefs, values (seeds, briefs)."""
    rng = np.random.default_rng(0)
    seeds, rows = values.shape
    means = []
    for _ in range(DRAWS):
        drawn = values[rng.integers(0, seeds, seeds)]
        means.append(drawn[:, rng.integers(0, rows, rows)].mean())
    low, high = np.quantile(means, [0.025, 0.975])
    return float(values.mean()), float(low), float(high)


def table(found: dict[tuple[int, str], np.ndarray], asked: argparse.Namespace) -> str:
    """Fidelity of every size and mode, and the points above training from scratch."""
    others = [mode for mode in asked.modes if mode != "scratch"]
    gains = others if "scratch" in asked.modes else []
    head = ["examples", *(f"{TITLES[mode]}, %" for mode in asked.modes)]
    head += [f"{TITLES[mode]}, points above scratch" for mode in gains]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for size in asked.sizes:
        cells = [_shown(found[size, mode]) for mode in asked.modes]
        cells += [_shown(found[size, mode] - found[size, "scratch"]) for mode in gains]
        lines.append(f"| {size} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _shown(values: np.ndarray) -> str:
    mean, low, high = (100 * x for x in interval(values))
    return f"{mean:.1f} ({low:.1f} to {high:.1f})"


if __name__ == "__main__":
    main()
