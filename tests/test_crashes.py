"""kill -9 during a sweep: a sample of what ``tests/torture`` does at length."""

from __future__ import annotations

import os
import signal
import time

import psutil
import pytest
from crash import KINDS, PATIENCE_S, Home, Sweep, by_command, crash, until

from workbench.store import Store


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    place = Home(tmp_path_factory.mktemp("crash"), patch.setenv)
    yield place
    place.stop()
    patch.undo()


@pytest.fixture
def place(made, monkeypatch):
    monkeypatch.setenv("WORKBENCH_HOME", str(made.home))
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_a_sweep_survives_a_kill(place, kind):
    assert crash(place, kind, within_s=1.5, points=2)["killed"]


def test_a_reference_that_takes_the_worker_with_it_fails_its_points_and_ends(place):
    job = place.client.submit(
        "sweep", place.request(place.grid(999, *place.fresh(1)["runtime"]["number"]))
    )

    ended = place.client.wait(job)

    runs = [Store(place.home).run(i) for i in ended.result["runs"]]
    assert [run.status for run in runs] == ["failed", "done"]
    assert "SIGKILL" in runs[0].error["value"]


def test_a_run_job_that_is_begun_again_is_recorded_once(place):
    recipe = {"runtime": {"name": "toy", "number": 7}}
    asked = {"model": place.model, "task": place.task, "recipe": recipe}
    job = place.client.submit("run", asked)
    server = place.server()

    def heard(event):
        if event["type"] == "run" and event["run"]["status"] == "done" and server.is_running():
            server.kill()  # it is saved, but the job's end is not yet written down

    ended = place.client.wait(job, heard)

    mine = [r for r in Store(place.home).runs() if r.recipe["runtime"].get("number") == 7]
    assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE
    assert ended.status == "done"
    assert [run.id for run in mine] == ended.result["runs"]


def test_sigterm_ends_a_server_that_works_within_ten_seconds_and_the_sweep_resumes(place):
    sweep = Sweep(place, points=1)
    job = sweep.submit()
    until(lambda: place.processes("host"), PATIENCE_S)
    server = place.server()

    started = time.monotonic()
    server.terminate()
    until(lambda: not place.processes() and not psutil.pid_exists(server.pid))
    took = time.monotonic() - started

    assert took < 10 or os.getloadavg()[0] > 4, took
    assert sweep.follow(job).status == "done"


def test_sigint_on_the_command_leaves_its_job_running(place):
    sweep = Sweep(place, points=20)
    command = by_command(place, sweep)
    until(lambda: place.processes("host"), PATIENCE_S)

    command.send_signal(signal.SIGINT)

    assert command.wait(30) == 130
    job = next(j for j in place.client.jobs() if j.request.get("grid") == sweep.grid)
    assert job.status == "running"
    place.client.cancel(job.id)
    assert sweep.follow(job).status == "cancelled"
