"""Trains ``newsdesk-lm`` from nothing; stopped at any time, it goes on where it was.

    python -m case_studies.news_generation.train FOLDER [--steps N]

``FOLDER/checkpoint`` is what it goes on from, ``FOLDER/model`` the model as it ships: Llama type,
bf16 safetensors. A GPU is used where there is one.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from case_studies.news_generation.corpus import Pair, corpus
from case_studies.news_generation.tokens import END, PAD, RECORD, encoded, learnt

Batch = tuple[list[list[int]], list[int]]


@dataclass(frozen=True)
class Plan:
    """Settings of a training.

    Args:
        steps: in all.
        batch: pairs of a step.
        rate: learning rate of the matrices (Muon); the other weights take ``rate_other`` (AdamW).
        rate_other: see there.
        warmup: steps in which the rate rises.
        decay: share of the steps, at the end, in which it falls to nothing.
        seed: of weights and order.
    """

    steps: int = 8_000
    batch: int = 32
    rate: float = 0.01
    rate_other: float = 3e-3
    warmup: int = 100
    decay: float = 0.3
    seed: int = 0
    hidden: int = 256
    layers: int = 6
    heads: int = 8
    groups: int = 4
    wide: int = 768
    positions: int = 512


def main(given: Sequence[str] | None = None) -> None:
    """Train, or go on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=Plan.steps)
    parser.add_argument("--save-every", type=int, default=250, help="steps")
    parser.add_argument(
        "--compile", action="store_true", help="a fifth faster; needs a C++ compiler"
    )
    asked = parser.parse_args(given)
    train(Plan(steps=asked.steps), asked.folder, asked.save_every, asked.compile)


def train(plan: Plan, folder: Path, save_every: int, compiled: bool = False) -> None:
    """Train to the end of the plan, from the checkpoint if there is one."""
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    pairs = corpus("train")
    tokenizer = _tokenizer(folder, pairs)
    rows, held = encoded(tokenizer, pairs), encoded(tokenizer, corpus("validation"))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(plan.seed)
    model = build(plan, tokenizer).to(device)
    optimisers = _optimisers(model, plan)
    done, seconds = restore(model, optimisers, folder / "checkpoint")
    if compiled:
        model.model.compile(dynamic=True)
    began = time.monotonic() - seconds
    for step, batch in enumerate(batches(rows, plan, done), done + 1):
        value = _learn(model, optimisers, plan, step, loss_of(model, batch, tokenizer, device))
        if step % save_every == 0 or step == plan.steps:
            told = {"step": step, "loss": value, "seconds": time.monotonic() - began}
            _note(folder, {**told, "held": _held(model, held, plan, tokenizer, device)})
            keep(model, optimisers, step, told["seconds"], folder / "checkpoint")
            export(model, tokenizer, plan, folder / "model")


def _learn(model: Any, optimisers: Sequence[Any], plan: Plan, step: int, loss: Any) -> float:
    """One step down the slope; the loss before it."""
    import torch

    for optimiser, rate in zip(optimisers, (plan.rate, plan.rate_other), strict=True):
        for group in optimiser.param_groups:
            group["lr"] = rate * pace(step, plan)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimiser in optimisers:
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
    return float(loss.item())


