"""SIGTERM to ``workbench app`` ends page and kernels; the job server goes on until idle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from crash import PATIENCE_S, until

from workbench.jobs.client import HttpClient


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_to_the_app_ends_its_kernels_and_spares_the_job_server(tmp_path, sign, capsys):
    home = tmp_path / "home"
    environment = {**os.environ, "WORKBENCH_HOME": str(home), "WORKBENCH_IDLE": "5"}
    app = subprocess.Popen(
        [sys.executable, "-m", "workbench", "app", "--port", "0", "--no-browser"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert "http://127.0.0.1:" in app.stdout.readline()
    until((home / "server.json").is_file, PATIENCE_S)
    family = psutil.Process(app.pid)
    until(lambda: len(family.children(recursive=True)) >= 3, PATIENCE_S)
    mine = family.children(recursive=True)
    server = psutil.Process(json.loads((home / "server.json").read_text())["pid"])

    started = time.monotonic()
    app.send_signal(sign)
    app.wait(PATIENCE_S)
    until(lambda: not any(p.is_running() and p.status() != "zombie" for p in mine), PATIENCE_S)
    took = time.monotonic() - started

    assert server.status() != "zombie"
    assert server not in mine
    with capsys.disabled():
        print(f"\n{sign.name}: Voila and {len(mine) - 1} more ended in {took:.1f} s")
    assert took < 10
    client = HttpClient(home)
    for job in client.jobs():  # the first points, which would take minutes
        client.cancel(job.id)
    until(lambda: not server.is_running() or server.status() == "zombie", 600)
