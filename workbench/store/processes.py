"""Which process is meant: a number alone may by now belong to another."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path


def born(pid: int) -> str:
    """When a process started, in units that no change of the clock moves; empty if it is gone.

    Linux counts in ticks since the machine started; elsewhere it is in seconds since 1970.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            return "" if state in "ZX" else fields[18]
        return ""
    import psutil

    with suppress(psutil.Error):
        return str(int(psutil.Process(pid).create_time()))
    return ""


def myself() -> str:
    """This process as ``pid-birth``."""
    return f"{os.getpid()}-{born(os.getpid())}"


def lives(who: str) -> bool:
    """Whether the process that called itself so is alive; with a number alone, whether any is."""
    pid, _, birth = who.partition("-")
    found = born(int(pid)) if pid.isdigit() else ""
    return bool(found) and birth in ("", found)