def _note(folder: Path, told: dict[str, Any]) -> None:
    """A line of the log, printed as well."""
    line = json.dumps(told)
    print(line, flush=True)
    with (folder / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def pace(step: int, plan: Plan) -> float:
    """Share of the full rate: up, level, and down at the end.

    Source:
        Hu et al. 2024, "MiniCPM", arXiv:2404.06395, sec. 4.2 (warm-up, stable, decay).
    """
    left = (plan.steps - step) / max(1, plan.decay * plan.steps)
    return min(1.0, step / plan.warmup, max(0.0, left))


def build(plan: Plan, tokenizer: Any) -> Any:
    """The model before training."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=plan.hidden,
        intermediate_size=plan.wide,
        num_hidden_layers=plan.layers,
        num_attention_heads=plan.heads,
        num_key_value_heads=plan.groups,
        max_position_embeddings=plan.positions,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.token_to_id(RECORD),
        eos_token_id=tokenizer.token_to_id(END),
        pad_token_id=tokenizer.token_to_id(PAD),
        attention_dropout=0.0,
    )
    return LlamaForCausalLM(config)


def _optimisers(model: Any, plan: Plan) -> tuple[Any, Any]:
    """Muon for the matrices within the layers, AdamW for all else.

    Source:
        Jordan et al. 2024, "Muon", https://kellerjordan.github.io/posts/muon/
    """
    import torch

    inner = [p for name, p in model.named_parameters() if ".layers." in name and p.ndim == 2]
    known = {id(p) for p in inner}
    other = [p for p in model.parameters() if id(p) not in known]
    return (
        torch.optim.Muon(inner, lr=plan.rate, weight_decay=0.01),
        torch.optim.AdamW(other, lr=plan.rate_other, betas=(0.9, 0.95), weight_decay=0.0),
    )


def batches(rows: Sequence[tuple[list[int], int]], plan: Plan, done: int) -> Iterator[Batch]:
    """Batches of like lengths, in an order that depends on the seed and the epoch only.

    Args:
        rows: token ids, and how many of them belong to the prompt.
        plan: settings.
        done: steps that were made already.
    """
    each = len(rows) // plan.batch
    step = done
    while step < plan.steps:
        epoch, first = divmod(step, each)
        rng = random.Random(f"{plan.seed}/{epoch}")
        order = sorted(range(len(rows)), key=lambda i: (len(rows[i][0]) + 8 * rng.random(), i))
        groups = [order[i * plan.batch : (i + 1) * plan.batch] for i in range(each)]
        rng.shuffle(groups)
        for group in groups[first : first + plan.steps - step]:
            yield [rows[i][0] for i in group], [rows[i][1] for i in group]
            step += 1


def loss_of(model: Any, batch: Batch, tokenizer: Any, device: str) -> Any:
    """Mean cross-entropy of the target tokens of a batch."""
    import torch
    from torch.nn.functional import cross_entropy

    rows, given = batch
    longest = max(map(len, rows))
    ids = torch.full((len(rows), longest), tokenizer.token_to_id(PAD))
    wanted = torch.zeros((len(rows), longest), dtype=torch.bool)
    for i, (row, before) in enumerate(zip(rows, given, strict=True)):
        ids[i, : len(row)] = torch.tensor(row)
        wanted[i, before - 1 : len(row) - 1] = True
    ids, wanted = ids.to(device), wanted.to(device)
    # rows are padded at their ends, where a causal model need not be told
    with torch.autocast(device, torch.bfloat16, enabled=device == "cuda" or half()):
        hidden = model.model(input_ids=ids[:, :-1]).last_hidden_state[wanted[:, :-1]]
        logits = model.lm_head(hidden)
    return cross_entropy(logits.float(), ids[:, 1:][wanted[:, :-1]])


def half() -> bool:
    """Whether this processor multiplies in bf16."""
    import torch

    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _held(model: Any, rows: Any, plan: Plan, tokenizer: Any, device: str) -> float:
    """Loss on the validation split, whose values training never has."""
    import torch

    ordered = sorted(rows, key=lambda row: len(row[0]))
    found = []
    with torch.no_grad():
        for i in range(0, len(ordered), plan.batch):
            part = ordered[i : i + plan.batch]
            batch = [x[0] for x in part], [x[1] for x in part]
            found.append(loss_of(model, batch, tokenizer, device).item())
    return float(sum(found) / len(found))


def _tokenizer(folder: Path, pairs: Sequence[Pair]) -> Any:
    from tokenizers import Tokenizer

    path = folder / "tokenizer.json"
    if not path.is_file():
        learnt(pairs).save(str(path))
    return Tokenizer.from_file(str(path))


def keep(model: Any, optimisers: Sequence[Any], step: int, seconds: float, folder: Path) -> None:
    """Write weights and the state of the optimisers; the one before stays until it is whole."""
    from safetensors.torch import save_file

    half_made = folder.with_name(f".{folder.name}.{os.getpid()}")
    half_made.mkdir()
    weights = {f"model/{name}": p.detach().contiguous() for name, p in model.named_parameters()}
    for number, optimiser in enumerate(optimisers):
        for place, state in optimiser.state_dict()["state"].items():
            weights |= {f"optimiser/{number}/{place}/{k}": v.clone() for k, v in state.items()}
    save_file(weights, half_made / "state.safetensors")
    told = json.dumps({"step": step, "seconds": seconds})
    (half_made / "step.json").write_text(told, encoding="utf-8")
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    half_made.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def restore(model: Any, optimisers: Sequence[Any], folder: Path) -> tuple[int, float]:
    """Go on from a checkpoint; the steps made and the seconds they took, 0 without one."""
    import torch
    from safetensors.torch import load_file

    if not (folder / "step.json").is_file():
        folder = folder.with_name(f".{folder.name}.old")  # killed between two renames
    if not (folder / "step.json").is_file():
        return 0, 0.0
    weights = load_file(folder / "state.safetensors")
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weights[f"model/{name}"])
    for number, optimiser in enumerate(optimisers):
        told = optimiser.state_dict()
        for key, value in weights.items():
            kind, _, rest = key.partition("/")
            if kind == "optimiser" and rest.startswith(f"{number}/"):
                _, place, name = rest.split("/")
                told["state"].setdefault(int(place), {})[name] = value
        optimiser.load_state_dict(told)
    step = json.loads((folder / "step.json").read_text(encoding="utf-8"))
    return int(step["step"]), float(step["seconds"])


def export(model: Any, tokenizer: Any, plan: Plan, folder: Path) -> None:
    """Write the model as it ships: a Hugging Face folder in bf16."""
    import copy

    import torch

    folder.mkdir(exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    copy.deepcopy(model).to("cpu", torch.bfloat16).save_pretrained(folder)
    (folder / "plan.json").write_text(json.dumps(asdict(plan), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
