"""The first points: the built-in model with a linear head and the plain baseline beside it."""

from __future__ import annotations

from typing import Any

from workbench.core.home import home
from workbench.jobs.client import ENDED, HttpClient
from workbench.models.baseline import BASELINE
from workbench.models.catalogue import BUILT_IN
from workbench.tasks.shopdesk import NAME

HALF = {"name": "structured_pruning", "ffn": 0.5, "heads": 0.5}
GRID: dict[str, Any] = {
    "schema": 1,
    "techniques": [[{"name": "dynamic_int8"}], [], [HALF, {"name": "dynamic_int8"}]],
    "runtime": {"name": "onnxruntime"},
}


PLAIN: dict[str, Any] = {"schema": 1, "techniques": [[]], "runtime": {"name": "sklearn"}}


def first_points() -> None:
    """Ask the job server for them, unless there are points or the work is under way already."""
    client = HttpClient(home())
    measured = any(run.task == NAME and run.status == "done" for run in client.runs())
    asked = any(job.kind == "sweep" and job.status not in ENDED for job in client.jobs())
    if not measured and not asked:
        for model, grid in ((BUILT_IN, GRID), (BASELINE, PLAIN)):
            client.submit("sweep", {"model": model, "task": NAME, "grid": grid, "tune": "linear"})
        client.submit("ceiling", {"threads": 1})
