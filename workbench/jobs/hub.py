"""What the job server has in hand, and who may see what of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.core.records import Job, Run
from workbench.jobs import limits
from workbench.jobs.book import Book
from workbench.jobs.clients import OWNER
from workbench.jobs.crew import Worker, devices
from workbench.store import Store


class Hub:
    """Everything the server has: the book, the store, the workers and who follows."""

    def __init__(self, folder: Path, token: str) -> None:
        self.home, self.token = folder, token
        self.book = Book(folder / "jobs")
        self.store = Store(folder)
        self.wake = asyncio.Event()
        self.followers: dict[asyncio.Queue[Mapping[str, Any] | None], str] = {}
        self.touched = time.monotonic()
        self._checks = 0  # wishes that are being checked, which may take minutes
        self.workers = [Worker(d, self.book, self.store, self.publish) for d in devices()]

    def publish(self, event: Mapping[str, Any]) -> None:
        """Put an event into every follower's queue, as far as it may see it."""
        for queue, client in tuple(self.followers.items()):
            seen = visible(event, client, self.book)
            if seen is None:
                continue
            if queue.qsize() >= limits.BACKLOG:
                del self.followers[queue]
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(None)  # it will connect again and read the lists anew
            else:
                queue.put_nowait(seen)

    @contextmanager
    def checking(self) -> Iterator[None]:
        """While a wish is checked the server is not idle."""
        self._checks += 1
        try:
            yield
        finally:
            self._checks -= 1
            self.touched = time.monotonic()

    @property
    def idle_s(self) -> float:
        """Seconds since anything was wanted of the server."""
        working = self._checks or any(worker.job for worker in self.workers)
        if working or self.followers or self.book.queue.waiting():
            self.touched = time.monotonic()
        return time.monotonic() - self.touched


WRITTEN = "generate"  # the kind of jobs whose prompts and texts are nobody else's


def visible(event: Mapping[str, Any], client: str, book: Book) -> Mapping[str, Any] | None:
    """What a client may see of an event: its own, the owner's, and that others wait."""
    if event["type"] == "job":
        return {"type": "job", "job": masked(Job.from_json(event["job"]), client).to_json()}
    if event["type"] == "run":
        return event if sees(Run.from_json(event["run"]), client) else None
    owner = book.jobs[event["job"]].client if event.get("job") in book.jobs else OWNER
    if event["type"] == "text":  # what is written is for whoever asked
        return event if client == owner else None
    return event if client in (OWNER, owner) or owner == OWNER else None


def sees(run: Run, client: str) -> bool:
    """What is listed: to the owner every run; to a visitor the owner's and its own."""
    return client == OWNER or run.client in (OWNER, client)


def unsigned(run: Run, client: str) -> Run:
    """A run as whoever has its id may see it: another visitor's id stays that visitor's."""
    return run if sees(run, client) else replace(run, client="")


def masked(job: Job, client: str) -> Job:
    """Another's job: that it waits or runs, not what it asks, nor what was written for it."""
    shared = OWNER in (client, job.client) and job.kind != WRITTEN
    if client == job.client or shared:
        return job
    return replace(job, client="", request={}, result=None, error=None, stage="")
