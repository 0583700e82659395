"""Finding the job server of a home, and starting it if there is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ADDRESS = "server.json"
TOKEN = "token"
LOCK = "server.lock"
LOG = "server.log"
PATIENCE_S = 30.0


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
    """What the server of this home wrote down, if its process still lives."""
    try:
        data = json.loads((home / ADDRESS).read_text(encoding="utf-8"))
        token = (home / TOKEN).read_text(encoding="utf-8").strip()
        os.kill(int(data["pid"]), 0)
    except (OSError, ValueError, KeyError):
        return None
    return Address(f"http://127.0.0.1:{int(data['port'])}", token, int(data["pid"]))


def answers(where: Address) -> bool:
    """Whether the server there is ours and alive."""
    import httpx

    try:
        headers = {"Authorization": f"Bearer {where.token}"}
        return httpx.get(f"{where.url}/health", headers=headers, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def ensure(home: Path) -> Address:
    """The address of the running server; started, if need be, so that it outlives this process.

    Raises:
        RuntimeError: if it does not answer in time; the message names its log.
    """
    found = address(home)
    if found and answers(found):
        return found
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        process = _spawn(home)
        while process.poll() is None and time.monotonic() < deadline:
            found = address(home)
            if found and answers(found):
                return found
            time.sleep(0.05)
        found = address(home)  # somebody else was first: ours saw the lock and went
        if found and answers(found):
            return found
        time.sleep(0.2)
    raise RuntimeError(f"the job server does not answer; its log is {home / LOG}")


def _spawn(home: Path) -> subprocess.Popen[bytes]:
    with open(home / LOG, "ab") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "workbench.jobs.server"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "WORKBENCH_HOME": str(home)},
            cwd=home,
            start_new_session=True,
        )
