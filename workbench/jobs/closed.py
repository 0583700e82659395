"""A closed process: it gets an order, and its one JSON document is read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

from workbench.core.errors import BadInput
from workbench.models.limits import TRUST


@dataclass(frozen=True)
class Order:
    """What a closed process is to do.

    Args:
        module: run with ``arguments`` and, behind them, a folder that it may write into.
        arguments: of the command line.
        of: what it is about, for messages.
        doing: ``loading it``, for messages.
        small: what it should have been: something that fits into bounded memory.
        quick: likewise, something that is done within ``seconds``.
        seconds: of the clock.
        given: its standard input.
    """

    module: str
    arguments: Sequence[str]
    of: str
    doing: str
    small: str
    quick: str
    seconds: int
    given: bytes = b""


def answered(order: Order) -> dict[str, Any]:
    """Start it, wait, and read what it says.

    Raises:
        BadInput: as it says itself, or if it takes too much memory or time.
    """
    with TemporaryDirectory(prefix="workbench-closed-") as scratch:
        try:
            ended = subprocess.run(
                [sys.executable, "-P", "-m", order.module, *order.arguments, scratch],
                env=_environment(scratch),
                input=order.given,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=order.seconds,
            )
        except subprocess.TimeoutExpired as err:
            raise _late(order) from err
    return read(ended, order)


def read(ended: subprocess.CompletedProcess[bytes], order: Order) -> dict[str, Any]:
    """What a process said that has ended.

    Raises:
        BadInput: as ``answered`` does.
    """
    try:
        told = json.loads(ended.stdout)
    except ValueError as err:
        if ended.returncode == -getattr(signal, "SIGXCPU", 0):
            raise _late(order) from err
        how = _end(ended.returncode)
        told = f"{order.of} ({order.doing} ended with {how})"
        raise BadInput(told, order.small, TRUST) from err
    if isinstance(told.get("error"), Mapping):
        raise BadInput(**told["error"])
    return dict(told)


def _environment(scratch: str) -> dict[str, str]:
    """No hub, no threads that each reserve memory, temporary files where they are swept."""
    own = {
        "HF_HUB_OFFLINE": "1",
        "TMPDIR": scratch,
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        "JOBLIB_MULTIPROCESSING": "0",  # it tries a semaphore of the system when it is imported
    }
    return {**os.environ, **own, "TOKENIZERS_PARALLELISM": "false", "RAYON_NUM_THREADS": "1"}


def _end(code: int) -> str:
    """How the process ended, in words."""
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _late(order: Order) -> BadInput:
    return BadInput(order.of, order.quick, TRUST)
