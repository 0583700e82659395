"""The steps of a recipe, done one after the other; slow ones are kept for the next recipe."""

from __future__ import annotations

import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from workbench.core.artifact import Artifact, Context
from workbench.core.errors import BadInput, Cancelled
from workbench.formats import apart
from workbench.jobs import failed
from workbench.jobs.desk import Desk
from workbench.jobs.setup import Setup
from workbench.jobs.stages import WORTH_S, Stages
from workbench.recipes.plan import Plan
from workbench.recipes.registry import EXPORTS, WAYS
from workbench.store import disk_error, note

CALIBRATION = 256  # texts


def made(
    planned: Plan, setup: Setup, desk: Desk, workspace: Path, origin: tuple[Any, ...]
) -> tuple[Path, float]:
    """Apply a plan to a model.

    Args:
        planned: the steps.
        setup: the model and the task.
        desk: the job's surroundings.
        workspace: an empty folder.
        origin: what the steps depend on besides each other.

    Returns:
        The folder of what came out, and the seconds that it takes in all, kept stages included.

    Raises:
        BadInput: naming the step that failed.
        Cancelled: when asked to stop.
    """
    from workbench.formats import load, save

    if not planned.steps:
        return setup.folder, 0.0
    begun = time.monotonic()
    desk.stage("load", 0, 0)
    artifact = load(setup.folder)
    context = _context(setup, desk, workspace, artifact, planned)
    stages = Stages(desk.home, *origin)
    done, took = 0, time.monotonic() - begun
    if known := stages.furthest(planned.steps):
        done, artifact, took = known
    for number, step in enumerate(planned.steps[done:], done + 1):
        if desk.cancelled():
            raise Cancelled
        desk.stage(step.name, 0, 0)
        begun = time.monotonic()
        artifact = _applied(step, artifact, context, desk.home)
        spent = time.monotonic() - begun
        took += spent
        if spent > WORTH_S:
            stages.keep(planned.steps[:number], artifact, took)
    folder = workspace / "artifact"
    save(artifact, folder)
    apart.rest()
    return folder, took


def _context(
    setup: Setup, desk: Desk, workspace: Path, teacher: Artifact, planned: Plan
) -> Context:
    if setup.task.kind == "generation" and not learns(planned):
        return _followed(desk, Context(workspace=workspace, teacher=teacher))
    rows = setup.task.rows("train")
    chosen = np.random.default_rng(0).permutation(len(rows.texts))[:CALIBRATION]
    behind: tuple[Any, ...] = rows.targets or tuple(int(label) for label in rows.labels)
    context = Context(
        workspace=workspace,
        calibration=tuple(rows.texts[i] for i in chosen),
        training=(rows.texts, behind),
        chat=rows.chat,
        unlabelled=setup.task.unlabelled,
        teacher=teacher,
    )
    return _followed(desk, context)


def _followed(desk: Desk, context: Context) -> Context:
    return replace(context, report=desk.stage, loss=desk.loss, cancelled=desk.cancelled)


def learns(planned: Plan) -> bool:
    """Whether a step looks at training rows: making those of a task may take seconds."""
    apart = {"export", "bf16", "fp16", "fp8", "weight_only"}
    return bool({step.name for step in planned.steps} - apart)


def _applied(step: Any, artifact: Artifact, context: Context, home: Path) -> Artifact:
    """Do one step; a library's own error becomes one that names the step."""
    try:
        if step.config is None:
            return EXPORTS[step.source, step.target](artifact, context)
        return WAYS[step.name, step.source].handler(artifact, step.config, context)
    except (BadInput, Cancelled):
        raise
    except Exception as err:
        if disk_error(err, home):
            raise
        note("".join(traceback.format_exception(err)))
        raise failed.broken(step.name, err) from err
