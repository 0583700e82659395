"""A worker's process as the server holds it: JSON lines both ways, and a certain end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from workbench.measure.family import MARK, end_family, mark
from workbench.measure.host import SLEEPY

LINE_LIMIT = 64 * 2**20  # bytes of one event; a run with 12 launches of raw seconds is under 1 MB
PATIENCE_S = 3.0  # after each of the two signals
LOOK_S = 0.1


class Process:
    """A worker that is started when it is needed, and again after it has died.

    Args:
        device: GPU number, or empty for the processor.
        home: ``WORKBENCH_HOME``.
    """

    def __init__(self, device: str, home: Path) -> None:
        self._device, self._home = device, home
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._mark = ""
        self.code: int | None = None

    async def start(self) -> None:
        """Start it, unless it runs."""
        if self._process is not None and self._process.returncode is None:
            return
        self._mark = mark(str(self._home))
        environment = {**os.environ, MARK: self._mark}
        if "OMP_WAIT_POLICY" not in environment:
            environment |= SLEEPY
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
        self._watch = asyncio.create_task(self._see_it_end(self._process, self._mark))

    async def _see_it_end(self, process: asyncio.subprocess.Process, family: str) -> None:
        """End what is left of it once it is dead: that may hold its pipe open for ever.

        ``Process.wait`` would wait for that pipe in some versions of Python, hence the looking.
        """
        while process.returncode is None:
            await asyncio.sleep(LOOK_S)
        self.code = process.returncode
        await asyncio.to_thread(end_family, family)

    def send(self, order: Mapping[str, Any]) -> None:
        """Give an order; one that is dead or not there does not hear it."""
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError, RuntimeError):
                self._process.stdin.write(json.dumps(order).encode() + b"\n")

    async def event(self) -> dict[str, Any] | None:
        """The next event; None once the process has ended, even in the middle of a line."""
        assert self._process is not None
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if line.endswith(b"\n"):
            event: dict[str, Any] = json.loads(line)
            return event
        await self.stop()
        return None

    async def stop(self) -> None:
        """End the worker and all that it started: kindly, then surely."""
        process, watch = self._process, self._watch
        if process is None or watch is None:
            return
        for sign in (signal.SIGTERM, signal.SIGKILL):
            if process.returncode is None:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, sign)
                await _ended(process)
        await asyncio.wait({watch}, timeout=PATIENCE_S)
        if self._process is process:
            self._process = None


async def _ended(process: asyncio.subprocess.Process) -> None:
    for _ in range(int(PATIENCE_S / LOOK_S)):
        if process.returncode is not None:
            return
        await asyncio.sleep(LOOK_S)
