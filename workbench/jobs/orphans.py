"""What a library started in a worker or a host, and left behind when that one was killed."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

import psutil

SERVED = "WORKBENCH_SERVED"  # home of the server whose worker a process descends from
ADOPT = 36  # PR_SET_CHILD_SUBREAPER of Linux
WORKER = "workbench.jobs.worker"


def adopt() -> None:
    """Become the parent of descendants whose own parent ends (on Linux), so as to end them."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(ADOPT, 1)


def end_adopted(workers: Collection[int]) -> None:
    """End children of this process that are no workers: their own parent has been killed.

    Args:
        workers: process ids; one that is just being started is known by what it runs.
    """
    me = psutil.Process()
    for child in me.children():
        if child.pid in workers:
            continue
        with suppress(psutil.Error):
            words = child.cmdline()
            if WORKER in words or words == me.cmdline():
                continue
            _kill([*child.children(recursive=True), child])
        with suppress(OSError):
            os.waitpid(child.pid, os.WNOHANG)


def end_descendants() -> None:
    """End all that this process has started, at once."""
    _kill(psutil.Process().children(recursive=True))


def end_left_over(home: Path) -> None:
    """End what a killed server of this home has left: for the one who has its lock to call."""
    _kill(each for each in psutil.process_iter() if _served(each) == str(home))


def _served(process: psutil.Process) -> str | None:
    with suppress(psutil.Error, OSError):
        found: str | None = process.environ().get(SERVED)
        return found
    return None


def _kill(processes: Iterable[psutil.Process]) -> None:
    ended = []
    for process in processes:
        with suppress(psutil.Error):
            process.send_signal(signal.SIGKILL)
            ended.append(process)
    psutil.wait_procs(ended, timeout=2.0)
