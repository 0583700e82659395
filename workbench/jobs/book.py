"""The server's book: every job and its state, kept on disk, so that a restart loses none."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from workbench.core.errors import BadInput
from workbench.core.records import Job
from workbench.jobs.queue import FairQueue
from workbench.store.files import sweep, write_json

KEPT = 200  # ended jobs that stay listed


class Book:
    """Jobs by id, with the queue of those that wait.

    Args:
        folder: one JSON file per job; what was waiting or running in it waits again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)
        self.queue = FairQueue()
        self.jobs: dict[str, Job] = {}
        for job in sorted(self._read(), key=lambda job: job.created):
            self.jobs[job.id] = job
            if job.status in ("queued", "running"):
                self.jobs[job.id] = waiting = replace(job, status="queued", stage="", done=0)
                self.queue.add(waiting)
        self._forget()

    def submit(self, kind: str, client: str, request: Mapping[str, Any]) -> Job:
        """Write a job down and put it in the queue.

        Raises:
            BadInput: if too many are waiting.
        """
        self.queue.admit(client)
        job = Job(uuid4().hex, kind, client, dict(request), created=time.time())
        self.queue.add(job)
        self.keep(job)
        return job

    def take(self) -> Job | None:
        """The next job, now running."""
        job = self.queue.take()
        return self.keep(replace(self.jobs[job.id], status="running")) if job else None

    def requeue(self, job: Job) -> None:
        """Let a job wait again, after its worker died."""
        self.queue.add(self.keep(replace(job, status="queued", stage="", done=0, total=0)))

    def change(self, job_id: str, **fields: Any) -> Job:
        """Replace some fields; progress is not worth a write, the end of a job is."""
        job = replace(self.jobs[job_id], **fields)
        self.jobs[job_id] = job
        return self.keep(job) if "status" in fields else job

    def keep(self, job: Job) -> Job:
        """Write a job's file."""
        self.jobs[job.id] = job
        write_json(self._folder / f"{job.id}.json", job.to_json())
        return job

    def find(self, job_id: str) -> Job:
        """One job.

        Raises:
            BadInput: if there is none of that id.
        """
        if job_id not in self.jobs:
            raise BadInput(f"job {job_id!r}", "the id of a job", "list them with workbench jobs")
        return self.jobs[job_id]

    def listed(self) -> tuple[Job, ...]:
        """All jobs, oldest first; those that wait know how many go first."""
        ahead = {job.id: job.ahead for job in self.queue.waiting()}
        return tuple(replace(job, ahead=ahead.get(job.id, 0)) for job in self.jobs.values())

    def _read(self) -> list[Job]:
        found = []
        for path in self._folder.glob("*.json"):
            try:
                found.append(Job.from_json(json.loads(path.read_text(encoding="utf-8"))))
            except (OSError, ValueError):
                continue  # of a later schema: left alone
        return found

    def _forget(self) -> None:
        ended = [job for job in self.jobs.values() if job.status not in ("queued", "running")]
        for job in ended[:-KEPT]:
            del self.jobs[job.id]
            (self._folder / f"{job.id}.json").unlink(missing_ok=True)
