"""Workers, one per device: given jobs, their events passed on, their death noted."""

from __future__ import annotations

import asyncio
import signal
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from workbench.core.errors import BadInput
from workbench.core.records import Job, Run
from workbench.jobs.book import Book
from workbench.jobs.failed import unexpected
from workbench.jobs.process import Process
from workbench.store import Store, note

Publish = Callable[[Mapping[str, Any]], None]
GRACE_S = 8.0  # after a cancel, before the worker is killed
TIMEOUT_S = 4 * 3600.0  # for one job; a request may ask for less
MOST_DEATHS = 3  # of workers in a row that died over nothing that could be left out


class Worker:
    """One worker process and the job that it has in hand.

    Args:
        device: GPU number, or empty for the processor.
        book: where jobs are written down.
        store: where a crash is recorded.
        publish: called with every event for the followers.
    """

    def __init__(self, device: str, book: Book, store: Store, publish: Publish) -> None:
        self._book, self._store, self._publish = book, store, publish
        self._process = Process(device, store.home)
        self._runs: dict[str, Run] = {}  # under way, in case the worker dies over them
        self._deaths = 0
        self._cancelled = False
        self.job: Job | None = None

    async def work(self, wake: asyncio.Event) -> None:
        """Take jobs for ever; whatever goes wrong with one, the next is taken."""
        while True:
            self.job = job = self._book.take()
            if job is None:
                wake.clear()
                await wake.wait()
                continue
            self._runs, self._deaths, self._cancelled = {}, 0, False
            self.tell(job)
            try:
                ended = await self._see_through(job)
            except Exception as err:  # our own mistake: the traceback is for the log
                note(traceback.format_exc())
                await self.stop()
                ended = _ended("failed", unexpected(err))
            if ended["status"] == "queued":
                self.tell(self._book.put_back(job.id))
            else:
                self.tell(self._book.change(job.id, **ended, seconds_left=None))
            self.job = None

    async def _see_through(self, job: Job) -> dict[str, Any]:
        """Run a job to its end; after a crash a sweep goes on behind the run that crashed."""
        limit = min(float(job.request.get("timeout") or TIMEOUT_S), TIMEOUT_S)
        until = time.monotonic() + limit
        ended: dict[str, Any] | None = None
        while ended is None:
            try:
                left = max(0.0, until - time.monotonic())
                ended = await asyncio.wait_for(self._attempt(job), left)
            except TimeoutError:
                await self.stop()
                ended = _ended("failed", _late(limit))
            if ended is None:
                ended = _ended("cancelled") if self._cancelled else self._after_death(job)
        if ended["status"] == "failed":
            self._record(ended["error"])
        return ended

    def _after_death(self, job: Job) -> dict[str, Any] | None:
        """How the job ends whose worker died; None if it is to be tried again.

        A sweep goes on without the runs that were under way. Where none was, nothing can be left
        out: then the whole is tried again, a few times. Tuning and writing are not: each is one
        long run.
        """
        error = self._died()
        blamed = bool(self._runs)
        self._record(error)
        self._deaths = 0 if blamed else self._deaths + 1
        again = job.kind == "sweep" if blamed else job.kind not in ("tune", "generate")
        return None if again and self._deaths < MOST_DEATHS else _ended("failed", error)

    async def _attempt(self, job: Job) -> dict[str, Any] | None:
        """Hand the job over and read events until it ends; None if the worker died."""
        await self._process.start()
        self._process.send({"job": job.to_json(), "secret": self._book.secret(job.id)})
        if self._cancelled:  # while it started
            self._process.send({"cancel": job.id})
        self.give_way()
        while (event := await self._process.event()) is not None:
            if event["type"] == "end":
                return {name: event[name] for name in ("status", "result", "error")}
            self._note(event)
        return None

    def _note(self, event: dict[str, Any]) -> None:
        if event["type"] == "job":
            fields = {k: event[k] for k in ("stage", "done", "total", "seconds_left")}
            self.tell(self._book.change(event["job"], **fields))
            return
        if event["type"] == "run":
            run = Run.from_json(event["run"])
            if run.status == "running":
                self._runs[run.id] = run
            else:
                self._runs.pop(run.id, None)
                self._book.progress(event["job"])
        self._publish(event)

    def tell(self, job: Job) -> None:
        """Publish a job's state."""
        self._publish({"type": "job", "job": job.to_json()})

    def _died(self) -> dict[str, str]:
        code = self._process.code
        why = f"exit code {code}"
        if code is not None and code < 0:
            why = f"signal {signal.Signals(-code).name}"
            why += ", probably out of memory" if code == -signal.SIGKILL else ""
        wanted = "a worker that lives to the end"
        return BadInput(f"worker ended ({why})", wanted, "try a smaller model or batch").to_json()

    def _record(self, error: Mapping[str, str]) -> None:
        """Keep the runs that were under way as failed, with the reason.

        One that was saved, but not told before the worker died, stays as it was saved.
        """
        job = self.job.id if self.job else ""
        for run in self._runs.values():
            ended = self._store.find(run.id)
            if ended is None:
                ended = replace(run, status="failed", error=error)
                try:
                    self._store.save(ended)
                except OSError as err:  # the job tells its end all the same
                    note(f"run {run.id} is not kept: {err}")
            self._publish({"type": "run", "job": job, "run": ended.to_json()})
        self._runs = {}

    def give_way(self) -> None:
        """Ask a sweep to let others have their turn after its next point, if others wait."""
        job = self.job
        if job is not None and job.kind == "sweep" and self._book.queue.others(job.client):
            self._process.send({"give_way": job.id})

    async def cancel(self) -> None:
        """Ask the worker to stop its job; kill it if it does not listen."""
        job, self._cancelled = self.job, True
        if job is None:
            return
        self._process.send({"cancel": job.id})
        for _ in range(int(GRACE_S * 10)):
            await asyncio.sleep(0.1)
            if self.job is not job:
                return
        await self.stop()

    async def stop(self) -> None:
        """End the worker and the hosts that it started."""
        await self._process.stop()


def _ended(status: str, error: Mapping[str, str] | None = None) -> dict[str, Any]:
    return {"status": status, "result": None, "error": error}


def _late(limit: float) -> dict[str, str]:
    wanted = f"an end within {limit:.0f} s"
    return BadInput("the job", wanted, "ask for less, or give it a longer timeout").to_json()


def devices() -> list[str]:
    """GPU numbers, or one empty name for the processor."""
    import glob
    import os

    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [name for name in visible.split(",") if name.strip()] or [""]
    return [str(i) for i in range(len(glob.glob("/dev/nvidia[0-9]*")))] or [""]
