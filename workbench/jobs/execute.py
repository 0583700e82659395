"""The one place that composes models, tasks, training, techniques, runtimes and measurement."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from workbench.core.errors import Cancelled
from workbench.core.records import Job, Run
from workbench.jobs import kept, room
from workbench.jobs.chat import spoken
from workbench.jobs.desk import Desk, Emit
from workbench.jobs.meters import FAST, Writing
from workbench.jobs.operating import operate
from workbench.jobs.parallel import scale
from workbench.jobs.point import Bench
from workbench.jobs.setup import prepare, register
from workbench.jobs.views import CEILING
from workbench.jobs.writing import write
from workbench.measure import Side
from workbench.recipes.grid import expand
from workbench.recipes.recipe import Recipe
from workbench.store import Store, write_json
from workbench.tasks import Task


class GaveWay(Exception):
    """A sweep paused between two points because others wait; begun again, it goes on there."""


@dataclass(frozen=True)
class Asked:
    """What is asked of a job while it runs.

    Args:
        to_stop: answers True once it should stop.
        to_give_way: answers True while others wait for their turn.
        secret: of the job; begun again with the same, it keeps what it has saved.
    """

    to_stop: Callable[[], bool]
    to_give_way: Callable[[], bool]
    secret: str


def perform(job: Job, home: Path, emit: Emit, told: Asked) -> dict[str, Any]:
    """Do a job to its end.

    Args:
        job: its request as ``check_request`` gave it back.
        home: ``WORKBENCH_HOME``.
        emit: called with every event; ``core.client.Client.follow`` lists them.
        told: what is asked of it meanwhile.

    Returns:
        ``{"runs": [ids]}``; ``{"id", "metrics", "seconds"}`` for a tuning; ``{"ceiling"}``;
        ``{"run", "points"}`` for a grid of operating points; as ``writing.write`` and
        ``parallel.scale`` tell it.

    Raises:
        BadInput: if the request cannot be carried out.
        Cancelled: when asked to stop; runs that were finished are kept.
        GaveWay: when asked to give way; likewise.
    """
    register()
    desk = Desk(job.id, job.client, home, Store(home), emit, told.to_stop, told.secret)
    asked = job.request
    if job.kind == "generate":
        return write(desk, asked)
    kept.rest()  # whatever is timed now shall have the machine for itself
    if job.kind == "tune":
        return _tune(desk, asked["model"], asked)
    if job.kind == "ceiling":
        return _ceiling(desk, asked["threads"], asked["device"])
    if job.kind == "parallel":
        return scale(desk, asked)
    if job.kind == "operating":
        return operate(desk, asked)
    model = asked["model"]
    if asked.get("tune"):
        model = _tune(desk, model, {**asked, "mode": asked["tune"]})["id"]
    bench = Bench(desk, prepare(model, asked["task"], home), asked["split"])
    if job.kind == "run":
        recipe = Recipe.from_json(asked["recipe"])
        return {"runs": [(bench.ended(recipe) or bench.measure(recipe)).id]}
    return {"runs": [run.id for run in _sweep(desk, bench, expand(asked["grid"]), told)]}


def _sweep(desk: Desk, bench: Bench, recipes: tuple[Recipe, ...], told: Asked) -> list[Run]:
    """Measure every recipe that is not in the store yet; a point that fails does not stop it."""
    found, measured = [], 0
    for number, recipe in enumerate(recipes):
        if desk.cancelled():
            raise Cancelled
        desk.point = (number, len(recipes))
        known = bench.ended(recipe) or bench.done(recipe)
        if known is None and measured and told.to_give_way():
            raise GaveWay  # at least one point a turn, or it would never end
        measured += known is None
        found.append(known or bench.measure_once(recipe))
    return found


def _ceiling(desk: Desk, threads: int, device: str) -> dict[str, Any]:
    """Measure what the machine could do at best, and keep it in the cache."""
    from workbench.measure import environment
    from workbench.measure.ceiling import ceiling, key

    desk.stage("ceiling", 0, 0)
    quick = bool(os.environ.get(FAST))
    found = ceiling(threads, device=device, quick=quick, cancelled=desk.cancelled)
    name = CEILING.format(key=key(asdict(environment()), threads, device))
    write_json(desk.home / "cache" / name, found.to_json())
    return {"ceiling": found.to_json()}


def _tune(desk: Desk, model: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    from workbench import models, tasks
    from workbench.measure import quality
    from workbench.models.baseline import BASELINE
    from workbench.training import fit
    from workbench.training.baseline import fit_baseline
    from workbench.training.fit import Follow
    from workbench.training.full import FullSettings
    from workbench.training.keras import EPOCHS, fit_keras
    from workbench.training.networks import LARGEST, NETWORKS

    task = tasks.find(asked["task"])
    follow = Follow(desk.stage, desk.loss, desk.cancelled)

    def score(logits: Any, labels: Any) -> dict[str, Any]:
        return {name: value.to_json() for name, value in quality(logits, labels)[0].items()}

    if model == BASELINE:
        return _told(fit_baseline(model, task, desk.home, score, follow))
    if model in NETWORKS:
        room.check(room.of_tuning(LARGEST, "full"), desk.home)
        epochs = asked.get("epochs") or EPOCHS
        return _told(fit_keras(model, task, desk.home, score, follow, epochs))
    folder = models.folder(model, desk.home)
    room.check(room.of_tuning(models.anatomy(folder).size_bytes, asked["mode"]), desk.home)
    if task.kind == "generation":
        return _told(_transfer(desk, folder, spoken(task, folder), asked, follow))
    fitted = fit(
        folder,
        model,
        models.fingerprint(folder),
        task,
        asked["mode"],
        desk.home,
        score,
        follow,
        FullSettings(epochs=asked["epochs"]) if asked.get("epochs") else None,
    )
    return _told(fitted)


def _transfer(desk: Desk, folder: Path, task: Task, asked: Mapping[str, Any], follow: Any) -> Any:
    """Train a model that writes further, and judge what became of it on validation."""
    from workbench import models
    from workbench.training.writer import SETTINGS, at_width, fit_writer

    settings = None
    if epochs := asked.get("epochs"):
        settings = at_width(replace(SETTINGS[asked["mode"]], epochs=epochs), folder)
    meter = Writing(task, "validation", desk)

    def judged(made: Path) -> dict[str, Any]:
        found = meter.untimed(Side(made, {"name": "torch", "threads": 1}))[0]
        return {name: value.to_json() for name, value in found.items()}

    print_ = models.fingerprint(folder)
    mode = asked["mode"]
    return fit_writer(
        folder, asked["model"], print_, task, mode, desk.home, judged, follow, settings
    )


def _told(fitted: Any) -> dict[str, Any]:
    return {"id": fitted.id, "metrics": dict(fitted.metrics), "seconds": fitted.seconds}
