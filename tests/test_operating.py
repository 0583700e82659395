"""The best batch, threads and streams of a run: the job, the command, the card."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from fakes import checkpoint, small_task
from fastapi.testclient import TestClient
from test_why import FASTER, REFERENCE, Explaining

import workbench
from workbench.core.errors import BadInput
from workbench.core.records import Job
from workbench.jobs import views
from workbench.jobs.desk import Desk
from workbench.jobs.hub import Hub
from workbench.jobs.operating import operate, place
from workbench.jobs.request import check_request
from workbench.jobs.server import create
from workbench.measure.operating import Point, Unmeasured
from workbench.panels.operating import OperatingPanel
from workbench.recipes.recipe import Recipe
from workbench.runtimes import OnnxRuntime, Torch
from workbench.state.compress import CompressState
from workbench.state.explore import ExploreState
from workbench.state.operating import OperatingState
from workbench.state.session import Session
from workbench.state.why import WhyState
from workbench.store import Store

GRID = {"batches": [1, 8], "threads": [1], "streams": [1], "bucketed": [True]}


def estimate(value, unit):
    return {"value": value, "low": value, "high": value, "n": 3, "unit": unit}


def point(batch, rate, tail):
    told = {"throughput": estimate(rate, "1/s"), "latency_p95": estimate(tail, "s")}
    return {"batch": batch, "threads": 1, "streams": 1, "bucketed": True, **told}


POINTS = [point(1, 100.0, 0.01), point(8, 300.0, 0.04), point(32, 350.0, 0.2)]


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory):
    """A home with a run of a tiny model."""
    folder = tmp_path_factory.mktemp("operating")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(folder / "home"))
        patch.setenv("WORKBENCH_FAST", "1")
        client = workbench.connect(inline=True)
        task = small_task(folder)
        model = client.tune(str(checkpoint(folder / "hf")), task)
        heard = []
        run = client.run(model, task, Recipe(OnnxRuntime()), listener=heard.append)
        assert run.status == "done", run.error
        assert {"job", "run"} <= {event["type"] for event in heard}
        yield folder / "home", run


def test_the_points_of_a_run_are_measured_and_kept_beside_it(shared_home):
    home, run = shared_home
    job = workbench.connect(inline=True).submit("operating", {"run": run.id, "grid": GRID})

    assert job.status == "done", job.error
    assert job.result == {"run": run.id, "points": 2}
    told = workbench.connect(inline=True).why(run.id)["operating"]
    assert [p["batch"] for p in told] == [1, 8]
    assert all(p["throughput"]["value"] > 0 < p["latency_p95"]["value"] for p in told)
    assert all("launches" not in p for p in told)
    assert Store(home).run(run.id) == run, "the record itself is written once"


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"run": "0" * 32}, "stored run"),
        ({"run": 7}, "stored run"),
        ({}, "stored run"),
        ({"run": None, "model": "x"}, "model"),
        ({"grid": {"batches": list(range(1, 1025)), "threads": [1, 2]}}, "2048 points.* min"),
        ({"grid": {"streams": [9]}}, "streams"),
        ({"grid": "all"}, "object"),
        ({"timeout": -1}, "seconds"),
    ],
)
def test_a_wish_that_cannot_be_carried_out_is_refused_at_the_door(shared_home, asked, named):
    home, run = shared_home
    with pytest.raises(BadInput, match=named):
        check_request(
            "operating", {"run": run.id, **asked} if "run" not in asked and asked else asked, home
        )


def test_the_command_marks_the_best_under_the_ceiling(shared_home):
    _, run = shared_home

    def command(*more):
        arguments = [sys.executable, "-m", "workbench", "operating", run.id[:8], *more]
        return subprocess.run(arguments, capture_output=True, text=True, timeout=180)

    few = ("--batches", "1,4", "--threads", "1", "--streams", "1,2")
    done = command(*few, "--ceiling-ms", "60000", "--json")
    assert done.returncode == 0, done.stderr
    assert "4 settings, about" in done.stderr
    told = json.loads(done.stdout)
    rates = [p["throughput"]["value"] for p in told["points"]]
    assert rates[told["best"]] == max(rates)

    for wrong in (("--ceiling-ms", "0"), ("--ceiling-ms", "nan"), ("--batches", "one")):
        refused = command(*wrong)
        assert refused.returncode == 2
        assert refused.stderr.count("\n") == 1, refused.stderr


class Placed(Explaining):
    """A client whose run has points once they were asked for."""

    def why(self, run):
        measured = any(kind == "operating" for kind, _ in self.asked)
        return {**super().why(run), "operating": POINTS if measured else []}


@pytest.fixture
def state(home):
    session = Session(Placed([REFERENCE, FASTER]), home)
    explore = ExploreState(CompressState(session, Recipe(Torch())))
    session.task, session.model = "shopdesk", FASTER.model
    session.start()
    return OperatingState(WhyState(explore))


def test_the_card_says_what_it_costs_then_asks(state):
    panel = OperatingPanel(state)
    assert panel.layout.display == "none"
    state.session.selected = "int8"

    assert panel.layout.display is None
    assert "settings are tried, about" in panel.told.html
    assert panel.plot.layout.display == "none"
    panel.button.click()
    kind, asked = state.session.client.asked[-1]
    assert (kind, asked["run"]) == ("operating", "int8")
    assert asked["grid"] == state.grid().to_json()


def test_the_best_moves_with_the_ceiling_without_measuring_again(state):
    panel = OperatingPanel(state)
    state.session.selected = "int8"
    state.why.found = {**state.why.found, "operating": POINTS}
    asked = len(state.session.client.asked)

    assert "batch 8" in panel.told.html
    assert [line["name"] for line in panel.plot.plot.figure["data"]][-2:] == [
        "best under it",
        "ceiling",
    ]
    panel.ceiling.value = 1000
    assert "batch 32" in panel.told.html
    panel.ceiling.value = 5
    assert "No setting" in panel.told.html
    state.session.language = "zh"
    assert "5 毫秒" in panel.told.html
    assert len(state.session.client.asked) == asked


def test_the_picture_is_a_valid_figure(state):
    import plotly.graph_objects as go

    panel = OperatingPanel(state)
    state.session.selected = "int8"
    state.why.found = {**state.why.found, "operating": POINTS}
    go.Figure(panel.plot.plot.figure)
    panel.plot.asked.value = True
    assert "300" in panel.plot.table.html


def tried(*points):
    """A stand-in for the measurement: these points."""

    def operating_points(*_, on_round, **__):
        made = tuple(Point.from_json({**one, "launches": ()}) for one in points)
        on_round(made)
        return made

    return operating_points


def test_a_visitor_overwrites_no_points_of_somebody_elses_run(shared_home, monkeypatch):
    from workbench.jobs import operating

    home, run = shared_home
    visitor, other = "a" * 32, "b" * 32
    store, before = Store(home), views.why(Store(home), run.id)["operating"]
    assert before, "the owner has measured"

    def ask(client, *points):
        monkeypatch.setattr(operating, "operating_points", tried(*points))
        desk = Desk("j", client, home, store, lambda _: None, lambda: False, "s")
        return operate(desk, {"run": run.id, "grid": GRID})

    ask(visitor, POINTS[2])
    assert views.why(store, run.id)["operating"] == before
    assert views.why(store, run.id, other)["operating"] == before
    assert [p["batch"] for p in views.why(store, run.id, visitor)["operating"]] == [32]
    ask("owner", POINTS[1])
    assert [p["batch"] for p in views.why(store, run.id, other)["operating"]] == [8]
    assert [p["batch"] for p in views.why(store, run.id, visitor)["operating"]] == [32]
    assert place(replace(run, client=visitor), visitor) == place(run, "owner") == "operating"


def test_the_server_tells_each_client_its_own_points(shared_home):
    home, run = shared_home
    visitor = "c" * 32
    Store(home).attach(run.id, place(run, visitor), {"points": POINTS[:1]})
    server = TestClient(create(Hub(home, "t" * 43)), base_url="http://127.0.0.1:1")

    def told(client):
        headers = {"Authorization": "Bearer " + "t" * 43, "X-Client": client}
        return server.get(f"/runs/{run.id}/why", headers=headers).json()["operating"]

    assert told(visitor) == POINTS[:1]
    assert told("owner") != POINTS[:1]


LOST = {
    "schema": 1,
    "threads": 2,
    "streams": 1,
    "batch": 1024,
    "error": BadInput(
        "candidate host (signal 9, probably out of memory: <b>/srv/x/y</b>)",
        "a process that lives through the measurement",
        "try a smaller model or batch",
    ).to_json(),
}


def test_what_could_not_be_measured_is_kept_with_its_reason(shared_home, monkeypatch):
    from workbench.jobs import operating

    home, run = shared_home

    def operating_points(*_, on_round, on_failure, **__):
        on_failure(Unmeasured(2, 1, 1024, LOST["error"]))
        return tried(POINTS[0])(on_round=on_round)

    monkeypatch.setattr(operating, "operating_points", operating_points)
    desk = Desk("j", "d" * 32, home, Store(home), lambda _: None, lambda: False, "s")
    operate(desk, {"run": run.id, "grid": GRID})

    told = views.why(Store(home), run.id, "d" * 32)
    assert [p["batch"] for p in told["operating"]] == [1]
    assert told["operating_failed"] == [LOST]
    assert views.why(Store(home), run.id)["operating_failed"] == []


def test_the_command_tells_what_could_not_be_measured(shared_home, monkeypatch, capsys):
    from workbench.cli import main, operating

    home, run = shared_home
    Store(home).attach(run.id, "operating", {"points": POINTS, "failed": [LOST]})
    ended = Job("j", "operating", "owner", {}, "done")
    monkeypatch.setenv("WORKBENCH_HOME", str(home))
    monkeypatch.setattr(operating, "through", lambda *_: ended)
    for more in ([], ["--json"]):
        with pytest.raises(SystemExit) as done:
            main(["operating", run.id, *more])
        assert done.value.code == 0
        told = capsys.readouterr().out
        assert json.loads(told)["failed"] == [LOST] if more else "batch 1024 · 2 threads" in told
        assert "out of memory" in told


def test_the_card_tells_what_could_not_be_measured(state):
    panel = OperatingPanel(state)
    state.session.selected = "int8"
    state.why.found = {**state.why.found, "operating": POINTS, "operating_failed": [LOST]}

    assert "Not measured: batch 1024 · 2 threads. candidate host" in panel.told.html
    assert "<b>" not in panel.told.html
    state.session.published = True
    state.session.language = "zh"
    assert "未能测量：批量 1024 · 2 线程" in panel.told.html
    assert "/srv" not in panel.told.html
