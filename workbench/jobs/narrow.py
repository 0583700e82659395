"""A model that writes, compressed as a recipe says, kept for the next prompt."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from workbench.core.errors import BadInput
from workbench.core.records import content_hash
from workbench.jobs.chat import spoken
from workbench.jobs.desk import Desk
from workbench.jobs.limits import NARROWED
from workbench.jobs.making import learns, made
from workbench.jobs.setup import Setup
from workbench.recipes.plan import plan
from workbench.recipes.recipe import Recipe
from workbench.store import replacing, scratch
from workbench.tasks.task import Rows, Task


def narrowed(desk: Desk, model: str, recipe: Recipe, task: str) -> Path:
    """The folder of a model after a recipe: made once, in ``cache/writers``.

    Args:
        desk: the job's surroundings.
        model: its id.
        recipe: what is asked for.
        task: whose training rows are learnt from; that of the model's card if empty.

    Raises:
        BadInput: naming the step that failed, or if there is nothing to learn from.
        Cancelled: when asked to stop.
    """
    from workbench import models

    folder = models.folder(model, desk.home)
    anatomy, print_ = models.anatomy(folder), models.fingerprint(folder)
    planned = plan(recipe, anatomy)
    if not planned.steps:
        return folder
    found = spoken(_task(task or models.find(model, desk.home).task, learns(planned)), folder)
    key = content_hash(print_, found.fingerprint if learns(planned) else "", recipe.to_json())
    place = desk.home / "cache" / "writers" / key
    if not place.is_dir():
        workspace = scratch(desk.home / "runs")
        workspace.mkdir(parents=True)
        try:
            setup = Setup(model, folder, found, anatomy, print_)
            artifact, _ = made(planned, setup, desk, workspace, (print_, found.fingerprint))
            with suppress(FileExistsError), replacing(place) as new:
                shutil.move(artifact, new)
        finally:
            shutil.rmtree(workspace, ignore_errors=True)
        others = sorted(place.parent.glob("[!.]*"), key=lambda x: x.stat().st_mtime)
        for old in others[:-NARROWED]:
            shutil.rmtree(old, ignore_errors=True)
    os.utime(place)
    return place


def _task(name: str, needed: bool) -> Task:
    """What is learnt from; one without rows where nothing is.

    Raises:
        BadInput: if something is to be learnt and no task is named.
    """
    from workbench import tasks

    if needed and not name:
        told, wanted = "a recipe that learns", "a task whose training rows it learns from"
        raise BadInput(told, wanted, "name one with --task, or leave that technique out")
    if needed:
        return tasks.find(name)
    return Task("", "", (), (), "", lambda _: Rows(()), kind="generation")
