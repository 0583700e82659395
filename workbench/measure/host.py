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

PATIENCE_S = 300.0  # for one answer
PROGRAM = "workbench.measure.program"


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
        self._side, self._cancelled = side, cancelled
        self._errors = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [sys.executable, "-m", PROGRAM, module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=_environment(threads),
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
            raise HostFailed(
                f"{self._side}: {found['error']}"[:400],
                "a model that opens and answers",
                "try another recipe or runtime",
            )
        return found

    def ask(self, **order: Any) -> dict[str, Any]:
        """Give an order and wait for the answer."""
        self.send(order)
        return self.answer()

    def close(self) -> None:
        """End the process, kindly, then not."""
        with suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        for end, patience in ((None, 2.0), (self._process.terminate, 2.0)):
            if end is not None:
                end()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(patience)
                break
        else:
            self._process.kill()
            self._process.wait()
        self._selector.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()

    def _read(self) -> None:
        if not self._selector.select(0.2):
            return
        assert self._process.stdout is not None
        more = os.read(self._process.stdout.fileno(), 1 << 20)
        if not more:
            raise self._failed()
        self._buffer += more

    def _failed(self) -> HostFailed:
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
    quiet = {"TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}
    return {**os.environ, **dict.fromkeys(names, str(threads)), **quiet}
