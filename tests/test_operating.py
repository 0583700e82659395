"""The best batch, threads and streams of a run: the job, the command, the card."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from fakes import checkpoint, small_task
from test_why import FASTER, REFERENCE, Explaining

import workbench
from workbench.core.errors import BadInput
from workbench.jobs.request import check_request
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
        ({"grid": {"streams": [2]}}, "streams"),
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

    done = command("--batches", "1,4", "--threads", "1", "--ceiling-ms", "60000", "--json")
    assert done.returncode == 0, done.stderr
    assert "2 settings, about" in done.stderr
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
