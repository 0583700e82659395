"""One recipe on one model and task: made, measured against its reference, kept."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from workbench.core.errors import Cancelled
from workbench.core.records import Estimate, Run, content_hash
from workbench.jobs import failed, room
from workbench.jobs.desk import Desk
from workbench.jobs.making import made
from workbench.jobs.meters import meter
from workbench.jobs.packed import packed
from workbench.jobs.setup import Setup, compared_with, reference_recipe
from workbench.measure import HostFailed, Side, environment
from workbench.recipes.plan import Plan, plan
from workbench.recipes.recipe import Recipe
from workbench.store import disk_error, scratch

NONE: Mapping[str, Estimate] = {}


class Bench:
    """Measures recipes of one model on one split of a task.

    Args:
        desk: the job's surroundings.
        setup: the model and the task.
        split: ``validation`` or ``test``.
    """

    def __init__(self, desk: Desk, setup: Setup, split: str) -> None:
        self._desk, self._setup, self._split = desk, setup, split
        self._plain = compared_with(setup, desk.store)
        self._environment = asdict(environment())
        self._rows = setup.task.rows(split)
        self._meter = meter(setup.task, split, desk)

    def key(self, recipe: Recipe) -> str:
        """What a run of this recipe depends on, hashed."""
        setup = self._setup
        identity = (setup.fingerprint, setup.task.fingerprint, self._split)
        return content_hash(*identity, recipe.to_json(), self._environment)

    @property
    def origin(self) -> tuple[Any, ...]:
        """What the steps of every recipe depend on besides each other."""
        return self._setup.fingerprint, self._setup.task.fingerprint, self._environment

    def ended(self, recipe: Recipe) -> Run | None:
        """The run of a recipe that this job saved before it was interrupted, however it ended."""
        return self._desk.store.find(self._desk.run_id(self.key(recipe)))

    def done(self, recipe: Recipe) -> Run | None:
        """The newest run of this content that is done, whoever asked for it."""
        return self._desk.store.done(self.key(recipe))

    def measure_once(self, recipe: Recipe) -> Run:
        """As ``measure``; the plain model is the reference itself, not compared with itself."""
        alone = self._plain is self._setup
        if not alone or recipe != reference_recipe(recipe, self._setup.anatomy.format):
            return self.measure(recipe)
        run = self._new(recipe)
        try:
            return self.reference(recipe, run.id)
        except Cancelled:
            raise
        except Exception as err:
            return self._failed(run, err)

    def measure(self, recipe: Recipe) -> Run:
        """Measure a recipe now; what goes wrong with it becomes a failed run.

        Raises:
            Cancelled: when asked to stop; the run is kept as cancelled.
        """
        run = self._new(recipe)
        try:
            planned = plan(recipe, self._setup.anatomy)
            self._room(planned, recipe)
            self._desk.run(run)  # before the reference, which may take the worker with it
            reference = self.reference(recipe)
            run = replace(run, reference=reference.id)
            self._desk.run(run)
            with _workspace(self._desk.home) as workspace:
                return self._measured(run, recipe, planned, reference, workspace)
        except Cancelled:
            self._keep(replace(run, status="cancelled"))
            raise
        except Exception as err:
            return self._failed(run, err)

    def _room(self, planned: Plan, recipe: Recipe) -> None:
        """See that this machine has room for it."""
        room.check(room.of_recipe(planned, self._setup.anatomy, recipe), self._desk.home)

    def _failed(self, run: Run, err: Exception) -> Run:
        """Whatever an engine raised is this run's failure; a full disk is everybody's."""
        if disk_error(err, self._desk.home):
            raise err
        return self._keep(replace(run, status="failed", error=failed.told(err, self._desk.home)))

    def _new(self, recipe: Recipe, run_id: str | None = None) -> Run:
        key = self.key(recipe)
        return Run(
            id=run_id or self._desk.run_id(key),
            key=key,
            status="running",
            model=self._setup.model,
            task=self._setup.task.id,
            split=self._split,
            recipe=recipe.to_json(),
            environment=self._environment,
            created=time.time(),
            client=self._desk.client,
        )

    def _measured(
        self, run: Run, recipe: Recipe, planned: Plan, reference: Run, workspace: Path
    ) -> Run:
        folder, took = made(planned, self._setup, self._desk, workspace, self.origin)
        making = _seconds(took) if planned.steps else {}
        candidate = Side(folder, run.recipe["runtime"])
        beside = Side(self._plain.folder, reference.recipe["runtime"])

        def show(measured: Any) -> None:
            judged = self._meter.judged(measured, reference)
            self._desk.run(replace(run, **self._told(measured, planned, judged, making)))
            self._desk.stage("launch", len(measured.launches), self._meter.launches)

        self._desk.stage("launch", 0, self._meter.launches)
        measured = self._meter.compare(beside, candidate, reference, show)
        judged = self._meter.judged(measured, reference)
        told = self._told(measured, planned, judged, {**making, **packed(recipe, folder)})
        done = replace(run, status="done", artifact=f"runs/{run.id}/artifact", **told)
        kept = self._keep(done, measured, folder)
        self._explain(kept)
        return kept

    def reference(self, recipe: Recipe, run_id: str | None = None) -> Run:
        """The plain model on as many threads: from the store, or measured first.

        Args:
            recipe: any recipe.
            run_id: where the reference is itself a point of the job, that point's id.

        Raises:
            HostFailed: if it cannot be measured.
            Cancelled: when asked to stop.
        """
        if self._plain is not self._setup:
            return Bench(self._desk, self._plain, self._split).reference(recipe)
        plain = reference_recipe(recipe, self._setup.anatomy.format)
        known = self._desk.store.reference(self.key(plain))
        if known is not None:
            return known
        planned = plan(plain, self._setup.anatomy)
        self._room(planned, plain)
        run = self._new(plain, run_id or uuid4().hex)
        self._desk.run(run)
        side = Side(self._setup.folder, run.recipe["runtime"])
        self._desk.stage("reference", 0, 0)
        measured = self._meter.alone(side)
        told = self._told(measured, planned, self._meter.judged(measured))
        artifact = f"models/{self._setup.model}" if self._setup.tuned else None
        kept = self._keep(replace(run, status="done", artifact=artifact, **told), measured)
        self._explain(kept)
        return kept

    def _explain(self, run: Run) -> None:
        """Profile a run that is saved already: what goes wrong here costs only the explanation."""
        own = self._desk.home / "runs" / run.id / "artifact"
        side = Side(own if own.is_dir() else self._setup.folder, run.recipe["runtime"])
        with suppress(HostFailed, Cancelled, OSError):
            self._meter.explain(run, side)

    def _told(
        self, measured: Any, planned: Plan, judged: Any, making: Mapping[str, Estimate] = NONE
    ) -> dict[str, Any]:
        size = float(planned.size_bytes)
        exact = Estimate(size, size, size, 1, "B", 1.0, "exact")
        found, said = judged
        fast, faster = self._meter.speed(measured)
        return {
            "metrics": {**found, **fast, "size": exact, **making},
            "verdicts": {**said, **faster},
            "launches": measured.launches,
        }

    def _keep(self, run: Run, measured: Any = None, folder: Path | None = None) -> Run:
        inside = folder if folder is not None and folder != self._setup.folder else None
        if inside is None and run.artifact == f"runs/{run.id}/artifact":
            run = replace(run, artifact=f"models/{run.model}" if self._setup.tuned else None)
        self._meter.keep(run, measured, inside)
        self._desk.run(run)
        return run


def _seconds(taken: float) -> dict[str, Estimate]:
    """How long techniques and exports took, once."""
    return {"making": Estimate(taken, taken, taken, 1, "s", 1.0)}


class _workspace:
    """A folder that is gone afterwards; after a kill the next start of the store sweeps it."""

    def __init__(self, home: Path) -> None:
        self._folder = scratch(home / "runs")

    def __enter__(self) -> Path:
        self._folder.mkdir(parents=True)
        return self._folder

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            shutil.rmtree(self._folder)
