"""The server's book: every job and its state, kept on disk, so that a restart loses none."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from workbench.core.errors import BadInput
from workbench.core.records import Job
from workbench.jobs.queue import FairQueue
from workbench.store.disk import note
from workbench.store.files import make, sweep, write_json

KEPT = 200  # ended jobs that stay listed
MOST_STARTS = 5  # of one job by servers that ended before anything came of it
ENDED = ("done", "failed", "cancelled")


def no_job(job_id: str) -> BadInput:
    """Why a job cannot be told of."""
    return BadInput(f"job {job_id!r:.80}", "the id of a job", "list them with workbench jobs")


@dataclass
class Entry:
    """What the book keeps of a job besides the job.

    Args:
        number: its place in the order of asking, which no clock can turn round.
        secret: the ids of its runs follow from this: what it saved is known after a restart.
        starts: how often it was begun since anything came of it.
        stop: whether somebody asked to cancel it.
    """

    number: int
    secret: str
    starts: int = 0
    stop: bool = False


class Book:
    """Jobs by id, with the queue of those that wait.

    Args:
        folder: one JSON file per job; what was waiting or running in it waits again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        make(folder)
        sweep(folder)
        self.queue = FairQueue()
        self.jobs: dict[str, Job] = {}
        self._entries: dict[str, Entry] = {}
        self._owed: set[str] = set()  # jobs whose file the disk refused to change
        found = sorted(self._read(), key=lambda each: (each[1].number, each[0].created))
        for job, entry in found:
            self.jobs[job.id], self._entries[job.id] = job, entry
            if job.status not in ENDED:
                self._resume(job, entry)
        self._forget()

    def _resume(self, job: Job, entry: Entry) -> None:
        """Let a job wait again, unless it was to stop, or takes every server down with it."""
        if entry.stop:
            self.change(job.id, status="cancelled")
        elif entry.starts >= MOST_STARTS:
            value = f"job {job.id}, during which the job server ended {entry.starts} times"
            error = BadInput(value, "a server that lives to its end", "try a smaller model")
            self.change(job.id, status="failed", error=error.to_json())
        else:
            job = replace(job, status="queued", stage="", done=0, total=0, seconds_left=None)
            self.jobs[job.id] = job
            self.queue.add(job)

    def known(self, job_id: str, client: str) -> Job | None:
        """The job that a client has asked for under an id, if it has.

        Raises:
            BadInput: if another client has: nobody gets a job by its id.
        """
        job = self.jobs.get(job_id)
        if job is not None and job.client != client:
            raise BadInput(f"job {job_id!r}", "a job of your own", "ask who started it")
        return job

    def submit(self, kind: str, client: str, request: Mapping[str, Any], job_id: str = "") -> Job:
        """Write a job down and put it in the queue; when this returns it survives a crash.

        Args:
            kind: of work.
            client: who asks.
            request: as ``check_request`` gave it back.
            job_id: made by the client, so that a wish that it sends twice is one job.

        Raises:
            BadInput: if too many are waiting, or the id is that of another client's job.
            OSError: if it cannot be written down; it is then not in the queue.
        """
        if (job := self.known(job_id, client)) is not None:
            return job
        self.queue.admit(client)
        job = Job(job_id or uuid4().hex, kind, client, dict(request), created=time.time())
        last = max((entry.number for entry in self._entries.values()), default=0)
        self._write(job, Entry(last + 1, uuid4().hex))
        self.queue.add(job)
        self._forget()
        return job

    def take(self) -> Job | None:
        """The next job, now running."""
        job = self.queue.take()
        if job is None:
            return None
        self._entries[job.id].starts += 1
        return self.change(job.id, status="running")

    def put_back(self, job_id: str) -> Job:
        """Let a job that gave way to others wait for its next turn."""
        job = self.change(job_id, status="queued", stage="", done=0, total=0, seconds_left=None)
        self.queue.put_back(job)
        return job

    def secret(self, job_id: str) -> str:
        """What the ids of a job's runs follow from."""
        return self._entries[job_id].secret

    def progress(self, job_id: str) -> None:
        """Something came of a job: it may be begun again as often as ever."""
        if self._entries[job_id].starts:
            self._entries[job_id].starts = 0
            self._keep(self.jobs[job_id])

    def stop(self, job_id: str) -> None:
        """Remember that a job is to stop, should the server end before it does."""
        self._entries[job_id].stop = True
        self._keep(self.jobs[job_id])

    def change(self, job_id: str, **fields: Any) -> Job:
        """Replace some fields; progress is not worth a write, another status is."""
        job = self.jobs[job_id] = replace(self.jobs[job_id], **fields)
        if "status" in fields:
            self._keep(job)
        return job

    def _keep(self, job: Job) -> None:
        """Write a job's file, or owe it until the disk has room again.

        Nothing is lost meanwhile: a job that is begun again finds the runs that it saved.
        """
        self._owed.add(job.id)
        try:
            for owed in tuple(self._owed):
                self._write(self.jobs[owed], self._entries[owed])
                self._owed.discard(owed)
        except OSError as err:
            note(f"job {job.id} is not written down yet: {err}")

    def _write(self, job: Job, entry: Entry) -> None:
        write_json(self._folder / f"{job.id}.json", {**job.to_json(), "book": vars(entry)})
        self.jobs[job.id], self._entries[job.id] = job, entry

    def find(self, job_id: str) -> Job:
        """One job.

        Raises:
            BadInput: if there is none of that id.
        """
        if job_id not in self.jobs:
            raise no_job(job_id)
        return self.jobs[job_id]

    def listed(self) -> tuple[Job, ...]:
        """All jobs, oldest first; those that wait know how many go first."""
        ahead = {job.id: job.ahead for job in self.queue.waiting()}
        return tuple(replace(job, ahead=ahead.get(job.id, 0)) for job in self.jobs.values())

    def _read(self) -> list[tuple[Job, Entry]]:
        found = []
        for path in self._folder.glob("*.json"):
            try:
                data = json.loads(path.read_text(encoding="utf-8"))
                entry = Entry(**data.get("book", {"number": 0, "secret": uuid4().hex}))
                job = Job.from_json(data)
                (entry.number + entry.starts, job.created + 0.0, dict(job.request))
            except (OSError, ValueError, TypeError, AttributeError):
                continue  # no job of ours, or of a later schema: left alone
            if path.stem == job.id:
                found.append((job, entry))
        return found

    def _forget(self) -> None:
        ended = [job for job in self.jobs.values() if job.status in ENDED]
        for job in ended[:-KEPT]:
            del self.jobs[job.id], self._entries[job.id]
            self._owed.discard(job.id)
            try:
                (self._folder / f"{job.id}.json").unlink(missing_ok=True)
            except OSError as err:
                note(f"job {job.id} stays on disk: {err}")
