"""kill -9 of worker, host, job server and client at random moments of a sweep, 20 times each.

``WORKBENCH_CRASHES`` sets another number.
"""

from __future__ import annotations

import os
import random
import time

import pytest
from crash import KINDS, Home, crash

TIMES = int(os.environ.get("WORKBENCH_CRASHES", "20"))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    place = Home(tmp_path_factory.mktemp("crash"), patch.setenv)
    yield place
    place.stop()
    patch.undo()


@pytest.mark.parametrize("kind", KINDS)
def test_kills_at_random_moments(place, kind, monkeypatch, capsys):
    monkeypatch.setenv("WORKBENCH_HOME", str(place.home))
    random.seed(os.environ.get("WORKBENCH_SEED", time.time()))
    start = time.monotonic()
    crash(place, "", 0.0)  # how long a sweep takes here
    within_s = time.monotonic() - start
    told = []
    while sum(one["killed"] for one in told) < TIMES:
        told.append(crash(place, kind, within_s))

    killed = sum(one["killed"] for one in told)
    with capsys.disabled():
        print(
            f"\n{kind}: {killed} kills in {len(told)} sweeps of about {within_s:.0f} s; "
            f"{sum(one['told'] for one in told)} runs told saved, none lost, none twice; "
            f"{sum(one['failed'] for one in told)} points failed by the kill; "
            f"store opened in at most {max(one['open_s'] for one in told):.2f} s"
        )
