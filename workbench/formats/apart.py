"""Work in a process of its own: TensorFlow, its legacy Keras and torch do not share one well.

TensorFlow Model Optimization needs ``tf_keras``, chosen in the environment before TensorFlow is
first imported; and nobody who chose no TensorFlow model should wait for it or hold its memory.
The process stays a while for the next step of a chain, since importing takes seconds.
"""

from __future__ import annotations

import ctypes
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from importlib import import_module
from threading import Lock
from typing import Any

from workbench.core.artifact import Context
from workbench.core.errors import BadInput, Cancelled
from workbench.formats.tensorflow import SETTINGS

IDLE_S = 30.0  # that it waits for another order
START = f"from {__name__} import main; main()"
Say = Callable[..., None]
_one_at_a_time = Lock()
_kept: _Process | None = None


def ask(module: str, order: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """What ``module.perform(order, say)`` gives in the other process.

    Args:
        module: imported there; ``say(report=[stage, done, total])`` and ``say(loss=[step, value,
            accuracy])`` reach the context.
        order: plain data; larger things lie in files.
        context: who follows.

    Raises:
        BadInput: what the work there refused, or how it ended.
        Cancelled: when asked to stop; the process is then gone.
    """
    global _kept
    with _one_at_a_time:
        if _kept is None or not _kept.sent(module, order):
            _kept = _Process()
            if not _kept.sent(module, order):
                raise _kept.failed()
        try:
            try:
                return _kept.followed(context)
            except _Gone:  # it had waited long enough just as the order came
                _kept = _Process()
                _kept.sent(module, order)
                return _kept.followed(context)
        except BadInput:
            raise
        except BaseException:
            _kept.end()
            _kept = None
            raise


def rest() -> None:
    """End the other process: what is timed next shall have the machine for itself."""
    global _kept
    with _one_at_a_time:
        if _kept is not None:
            _kept.end()
        _kept = None


class _Gone(Exception):
    """It had ended before the order came."""


class _Process:
    """The other process, as seen from here."""

    def __init__(self) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the process)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", START, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, **SETTINGS},
        )
        self._buffer = b""

    def sent(self, module: str, order: Mapping[str, Any]) -> bool:
        """Give an order; False if the process has ended meanwhile."""
        if self._process.poll() is not None or self._process.stdin is None:
            return False
        try:
            self._process.stdin.write(json.dumps([module, order]).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            return False
        return True

    def followed(self, context: Context) -> dict[str, Any]:
        """What comes of the order; progress goes to the context."""
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while True:
                if context.cancelled():
                    raise Cancelled
                if not selector.select(0.2):
                    continue
                more = os.read(self._process.stdout.fileno(), 1 << 20)
                if not more:
                    raise _Gone if self._process.wait() == 0 else self.failed()
                *lines, self._buffer = (self._buffer + more).split(b"\n")
                for told in map(json.loads, lines):
                    if "done" in told:
                        return dict(told["done"])
                    _pass_on(told, context)

    def failed(self) -> BadInput:
        """How it ended, in one sentence."""
        code = self._process.poll()
        self.end()
        self._errors.seek(0)
        lines = self._errors.read()[-4000:].decode(errors="replace").strip().splitlines()
        last = lines[-1][:200] if lines else "no message"
        why = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        why += ", probably out of memory" if code == -9 else ""
        told = f"TensorFlow's process ({why}: {last})"
        return BadInput(told, "work that ends", "try a smaller model")

    def end(self) -> None:
        """At once: it holds nothing worth saving."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def _pass_on(told: Mapping[str, Any], context: Context) -> None:
    if "report" in told:
        context.report(*told["report"])
    elif "loss" in told:
        context.loss(*told["loss"])
    else:
        raise BadInput(**told["refused"])


def main() -> None:
    """Do the orders that come on standard input; argument: the parent's pid."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        if os.getppid() != int(sys.argv[1]):
            return
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # what a library prints goes elsewhere

    def say(**told: Any) -> None:
        out.write(json.dumps(told) + "\n")

    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ)
        while selector.select(IDLE_S):
            line = sys.stdin.readline()
            if not line:
                return
            module, order = json.loads(line)
            try:
                say(done=import_module(module).perform(order, say))
            except BadInput as err:
                say(refused=err.to_json())
            except Exception as err:
                traceback.print_exc()
                said = " ".join(f"{type(err).__name__}: {err}".split())[-200:]
                wanted = "work that ends"
                told = BadInput(f"TensorFlow ({said})", wanted, "try another recipe or runtime")
                say(refused=told.to_json())


if __name__ == "__main__":
    main()
