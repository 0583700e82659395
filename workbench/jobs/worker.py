"""The process that does the work, one job at a time; it may die, and only its run is lost.

It reads JSON lines on standard input: ``{"job": …, "secret": …}`` starts a job, ``{"cancel": id}``
asks it to stop, ``{"give_way": id}`` asks a sweep to pause behind its next point. It writes events
as JSON lines on what was standard output; a last line per job is
``{"type": "end", "job": id, "status", "result", "error"}``.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from queue import SimpleQueue
from typing import IO, Any

from workbench.core.errors import Cancelled
from workbench.core.home import home
from workbench.core.records import Job
from workbench.jobs import failed
from workbench.measure.family import MARK, end_family
from workbench.store import scratch


def die_with_parent() -> None:
    """Ask Linux to end this process when its parent ends; elsewhere end of input does it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def own_stdout() -> IO[str]:
    """The real standard output; whatever a library prints goes to standard error from now on."""
    real = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    return real


class Inbox:
    """Reads orders in a thread, so that a cancel is seen while a job runs."""

    def __init__(self, lines: IO[str]) -> None:
        self.orders: SimpleQueue[Mapping[str, Any] | None] = SimpleQueue()
        self.cancelled: set[str] = set()
        self.giving_way: set[str] = set()
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()

    def _read(self, lines: IO[str]) -> None:
        for line in lines:
            order = json.loads(line)
            if "cancel" in order:
                self.cancelled.add(order["cancel"])
            elif "give_way" in order:
                self.giving_way.add(order["give_way"])
            else:
                self.orders.put(order)
        end_family(os.environ.get(MARK, "none"))  # the server is gone: do not work for nobody
        os.kill(os.getpid(), signal.SIGKILL)


def perform_safely(order: Mapping[str, Any], emit: Any, inbox: Inbox) -> dict[str, Any]:
    """Do a job; whatever it raises becomes the way it ended."""
    from workbench.jobs.execute import Asked, GaveWay, perform

    job = Job.from_json(order["job"])
    ended: dict[str, Any] = {"type": "end", "job": job.id, "result": None, "error": None}
    try:
        asked = Asked(
            lambda: job.id in inbox.cancelled, lambda: job.id in inbox.giving_way, order["secret"]
        )
        result = perform(job, home(), emit, asked)
        return {**ended, "status": "done", "result": result}
    except GaveWay:
        inbox.giving_way.discard(job.id)
        return {**ended, "status": "queued"}
    except Cancelled:
        return {**ended, "status": "cancelled"}
    except Exception as err:
        return {**ended, "status": "failed", "error": failed.told(err, home())}


def end_with_all(*_: object) -> None:
    """On SIGTERM: end what was started here, then this process, by the same signal."""
    end_family(os.environ.get(MARK, "none"))
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)


def own_temporary_files() -> None:
    """What a library puts into the temporary folder goes where a sweep finds it after a kill."""
    folder = scratch(home() / "runs")
    with suppress(OSError):
        folder.mkdir(parents=True)
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder)


def main() -> None:
    """Serve until the server closes the pipe."""
    signal.signal(signal.SIGTERM, end_with_all)
    die_with_parent()
    out = own_stdout()
    own_temporary_files()
    lock = threading.Lock()

    def emit(event: Mapping[str, Any]) -> None:
        with lock:
            out.write(json.dumps(event, ensure_ascii=True) + "\n")
            out.flush()

    inbox = Inbox(sys.stdin)
    while (order := inbox.orders.get()) is not None:
        emit(perform_safely(order, emit, inbox))


if __name__ == "__main__":
    main()
