"""What every step of a job works with: where to keep things, whom to tell, when to stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from workbench.core.records import Run
from workbench.store import Store

Emit = Callable[[Mapping[str, Any]], None]
EVERY_S = 0.2  # progress within one stage is told at most this often


@dataclass
class Desk:
    """The surroundings of one job.

    Args:
        job: its id.
        client: who asked for it.
        home: ``WORKBENCH_HOME``.
        store: where runs are kept.
        emit: called with every event.
        cancelled: answers True once the job should stop.
        secret: of the job; the ids of its runs follow from it.
        point: which recipe of how many is at work.
    """

    job: str
    client: str
    home: Path
    store: Store
    emit: Emit
    cancelled: Callable[[], bool]
    secret: str
    point: tuple[int, int] = (0, 1)
    _told: tuple[str, float] = field(default=("", 0.0), repr=False)
    _since: float = field(default=0.0, repr=False)

    def stage(self, name: str, done: int = 0, total: int = 0) -> None:
        """Tell what is being done, how far it is, and how long it will probably take."""
        now = time.monotonic()
        if name != self._told[0]:
            self._since = now
        elif now - self._told[1] < EVERY_S and done < total:
            return
        self._told = (name, now)
        left = (now - self._since) / done * (total - done) if 0 < done <= total else None
        event = {"type": "job", "job": self.job, "stage": name, "done": done, "total": total}
        self.emit({**event, "seconds_left": left})

    def loss(self, step: int, value: float, accuracy: float | None) -> None:
        """Tell the loss of a training step."""
        event = {"type": "loss", "job": self.job, "step": step, "loss": value}
        self.emit({**event, "accuracy": accuracy})

    def text(self, pieces: list[str]) -> None:
        """Tell what was written since, a piece for each prompt."""
        self.emit({"type": "text", "job": self.job, "pieces": pieces})

    def run(self, run: Run) -> None:
        """Tell about a run, finished or provisional."""
        self.emit({"type": "run", "job": self.job, "run": run.to_json()})

    def run_id(self, key: str) -> str:
        """The id of this job's run of a content: the same when the job is begun again.

        So a run that was saved before a crash is found, and no run is kept twice. Nobody else can
        guess it: jobs are listed to all, their secrets to none.
        """
        return sha256(f"{self.secret}/{key}".encode()).hexdigest()[:32]
