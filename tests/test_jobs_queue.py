"""The job server when workers and servers die, and when several ask: one queue, everybody's own.

Models are toys (``tests/toys``), so that a point takes seconds; all else is real.
"""

from __future__ import annotations

import os
import signal
import threading

import pytest
from crash import Home

from workbench.core.errors import BadInput
from workbench.jobs.client import HttpClient
from workbench.state.session import Session
from workbench.store import Store


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        made = Home(tmp_path_factory.mktemp("queue"), patch.setenv)
        yield made
        made.stop()


def point(place):
    """A request for one recipe that was never asked for."""
    (number,) = place.fresh(1)["runtime"]["number"]
    recipe = {"schema": 1, "techniques": [], "runtime": {"name": "toy", "number": number}}
    return {"model": place.model, "task": place.task, "recipe": recipe}


def measured(client, place):
    """A run of such a recipe."""
    ended = client.wait(client.submit("run", point(place)))
    assert ended.status == "done", ended.error
    return Store(place.home).run(ended.result["runs"][0])


def test_a_worker_that_dies_fails_its_run_only(place):
    client, killed = place.client, []
    job = client.submit("sweep", place.request(place.fresh(2)))

    def heard(event):
        if event["type"] == "job" and event["job"]["stage"] == "launch" and not killed:
            for process in place.server().children():
                killed.append(process.pid)
                process.kill()

    ended = client.wait(job, heard)

    runs = [r for r in Store(place.home).runs() if r.id in ended.result["runs"]]
    assert ended.status == "done"
    assert sorted(r.status for r in runs) == ["done", "failed"]
    failed = next(r for r in runs if r.status == "failed")
    assert "SIGKILL" in failed.error["value"]


def test_a_killed_server_resumes_the_sweep_without_repeating_what_is_saved(place):
    grid = place.fresh(2)
    job = place.client.submit("sweep", place.request(grid))
    server, killed = place.server(), threading.Event()

    def heard(event):
        if event["type"] == "run" and event["run"]["status"] == "done" and not killed.is_set():
            killed.set()
            os.kill(server.pid, signal.SIGKILL)

    ended = place.client.wait(job, heard)

    assert killed.is_set()
    assert place.server() != server
    assert ended.status == "done"
    mine = [
        r
        for r in Store(place.home).runs()
        if r.recipe["runtime"].get("number") in grid["runtime"]["number"]
    ]
    assert [r.status for r in mine] == ["done"] * 2
    assert len({r.key for r in mine}) == 2


def test_a_visitor_sees_the_owners_runs_and_their_own_only(place):
    one, other = (HttpClient(place.home, name * 32) for name in "ab")
    owned = measured(place.client, place)
    run = measured(one, place)

    assert {owned.id, run.id} <= {r.id for r in one.runs()}
    seen = {r.id for r in other.runs()}
    assert owned.id in seen
    assert run.id not in seen
    with pytest.raises(BadInput):
        other.cancel(next(j.id for j in one.jobs() if j.client == one.id))
    linked = other.recorded(run.id)  # by a link that holds its id
    assert (linked.metrics, linked.client) == (run.metrics, "")
    assert other.why(run.id)["run"] == run.id
    with pytest.raises(BadInput, match="the id of a stored run"):
        other.recorded(run.id[:-1])


def test_a_link_shows_the_run_of_another_visitor(place):
    one, other = (HttpClient(place.home, name * 32) for name in "cd")
    run = measured(one, place)
    session = Session(other, place.home, published=True)
    session.refresh()
    assert run.id not in {r.id for r in session.runs}

    session.fetch(run.id)
    session.refresh()
    assert [r.id for r in session.runs].count(run.id) == 1
    session.fetch("../" * 4 + "etc/passwd")
    assert "the id of a stored run" in session.trouble
    session.handle({"type": "ready"})  # the lists are read anew: why the link failed stays told
    assert "the id of a stored run" in session.trouble


def test_a_sweep_gives_way_to_others_between_its_points_and_repeats_none(place):
    owner, visitor = place.client, HttpClient(place.home, "e" * 32)
    sweep = owner.submit("sweep", place.request(place.fresh(3)))
    mine = visitor.submit("run", point(place))

    ended = visitor.wait(mine)
    meanwhile = {job.id: job for job in owner.jobs()}[sweep.id]
    done = owner.wait(sweep)

    assert ended.status == "done"
    assert meanwhile.status in ("queued", "running"), "the visitor did not wait for the whole"
    runs = [r for r in Store(place.home).runs() if r.id in done.result["runs"]]
    assert [r.status for r in runs] == ["done"] * 3
    keys = [r.key for r in Store(place.home).runs() if r.key in {one.key for one in runs}]
    assert len(keys) == 3, "no point was measured twice"
