"""Slow steps are kept: a recipe that begins as an earlier one did goes on from there."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from workbench.core.artifact import Artifact
from workbench.core.errors import BadInput
from workbench.core.records import content_hash
from workbench.formats import load, save
from workbench.jobs import limits
from workbench.recipes.plan import Step
from workbench.store import disk_error, note, replacing

WORTH_S = 10.0  # a step that took longer is kept; an export never does


class Made(NamedTuple):
    """What the first steps made, and how long that took when it was done."""

    steps: int
    artifact: Artifact
    seconds: float


class Stages:
    """Artifacts between the steps of recipes, in ``cache/stages``.

    Args:
        home: ``WORKBENCH_HOME``.
        identity: what every step depends on besides those before it.
    """

    def __init__(self, home: Path, *identity: Any) -> None:
        self._folder = home / "cache" / "stages"
        self._identity = identity

    def furthest(self, steps: Sequence[Step]) -> Made | None:
        """The longest beginning of ``steps`` that is kept and can be read."""
        for count in range(len(steps), 0, -1):
            place = self._place(steps[:count])
            with suppress(OSError, ValueError, KeyError, BadInput):  # gone or damaged: made anew
                seconds = float(json.loads((place / "made.json").read_text())["seconds"])
                found = load(place / "artifact")
                os.utime(place)
                return Made(count, found, seconds)
        return None

    def keep(self, steps: Sequence[Step], artifact: Artifact, seconds: float) -> None:
        """Keep what ``steps`` made in so many seconds; a full disk is no reason to fail."""
        place = self._place(steps)
        try:
            with suppress(FileExistsError), replacing(place) as new:
                new.mkdir(parents=True)
                save(artifact, new / "artifact")
                (new / "made.json").write_text(json.dumps({"seconds": seconds}))
        except Exception as err:  # libraries have errors of their own for a full disk
            told = disk_error(err, self._folder)
            if told is None:
                raise
            note(str(told))
        for old in sorted(self._folder.glob("[!.]*"), key=_used)[: -limits.STAGES]:
            shutil.rmtree(old, ignore_errors=True)

    def _place(self, steps: Sequence[Step]) -> Path:
        told = [(s.name, s.source, s.target, s.config and asdict(s.config)) for s in steps]
        return self._folder / content_hash(*self._identity, told)


def _used(place: Path) -> float:
    with suppress(OSError):
        return place.stat().st_mtime
    return 0.0
