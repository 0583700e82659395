"""Models that write: a 124M GPT-2 shape and ``newsdesk-lm``; one table, kept in a page.

Nothing else may be running. ``--model FOLDER`` measures another folder than ``newsdesk-lm``;
``--only gpt2`` or ``--only newsdesk`` one of the two. Ratios are against ``generate`` of
transformers in float32 on as many threads.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks_generation.md"
HEAD = """# Benchmarks of models that write

Written by `tests/benchmarks/bench_generation.py` on {date}: {machine}, one thread. Speed-ups are \
against `generate` of transformers in float32 with the same weights, over fresh launches in \
turns, with 95 % intervals; a stretch is 32 tokens behind a real prompt, prompt and all. The \
floor is the time in which the weights alone could be read from memory once per token, at the \
bandwidth that was measured here ({gbps:.1f} GB/s on one thread).

"""
COLUMNS = ("recipe", "facts right, %", "change, points", "tokens/s, 1", "8", "32", "floor, 1",
           "speed-up, 1", "8", "32", "size, MB", "memory, MB", "n")  # fmt: skip


def recipes(whole: bool) -> dict[str, Any]:
    """Name to recipe; ``whole``: also with the engines that do not know GPT-2, and compiled."""
    from workbench.recipes.recipe import Recipe
    from workbench.runtimes import OnnxRuntime, OpenVino, TorchCompile
    from workbench.techniques import WeightOnly

    found = {
        "OpenVINO": Recipe(OpenVino()),
        "OpenVINO, INT8 weights": Recipe(OpenVino(), (WeightOnly(),)),
        "OpenVINO, INT4 weights": Recipe(OpenVino(), (WeightOnly(bits=4),)),
    }
    if whole:
        found["PyTorch, compiled, static cache"] = Recipe(TorchCompile())
        for bits in (8, 4):
            recipe = Recipe(OnnxRuntime(), (WeightOnly(bits=bits),))
            found[f"ONNX Runtime GenAI, INT{bits} weights"] = recipe
    return found


def gpt2(folder: Path) -> Path:
    """A model of GPT-2's smallest shape, random: 124 million weights."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    from case_studies.news_generation.corpus import corpus
    from case_studies.news_generation.tokens import learnt

    torch.manual_seed(0)
    folder.mkdir(parents=True)
    GPT2LMHeadModel(GPT2Config()).save_pretrained(folder)
    # its prompts need a tokenizer whose ids it has rows for; which words they are is all one
    learnt(corpus("validation")).save(str(folder / "tokenizer.json"))
    return folder


def few(folder: Path) -> str:
    """A task of a few prompts: a random model is timed, there is nothing in it to judge."""
    from case_studies.news_generation.corpus import corpus
    from case_studies.news_generation.tokens import prompt

    path = folder / "few.jsonl"
    rows = [
        {"prompt": prompt(x.record), "target": x.brief.body} for x in corpus("validation")[:40]
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return f"csv:{path}?kind=generation&text_column=prompt&target_column=target"


def bandwidth() -> float:
    """Bytes read from memory per second by one thread."""
    from workbench.measure.ceiling import ceiling

    read = ceiling(1).memory
    return float(read[max(read, key=int)])  # of the largest array: no cache holds it


def cell(found: Any, metric: str, factor: float = 1.0, digits: int = 1) -> str:
    """A metric with its interval, if it is there."""
    if metric not in found:
        return "–"
    told = found[metric]
    low, high = (f"{factor * x:.{digits}f}" for x in (told.low, told.high))
    return f"{factor * told.value:.{digits}f} ({low} to {high})"


def row(name: str, run: Any, floor: float) -> str:
    """A line of the table."""
    found = run.metrics
    shown = partial(cell, found)
    cells = (
        name, shown("fidelity", 100), shown("fidelity_change", 100, 2), shown("decode_1"),
        shown("decode_8"), shown("decode_32"), f"{floor / found['size'].value:.0f}",
        shown("speedup_latency", digits=2), shown("speedup_8", digits=2),
        shown("speedup_32", digits=2), f"{found['size'].value / 1e6:.1f}",
        f"{found['memory'].value / 1e6:.0f}", str(found["latency_p50"].n),
    )  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def table(
    client: Any, what: str, model: str, task: str, floor: float, verify: bool = False
) -> str:
    """What was measured of one model."""
    lines = [f"## {what}", "", "| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
    for name, recipe in recipes(task == "newsdesk").items():
        run = client.run(model, task, recipe, verify=verify)
        if run.status != "done":
            raise SystemExit(f"{name}: {run.error}")
        if len(lines) == 4:
            lines.append(row("PyTorch", client.recorded(str(run.reference)), floor))
        lines.append(row(name, run, floor))
        print(lines[-1], flush=True)
    return "\n".join(lines) + "\n\n"


def main() -> None:
    """Measure, print, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="newsdesk-lm")
    parser.add_argument("--only", choices=("gpt2", "newsdesk"))
    parser.add_argument("--verify", action="store_true", help="newsdesk on the test split")
    asked = parser.parse_args()
    kept = os.environ.get("WORKBENCH_BENCH_HOME")
    home = Path(kept) / "writers" if kept else Path(tempfile.mkdtemp())
    os.environ["WORKBENCH_HOME"] = str(home)
    import workbench
    from workbench.measure import environment

    client, floor = workbench.connect(inline=True), bandwidth()
    text = HEAD.format(date=time.strftime("%Y-%m-%d"), machine=environment().cpu, gbps=floor / 1e9)
    if asked.only != "gpt2":
        text += table(client, "newsdesk-lm", asked.model, "newsdesk", floor, asked.verify)
    if asked.only != "newsdesk":
        large = home / "gpt2-124M"
        model = large if large.is_dir() else gpt2(large)
        text += table(client, "GPT-2 shape, 124 million weights", str(model), few(home), floor)
    PAGE.write_text(text.rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
