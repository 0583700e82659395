"""The Keras transformer on Banking77's test set: one table, kept in docs/benchmarks_keras.md.

Needs ``WORKBENCH_DATA`` with a folder ``banking77``, the extra ``tf``, and nothing else running.
What ``WORKBENCH_BENCH_HOME`` holds already is taken from there, below ``keras``: its runs are
compared with TensorFlow itself, so no torch model may lie beside them.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

from bench_frontier import COLUMNS, measured, row

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks_keras.md"
MODEL = "keras-transformer"
HEAD = """# Benchmarks of the Keras transformer

Banking77 (77 classes, {rows:,} test rows), `{model}` trained here from nothing. Written by \
`tests/benchmarks/bench_keras.py` on {date}: {machine}. Ratios are against TensorFlow float32 on \
as many threads, over fresh launches in turns, with 95 % intervals; accuracy and its change are \
of the whole test set, paired by row. Agreement is the share of rows that get the same answer as \
in TensorFlow.

"""


def recipes() -> dict[str, Any]:
    """Name to recipe."""
    from workbench.recipes.recipe import Recipe
    from workbench.runtimes import LiteRt, OpenVino, TensorFlow
    from workbench.techniques import (
        Distillation,
        DynamicInt8,
        Fp16,
        GradualPruning,
        QuantisationAware,
        StaticInt8,
        StructuredPruning,
        WeightClustering,
    )

    half = (StructuredPruning(ffn=0.5, heads=0.5), Distillation(epochs=15, rate=5e-4))
    return {
        "TensorFlow": Recipe(TensorFlow()),
        "LiteRT": Recipe(LiteRt()),
        "LiteRT, float16": Recipe(LiteRt(), (Fp16(),)),
        "LiteRT, INT8 weights": Recipe(LiteRt(), (DynamicInt8(),)),
        "LiteRT, full integer": Recipe(LiteRt(), (StaticInt8(),)),
        "OpenVINO": Recipe(OpenVino()),
        "OpenVINO, static INT8": Recipe(OpenVino(), (StaticInt8(),)),
        "half the units and heads, taught": Recipe(TensorFlow(), half),
        "half, taught, LiteRT, full integer": Recipe(LiteRt(), (*half, StaticInt8())),
        "half the weights zero": Recipe(TensorFlow(), (GradualPruning(amount=0.5),)),
        "16 values a layer": Recipe(TensorFlow(), (WeightClustering(),)),
        "trained for INT8, LiteRT": Recipe(LiteRt(), (QuantisationAware(),)),
    }


def agreement(client: Any, run: Any, reference: Any) -> str:
    """Share of rows with the same answer, and its interval."""
    from workbench.stats.intervals import proportion
    from workbench.store import Store

    store = Store(client.home)
    same = store.logits(run.id).argmax(axis=1) == store.logits(reference.id).argmax(axis=1)
    found = proportion(int(same.sum()), len(same))
    return f"{100 * found.value:.2f} % ({100 * found.low:.2f} to {100 * found.high:.2f})"


def main() -> None:
    """Measure all that is not measured yet, print the table, write the page."""
    home = os.environ.get("WORKBENCH_BENCH_HOME") or tempfile.mkdtemp()
    os.environ["WORKBENCH_HOME"] = f"{home}/keras"
    import workbench
    from workbench import tasks

    folder = Path(os.environ.get("WORKBENCH_DATA", ".")) / "banking77"
    if not folder.is_dir():
        print("skipped: set WORKBENCH_DATA to a folder that holds banking77")
        return
    task = tasks.csv_id(f"{folder}/train.csv", f"{folder}/test.csv", "text", "category", True)
    client = workbench.connect(inline=True)
    model = client.tune(MODEL, task, mode="full")
    lines = ["| " + " | ".join((*COLUMNS, "agreement")) + " |", "|" + "---|" * (len(COLUMNS) + 1)]
    runs: dict[str, Any] = {}
    for name, recipe in recipes().items():
        runs[name] = run = measured(client, model, task, recipe)
        same = agreement(client, run, runs["TensorFlow"]) if run.status == "done" else "–"
        lines.append(f"{row(name, run, None)} {same} |")
        print(lines[-1], flush=True)
    stamp, rows = runs["TensorFlow"].environment, len(tasks.find(task).rows("test").texts)
    told = f"{stamp['cpu']}, {stamp['cores']} cores, {' '.join(stamp['instructions'])}"
    top = HEAD.format(rows=rows, model=MODEL, date=time.strftime("%Y-%m-%d"), machine=told)
    PAGE.write_text(top + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
