"""A process and all that it started, known by a mark in their environment.

Parents and sessions do not tell: what a library started may have left both, and when its parent is
killed it belongs to nobody. The environment stays.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from uuid import uuid4

import psutil

MARK = "WORKBENCH_UNDER"  # home|worker|host: whoever has it descends from these
BETWEEN = "|"


def mark(above: str | None = None) -> str:
    """A new mark below another, by default below this process's own."""
    own = os.environ.get(MARK, "") if above is None else above
    return f"{own}{BETWEEN}{uuid4().hex[:12]}"


def end_family(of: str) -> None:
    """End, at once, every process that has this mark or one below it, but for this one."""
    for _ in range(3):  # one of them may have started another meanwhile
        found = [p for p in map(_process, psutil.pids()) if p is not None and _belongs(p, of)]
        for process in found:
            with suppress(psutil.Error):
                process.send_signal(signal.SIGKILL)
        if not found:
            return
        psutil.wait_procs(found, timeout=1.0)


def _process(pid: int) -> psutil.Process | None:
    with suppress(psutil.Error):
        return psutil.Process(pid) if pid != os.getpid() else None
    return None


def _belongs(process: psutil.Process, of: str) -> bool:
    with suppress(psutil.Error, OSError):
        found: str = process.environ().get(MARK, "")
        return found == of or found.startswith(of + BETWEEN)
    return False
