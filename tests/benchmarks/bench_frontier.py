"""Every technique and runtime on Banking77's test set: one table, kept in docs/benchmarks.md.

Needs ``WORKBENCH_DATA`` with a folder ``banking77``, nothing else running, and about an hour the
first time: what ``WORKBENCH_BENCH_HOME`` holds already is taken from there. The table is for the
record; nothing is chosen by it.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
COLUMNS = (
    *("recipe", "accuracy, %", "change, points", "faster per text, from the string"),
    *("the model alone, ms", "throughput, texts/s", "against the reference", "size, MB"),
    *("memory, MB", "least, ms", "launches"),
)
# what the best recipe is asked for: the metric it is chosen by, its speed-up, which way is better
ASKED = (("throughput", "throughput", 1), ("latency_p50", "latency", -1))
BASELINE = "TF-IDF + logistic regression"
HEAD = """# Benchmarks

Banking77 (77 classes, {rows:,} test rows), `all-MiniLM-L6-v2` fully tuned, beside the plain \
baseline. Written by `tests/benchmarks/bench_frontier.py` on {date}: {machine}. Ratios are \
against PyTorch float32 on as many threads, over fresh launches in turns, with 95 % intervals; \
accuracy and its change are of the whole test set, paired by row. *Least* is what the machine's \
own ceiling allows for one text on one thread. Below the table, the pruned and distilled models \
against the best recipe that trains nothing, both timed in turns.

