"""Finding the job server of a home, and starting it if there is none."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from workbench.core.errors import BadInput
from workbench.store.disk import FULL, SHUT, disk_error

ADDRESS = "server.json"
TOKEN = "token"
LOCK = "server.lock"
LOG = "server.log"
DETACHED = "--detached"
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Address:
    """Where the server answers.

    Args:
        url: on loopback.
        token: to be sent as bearer; never in a URL, a log or a page.
        pid: of the server's process.
    """

    url: str
    token: str
    pid: int


def address(home: Path) -> Address | None:
    """What the server of this home wrote down, if there is one: it holds the lock."""
    if not _locked(home):
        return None
    try:
        data = json.loads((home / ADDRESS).read_text(encoding="utf-8"))
        token = (home / TOKEN).read_text(encoding="utf-8").strip()
        return Address(f"http://127.0.0.1:{int(data['port'])}", token, int(data["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _locked(home: Path) -> bool:
    """Whether a server of this home lives; a number of a process would not tell: it is reused."""
    try:
        with open(home / LOCK) as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def answers(where: Address) -> bool:
    """Whether the server there is the one that wrote its address down, and alive."""
    import httpx

    try:
        headers = {"Authorization": f"Bearer {where.token}"}
        with httpx.Client(timeout=5, trust_env=False) as http:
            told = http.get(f"{where.url}/health", headers=headers)
        return told.status_code == 200 and told.json().get("pid") == where.pid
    except (httpx.HTTPError, ValueError, AttributeError):
        return False


def ensure(home: Path) -> Address:
    """The address of the running server; started, if need be, so that it outlives this process.

    Raises:
        BadInput: if it cannot write to the disk, or does not answer in time.
    """
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = address(home)
        if found and answers(found):
            return found
        if not _locked(home):
            _start(home, deadline - time.monotonic())
        time.sleep(0.05)
    wanted = f"an answer within {PATIENCE_S:.0f} s"
    raise BadInput("the job server", wanted, f"see {home / LOG}")


def _start(home: Path, patience_s: float) -> None:
    """Start a server and wait until it answers; another may have been first.

    Raises:
        BadInput: if the disk refuses what it has to write.
    """
    try:
        with open(home / LOG, "ab") as log:
            done = subprocess.run(
                [sys.executable, "-P", "-m", "workbench.jobs.server", DETACHED],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "WORKBENCH_HOME": str(home)},
                cwd=home,
                start_new_session=True,
                timeout=max(1.0, patience_s),
            )
        if done.returncode > 1 and done.returncode in (*FULL, *SHUT):  # 1 is any traceback
            raise OSError(done.returncode, os.strerror(done.returncode), str(home))
    except subprocess.TimeoutExpired:
        return
    except OSError as err:
        raise disk_error(err, home) or err from err
