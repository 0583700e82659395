"""The process that is timed, and the handle by which it is led: one JSON line each way."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from workbench.core.errors import BadInput, Cancelled
from workbench.measure.family import MARK, end_family, mark

PATIENCE_S = 300.0  # for one answer
PATIENCE_TO_END_S = 5.0  # after its pipe has closed
PROGRAM = "workbench.measure.program"
# OpenMP threads that spin while they wait take the cores from whoever else works: a training next
# to a measurement and a browser had a quarter of its speed. A worker's threads sleep instead;
# those of a host do what they do for everybody, unless the user has set it.
SLEEPY: Mapping[str, str] = {"OMP_WAIT_POLICY": "PASSIVE", "WORKBENCH_SLEEPY": "1"}


class HostFailed(BadInput):
    """A host ended or did not answer; the error names the side and says how."""


class Host:
    """A fresh process with one session in it.

    Args:
        side: ``reference`` or ``candidate``, for errors.
        threads: set in its environment before it starts.
        cancelled: asked while waiting.
        module: imported there first; it fills the table of runtimes.

    Raises:
        HostFailed: by any method, once the process has ended or is silent for too long.
        Cancelled: by any method, once ``cancelled`` says so; the process is then gone.
    """

    def __init__(
        self,
        side: str,
        threads: int,
        cancelled: Callable[[], bool],
        module: str = "workbench.runtimes",
    ) -> None:
        self._side, self._cancelled, self._closed = side, cancelled, False
        self._mark = mark()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the host)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", PROGRAM, module, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**_environment(threads), MARK: self._mark},
            start_new_session=True,  # what a library starts in there ends with it
        )
        self.pid = self._process.pid
        self._buffer = b""
        self._selector = selectors.DefaultSelector()
        assert self._process.stdout is not None
        self._selector.register(self._process.stdout, selectors.EVENT_READ)

    def send(self, order: Mapping[str, Any]) -> None:
        """Give an order; ``answer`` waits for what comes of it."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as err:
            raise self._failed() from err

    def answer(self) -> dict[str, Any]:
        """The answer to the last order."""
        until = time.monotonic() + PATIENCE_S
        while b"\n" not in self._buffer:
            if self._cancelled():
                self.close()
                raise Cancelled
            if time.monotonic() > until:
                self.close()
                raise HostFailed(self._side, "an answer in time", "try a smaller model")
            self._read()
        line, _, self._buffer = self._buffer.partition(b"\n")
        found: dict[str, Any] = json.loads(line)
        if "error" in found:
            self.close()
            raise self._told(found["error"])
        return found

    def ask(self, **order: Any) -> dict[str, Any]:
        """Give an order and wait for the answer."""
        self.send(order)
        return self.answer()

    @property
    def alive(self) -> bool:
        """Whether it can be given another order."""
        return not self._closed and self._process.poll() is None

    def follow(self, cancelled: Callable[[], bool]) -> None:
        """From now on ask this whether to stop: a process may serve several jobs."""
        self._cancelled = cancelled

    def close(self) -> None:
        """End the process and what it started, at once: it holds nothing worth saving."""
        if self._closed:
            return
        self._closed = True
        self._process.kill()
        self._process.wait()
        end_family(self._mark)
        self._selector.close()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            with suppress(OSError):  # what was not yet sent has no reader any more
                if pipe is not None:
                    pipe.close()

    def _read(self) -> None:
        if not self._selector.select(0.2):
            return
        assert self._process.stdout is not None
        more = os.read(self._process.stdout.fileno(), 1 << 20)
        if not more:
            raise self._failed()
        self._buffer += more

    def _told(self, error: Mapping[str, str] | str) -> HostFailed:
        """What the program inside refused, in its own three parts, or what went wrong there."""
        if isinstance(error, str):
            wanted, remedy = "a model that opens and answers", "try another recipe or runtime"
            return HostFailed(f"{self._side} host ({error})"[:400], wanted, remedy)
        value = f"{self._side} host ({error['value']})"
        return HostFailed(value, error["expected"], error["remedy"])

    def _failed(self) -> HostFailed:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE_TO_END_S)
        code = self._process.poll()
        if code is None:  # it closed its pipe and lives on
            self._process.kill()
            code = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read()[-4000:].decode(errors="replace").strip().splitlines()
        last = lines[-1][:200] if lines else "no message"
        why = f"exit code {code}" if code >= 0 else f"signal {-code}"
        if code == -9:
            why += ", probably out of memory"
        self.close()
        return HostFailed(
            f"{self._side} host ({why}: {last})",
            "a process that lives through the measurement",
            "try a smaller model or batch",
        )


def _environment(threads: int) -> dict[str, str]:
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    quiet = {"TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1", "NNCF_CI": "1"}
    given = dict(os.environ)
    if "WORKBENCH_SLEEPY" in given:
        given = {name: value for name, value in given.items() if name not in SLEEPY}
    return {**given, **dict.fromkeys(names, str(threads)), **quiet}