"""


def recipes() -> dict[str, Any]:
    """Name to recipe."""
    from workbench.recipes.recipe import Recipe
    from workbench.runtimes import OnnxRuntime, OpenVino, Torch, TorchCompile
    from workbench.techniques import (
        Bf16,
        Distillation,
        DynamicInt8,
        MagnitudePruning,
        StaticInt8,
        StructuredPruning,
        VocabularyPruning,
        WeightOnly,
    )

    int8, static = (DynamicInt8(),), (StaticInt8(),)

    def student(layers: float, ffn: float, heads: float) -> tuple[Any, ...]:
        return StructuredPruning(layers=layers, ffn=ffn, heads=heads), Distillation()

    two, three = student(4 / 6, 2 / 3, 1 / 2), student(3 / 6, 1 / 3, 0.0)
    four = student(2 / 6, 1 / 3, 0.0)
    return {
        "torch": Recipe(Torch()),
        "torch, bf16": Recipe(Torch(), (Bf16(),)),
        "torch.compile, INT8": Recipe(TorchCompile(), int8),
        "torch.compile": Recipe(TorchCompile()),
        "ONNX Runtime": Recipe(OnnxRuntime()),
        "ONNX Runtime, INT8": Recipe(OnnxRuntime(), int8),
        "ONNX Runtime, INT8, 2 streams": Recipe(OnnxRuntime(threads=2, streams=2), int8),
        "ONNX Runtime, static INT8": Recipe(OnnxRuntime(), static),
        "OpenVINO": Recipe(OpenVino()),
        "OpenVINO, static INT8": Recipe(OpenVino(), static),
        "OpenVINO, static INT8, 2 streams": Recipe(OpenVino(threads=2, streams=2), static),
        "OpenVINO, INT8 weights": Recipe(OpenVino(), (WeightOnly(),)),
        "half the weights zero": Recipe(OnnxRuntime(), (MagnitudePruning(amount=0.5),)),
        "vocabulary, INT8": Recipe(OnnxRuntime(), (VocabularyPruning(), *int8)),
        "2 layers, distilled": Recipe(Torch(), two),
        "2 layers, distilled, INT8": Recipe(OnnxRuntime(), (*two, *int8)),
        "2 layers, distilled, INT8, 2 streams": Recipe(
            OnnxRuntime(threads=2, streams=2), (*two, *int8)
        ),
        "2 layers, distilled, OpenVINO static INT8": Recipe(OpenVino(), (*two, *static)),
        "2 layers, distilled, OpenVINO static INT8, 2 streams": Recipe(
            OpenVino(threads=2, streams=2), (*two, *static)
        ),
        "3 layers, distilled, INT8": Recipe(OnnxRuntime(), (*three, *int8)),
        "4 layers, distilled, INT8": Recipe(OnnxRuntime(), (*four, *int8)),
    }


def row(name: str, run: Any, least: float | None) -> str:
    """A line of the table."""
    found = run.metrics

    def shown(metric: str, scale: float = 1.0, places: int = 1) -> str:
        if metric not in found:
            return "–"
        value = found[metric]
        text = f"{value.value * scale:.{places}f}"
        if value.kind == "exact" or value.low == value.high:
            return text
        return f"{text} ({value.low * scale:.{places}f} to {value.high * scale:.{places}f})"

    if run.status != "done":
        return f"| {name} | {(run.error or {}).get('value', run.status)} |" + " |" * 9
    cells = [
        *(name, shown("accuracy", 100, 2), shown("accuracy_change", 100, 2)),
        *(shown("speedup_latency", places=2), shown("model_latency_p50", 1e3, 2)),
        *(shown("throughput", places=0), shown("speedup_throughput", places=2)),
        *(shown("size", 1e-6), shown("memory", 1e-6, 0)),
        *(f"{1e3 * least:.2f}" if least else "–", str(len(run.launches))),
    ]
    return "| " + " | ".join(cells) + " |"


def students(runs: dict[str, Any], texts: Any, home: Path) -> list[str]:
    """Each pruned and distilled recipe against the best recipe that trains nothing, in turns."""
    from workbench.measure import Side, compare
    from workbench.measure.told import metrics

    def side(name: str) -> Side:
        return Side(home / runs[name].artifact, runs[name].recipe["runtime"])

    done = [name for name, run in runs.items() if run.status == "done"]
    apart = [name for name in done if "distilled" in name]
    stock = [name for name in done if name not in apart and name != BASELINE]
    lines = []
    for name in apart:
        told = []
        for metric, what, better in ASKED:
            best = max(stock, key=lambda other: better * runs[other].metrics[metric].value)
            found = metrics(compare(side(best), side(name), texts).launches)[f"speedup_{what}"]
            told.append(f"{what} {found.value:.2f} ({found.low:.2f} to {found.high:.2f}) × {best}")
        lines.append(f"* {name}: " + "; ".join(told) + f", n = {found.n} launches")
        print(lines[-1], flush=True)
    return lines


def main() -> None:
    """Measure all that is not measured yet, print the table, write the page."""
    os.environ["WORKBENCH_HOME"] = os.environ.get("WORKBENCH_BENCH_HOME") or tempfile.mkdtemp()
    import workbench
    from workbench import tasks
    from workbench.recipes.recipe import Recipe
    from workbench.runtimes import Sklearn

    folder = Path(os.environ.get("WORKBENCH_DATA", ".")) / "banking77"
    if not folder.is_dir():
        print("skipped: set WORKBENCH_DATA to a folder that holds banking77")
        return
    task = tasks.csv_id(f"{folder}/train.csv", f"{folder}/test.csv", "text", "category", True)
    client = workbench.connect(inline=True)
    client.submit("ceiling", {"threads": 1})
    model = client.tune("all-MiniLM-L6-v2", task, mode="full")
    wanted = [(name, model, recipe) for name, recipe in recipes().items()]
    wanted.append((BASELINE, client.tune("tfidf", task), Recipe(Sklearn())))
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    runs = {}
    for name, of, recipe in wanted:
        runs[name] = run = measured(client, of, task, recipe)
        lines.append(row(name, run, client.limits().get(run.id)))
        print(lines[-1], flush=True)
    rows = tasks.find(task).rows("test").texts
    lines += ["", *students(runs, rows, client.home)]
    PAGE.write_text(head(run.environment, len(rows)) + "\n".join(lines) + "\n", encoding="utf-8")


def head(stamp: dict[str, Any], rows: int) -> str:
    """The page's beginning: what, where and when."""
    told = f"{stamp['cpu']}, {stamp['cores']} cores, {' '.join(stamp['instructions'])}"
    return HEAD.format(rows=rows, date=time.strftime("%Y-%m-%d"), machine=told)


def measured(client: Any, model: str, task: str, recipe: Any) -> Any:
    """The run of a recipe on the test rows: a known one, or measured now."""
    from dataclasses import asdict

    from workbench.core.records import content_hash
    from workbench.measure import environment

    here = content_hash(asdict(environment()))
    wanted = (model, recipe.to_json(), "test", "done", here)
    for run in client.runs():
        there = content_hash(run.environment)
        if (run.model, run.recipe, run.split, run.status, there) == wanted:
            return run
    return client.run(model, task, recipe, verify=True)


if __name__ == "__main__":
    main()
