"""Workers, one per device: given jobs, their events passed on, their death noted."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from workbench.core.errors import BadInput
from workbench.core.records import Job, Run
from workbench.jobs.book import Book
from workbench.store import Store

Publish = Callable[[Mapping[str, Any]], None]
LINE_LIMIT = 64 * 2**20  # bytes of one event; a run with 12 launches of raw seconds is under 1 MB
GRACE_S = 8.0  # after a cancel, before the worker is killed
TIMEOUT_S = 4 * 3600.0  # for one job; a request may ask for less


class Worker:
    """One worker process and the job that it has in hand.

    Args:
        device: GPU number, or empty for the processor.
        book: where jobs are written down.
        store: where a crash is recorded.
        publish: called with every event for the followers.
    """

    def __init__(self, device: str, book: Book, store: Store, publish: Publish) -> None:
        self._device, self._book, self._store, self._publish = device, book, store, publish
        self._process: asyncio.subprocess.Process | None = None
        self._run: Run | None = None  # what is being measured, in case the worker dies over it
        self._ended: list[str] = []  # keys that must not be tried again in this job
        self._cancelled = False
        self.job: Job | None = None

    async def work(self, wake: asyncio.Event) -> None:
        """Take jobs for ever."""
        while True:
            self.job = self._book.take()
            if self.job is None:
                wake.clear()
                await wake.wait()
                continue
            self._ended, self._cancelled = [], False
            self.tell(self.job)
            await self._see_through(self.job)
            self.job = None

    async def _see_through(self, job: Job) -> None:
        """Run a job to its end; after a crash a sweep goes on behind the run that crashed."""
        limit = min(float(job.request.get("timeout") or TIMEOUT_S), TIMEOUT_S)
        while True:
            self._run = None
            try:
                ended = await asyncio.wait_for(self._attempt(job), limit)
            except TimeoutError:
                await self.stop()
                ended = _ended("failed", _late(limit))
            if ended is None and self._cancelled:
                ended = _ended("cancelled")
            if ended is None:
                error = self._died()
                if job.kind == "sweep" and self._run is not None:
                    self._record(error)
                    continue
                self._record(error)
                ended = _ended("failed", error)
            elif ended["status"] == "failed" and self._run is not None:
                self._record(ended["error"])
            changed = self._book.change(job.id, **ended, seconds_left=None)
            self.tell(changed)
            return

    async def _attempt(self, job: Job) -> dict[str, Any] | None:
        """Hand the job over and read events until it ends; None if the worker died."""
        process = await self._started()
        self._send({"job": job.to_json(), "skip": self._ended})
        assert process.stdout is not None
        while line := await process.stdout.readline():
            event = json.loads(line)
            if event["type"] == "end":
                return {name: event[name] for name in ("status", "result", "error")}
            self._note(event)
        await process.wait()
        return None

    def _note(self, event: dict[str, Any]) -> None:
        if event["type"] == "job":
            fields = {k: event[k] for k in ("stage", "done", "total", "seconds_left")}
            self.tell(self._book.change(event["job"], **fields))
            return
        if event["type"] == "run":
            run = Run.from_json(event["run"])
            self._run = run if run.status == "running" else None
            if run.status != "running":
                self._ended.append(run.key)
        self._publish(event)

    def tell(self, job: Job) -> None:
        """Publish a job's state."""
        self._publish({"type": "job", "job": job.to_json()})

    def _died(self) -> dict[str, str]:
        code = self._process.returncode if self._process else None
        self._process = None
        why = f"exit code {code}"
        if code is not None and code < 0:
            why = f"signal {signal.Signals(-code).name}"
            why += ", probably out of memory" if code == -signal.SIGKILL else ""
        wanted = "a worker that lives to the end"
        return BadInput(f"worker ended ({why})", wanted, "try a smaller model or batch").to_json()

    def _record(self, error: Mapping[str, str]) -> None:
        """Keep the run that was under way as failed, with the reason."""
        if self._run is None:
            return
        failed = replace(self._run, status="failed", error=error)
        self._ended.append(failed.key)
        self._store.save(failed)
        self._publish({"type": "run", "run": failed.to_json()})
        self._run = None

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            environment = dict(os.environ)
            if self._device:
                environment["CUDA_VISIBLE_DEVICES"] = self._device
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "workbench.jobs.worker"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=environment,
                limit=LINE_LIMIT,
                process_group=0,
            )
        return self._process

    def _send(self, order: Mapping[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")

    async def cancel(self) -> None:
        """Ask the worker to stop its job; kill it if it does not listen."""
        job, self._cancelled = self.job, True
        if job is None or self._process is None:
            return
        self._send({"cancel": job.id})
        for _ in range(int(GRACE_S * 10)):
            await asyncio.sleep(0.1)
            if self.job is not job:
                return
        await self.stop()

    async def stop(self) -> None:
        """End the worker and the hosts that it started."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        for sign, patience in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 3.0)):
            try:
                os.killpg(process.pid, sign)
                await asyncio.wait_for(process.wait(), patience)
            except (TimeoutError, ProcessLookupError):
                continue
            break
        self._process = None


def _ended(status: str, error: Mapping[str, str] | None = None) -> dict[str, Any]:
    return {"status": status, "result": None, "error": error}


def _late(limit: float) -> dict[str, str]:
    wanted = f"an end within {limit:.0f} s"
    return BadInput("the job", wanted, "ask for less, or give it a longer timeout").to_json()


def devices() -> list[str]:
    """GPU numbers, or one empty name for the processor."""
    import glob

    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [name for name in visible.split(",") if name.strip()] or [""]
    return [str(i) for i in range(len(glob.glob("/dev/nvidia[0-9]*")))] or [""]
