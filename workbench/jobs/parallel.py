"""How many worker processes pay for a model that writes: measured, the point named."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput
from workbench.jobs import room, writing
from workbench.jobs.desk import Desk
from workbench.jobs.limits import WORKERS
from workbench.jobs.narrow import narrowed
from workbench.measure import Side
from workbench.measure.parallel import scaling, stops_paying
from workbench.recipes.recipe import Recipe

PROMPTS = ["The", "In the morning", "On Friday the", "At the end of the day"]
COUNTS = [1, 2]
TOKENS = 64  # of a request


def asked(request: Mapping[str, Any], home: Path) -> dict[str, Any]:
    """A request, checked, with what was left out filled in.

    Args:
        request: as ``writing.asked`` has it, with ``counts``: numbers of worker processes.
        home: ``WORKBENCH_HOME``.

    Raises:
        BadInput: as ``writing.asked`` does, or for counts that are none.
    """
    given = {"prompts": PROMPTS, "counts": COUNTS, **request}
    counts = given.pop("counts")
    whole = isinstance(counts, list) and all(type(x) is int and 1 <= x <= WORKERS for x in counts)
    if not whole or not counts:
        wanted = f"whole numbers from 1 to {WORKERS}"
        raise BadInput(f"counts {counts!r:.80}", wanted, "give some, such as 1,2,4")
    return {**writing.asked(given, home), "counts": counts}


def scale(desk: Desk, request: Mapping[str, Any]) -> dict[str, Any]:
    """Measure it.

    Returns:
        ``{"points", "paying"}``: records of ``measure.parallel`` as plain data.

    Raises:
        BadInput: if there is no room for so many.
        HostFailed: if a worker ends.
        Cancelled: when asked to stop.
    """
    from workbench import models

    recipe, prompts = Recipe.from_json(request["recipe"]), list(request["prompts"])
    anatomy = models.anatomy(models.folder(request["model"], desk.home))
    one = room.of_writing(anatomy, 1, max(map(len, prompts)) + TOKENS, recipe)
    # GPUs are dealt out in turn, and hold less than all workers together
    room.check(room.Need(one.memory * max(request["counts"]), one.disk, one.gpu), desk.home)
    folder = narrowed(desk, request["model"], recipe, request.get("task", ""))
    points = scaling(
        Side(folder, recipe.to_json()["runtime"]),
        prompts,
        request["counts"],
        tokens=TOKENS,
        on_progress=lambda done, total: desk.stage("parallel", done, total),
        cancelled=desk.cancelled,
    )
    paying = stops_paying(points)
    return {"points": [point.to_json() for point in points], "paying": paying.to_json()}
