"""Where to run the model of a finished run: batch × threads × streams, kept beside the run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput
from workbench.core.records import Run
from workbench.jobs.clients import OWNER
from workbench.jobs.desk import Desk
from workbench.jobs.meters import FAST
from workbench.jobs.setup import Setup, prepare
from workbench.measure import Side, environment
from workbench.measure.operating import Point, operating_points
from workbench.recipes.operating import Grid, settings, suggested
from workbench.store import Store, no_run

ATTACHED = "operating"


def place(run: Run, client: str) -> str:
    """Under which name a client's points of a run are kept.

    Those of the run's own client and of the owner are the run's. What a visitor measures of
    somebody else's run is for that visitor alone.
    """
    return ATTACHED if client in (OWNER, run.client) else f"{ATTACHED}-{client}"


def kept(store: Store, run: Run, client: str) -> Mapping[str, Any]:
    """What a client measured of a run, else what is kept beside it for all; empty if nothing."""
    own = store.attached(run.id, place(run, client))
    found = own or store.attached(run.id, ATTACHED)
    return found if isinstance(found, Mapping) else {}


@dataclass(frozen=True)
class Asked:
    """A checked wish: the run, its model and task, and what is tried."""

    run: Run
    setup: Setup
    grid: Grid


def asked(request: Mapping[str, Any], home: Path) -> Asked:
    """The wish of a request, checked without starting anything.

    Args:
        request: ``run`` (an id) and ``grid`` (lists by name; left out: the suggested one).
        home: ``WORKBENCH_HOME``.

    Raises:
        BadInput: for a run that is not there or not done, and for a grid that cannot be measured.
    """
    run_id = request.get("run")
    if not isinstance(run_id, str):
        raise no_run(str(run_id))
    run = Store(home).run(run_id)
    if run.status != "done":
        wanted = "a run that is done"
        raise BadInput(f"run {run.id} ({run.status})", wanted, "choose another run")
    runtime = run.recipe["runtime"]
    given = request.get("grid")
    grid = suggested(runtime, environment().threads) if given is None else Grid.from_json(given)
    settings(runtime, grid)  # refuses what the runtime has not
    return Asked(run, prepare(run.model, run.task, home), grid)


def operate(desk: Desk, request: Mapping[str, Any]) -> dict[str, Any]:
    """Measure the grid of a checked request; after every round the points are kept.

    Raises:
        HostFailed: if the model cannot be measured with any setting.
        Cancelled: when asked to stop; whole rounds are kept.
    """
    wish = asked(request, desk.home)
    own = desk.home / "runs" / wish.run.id / "artifact"
    side = Side(own if own.is_dir() else wish.setup.folder, wish.run.recipe["runtime"])
    stamp, name = asdict(environment()), place(wish.run, desk.client)

    failed: list[dict[str, Any]] = []

    def keep(points: tuple[Point, ...]) -> None:
        told = [{k: v for k, v in p.to_json().items() if k != "launches"} for p in points]
        found = {"points": told, "failed": failed, "environment": stamp}
        desk.store.attach(wish.run.id, name, found)

    points = operating_points(
        side,
        wish.setup.task.rows(wish.run.split).texts,
        wish.grid,
        on_progress=lambda done, total: desk.stage("operating", done, total),
        on_round=keep,
        on_failure=lambda one: failed.append(one.to_json()),
        cancelled=desk.cancelled,
        quick=bool(os.environ.get(FAST)),
    )
    return {"run": wish.run.id, "points": len(points)}
