"""A client that does the work itself, in this process: for tests and short scripts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from workbench.core.client import Listener
from workbench.core.errors import Cancelled
from workbench.core.records import Job, Run
from workbench.jobs import failed, views
from workbench.jobs.client import Verbs
from workbench.jobs.clients import OWNER
from workbench.jobs.letter import located
from workbench.jobs.request import check_request
from workbench.store import Store


class InlineClient(Verbs):
    """Runs a job when it is submitted; ``submit`` returns when it has ended.

    Args:
        home: ``WORKBENCH_HOME``.
    """

    def __init__(self, home: Path) -> None:
        self.home, self.id = home, OWNER
        self._jobs: dict[str, Job] = {}
        self._listeners: list[Listener] = []

    def submit(self, kind: str, request: Mapping[str, Any]) -> Job:
        """Do the work now."""
        from workbench.jobs.execute import Asked, perform

        checked = check_request(kind, located(request), self.home)
        job = Job(uuid4().hex, kind, self.id, checked, "running", created=time.time())
        try:
            asked = Asked(lambda: False, lambda: False, uuid4().hex)
            result = perform(job, self.home, lambda event: self._pass_on(job, event), asked)
            ended = replace(job, status="done", result=result)
        except Cancelled:
            ended = replace(job, status="cancelled")
        except Exception as err:
            ended = replace(job, status="failed", error=failed.told(err, self.home))
        self._jobs[job.id] = ended
        self._tell({"type": "job", "job": ended.to_json()})
        return ended

    def wait(self, job: Job, listener: Listener | None = None) -> Job:
        """The job as it ended."""
        return self._jobs[job.id]

    def jobs(self) -> tuple[Job, ...]:
        """Jobs done here."""
        return tuple(self._jobs.values())

    def cancel(self, job: str) -> None:
        """Nothing: a job here has ended before anybody could ask."""

    def runs(self) -> tuple[Run, ...]:
        """Runs in the store."""
        return Store(self.home).runs()

    def recorded(self, run: str) -> Run:
        """A run in the store."""
        return Store(self.home).run(run)

    def flips(self, run: str, against: str = "") -> Mapping[str, Any]:
        """Which answers changed between two runs in the store."""
        return views.flips(Store(self.home), run, against)

    def why(self, run: str) -> Mapping[str, Any]:
        """Where the time of a run in the store goes, and why."""
        return views.why(Store(self.home), run)

    def limits(self) -> Mapping[str, float]:
        """The least times of the runs in the store."""
        found: dict[str, float] = views.limits(Store(self.home))["limits"]
        return found

    def follow(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with every event, while ``submit`` runs."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _done(self, kind: str, asked: Mapping[str, Any], listener: Listener | None) -> Job:
        stop = self.follow(listener) if listener is not None else None
        try:
            return self.submit(kind, asked)
        finally:
            if stop is not None:
                stop()

    def _pass_on(self, job: Job, event: Mapping[str, Any]) -> None:
        """A stage becomes the whole job, as the server tells it."""
        if event["type"] == "job":
            told = {name: event[name] for name in ("stage", "done", "total", "seconds_left")}
            event = {"type": "job", "job": replace(job, **told).to_json()}
        self._tell(event)

    def _tell(self, event: Mapping[str, Any]) -> None:
        for listener in tuple(self._listeners):
            listener(event)
