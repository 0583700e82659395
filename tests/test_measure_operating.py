"""Batch × threads × streams: what is fastest under a latency ceiling."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from workbench.core.errors import BadInput
from workbench.measure import HostFailed, Side
from workbench.measure.operating import Point, operating_points
from workbench.recipes.operating import LAUNCHES, ROWS, Grid, settings, suggested
from workbench.recipes.registry import RUNTIMES, Runtime
from workbench.stats.fastest import fastest_within

TEXTS = [f"text {'!' * (i % 9)}" for i in range(40)]
GRID = Grid(batches=(1, 16), threads=(1, 2))


@pytest.fixture(autouse=True)
def _toy_runtime_can_be_imported(monkeypatch):
    import measure_toy

    RUNTIMES.pop("toy", None)  # importing it put it there for good
    toy = Runtime("toy", measure_toy.Toy, "torch", measure_toy.open_toy)
    monkeypatch.setitem(RUNTIMES, "toy", toy)
    here, there = str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (here, there))))


@pytest.fixture
def toy(tmp_path):
    """Every text takes half a millisecond, so the larger batch is the later one."""
    (tmp_path / "toy.json").write_text(json.dumps({"seconds": 0.0005}))
    return Side(tmp_path, {"name": "toy"})


def test_every_point_of_a_grid_is_measured_in_every_launch(toy):
    progress, rounds = [], []

    points = operating_points(
        toy,
        TEXTS,
        GRID,
        on_progress=lambda done, total: progress.append((done, total)),
        on_round=rounds.append,
        module="measure_toy",
    )

    assert [(p.batch, p.threads) for p in points] == [(1, 1), (1, 2), (16, 1), (16, 2)]
    assert progress[-1][1] == len(progress) == 2 * LAUNCHES
    assert [len(seen) for seen in rounds] == [4] * LAUNCHES
    assert [seen[0].throughput.n for seen in rounds] == list(range(1, LAUNCHES + 1))
    assert rounds[-1] == points
    for point in points:
        assert len(point.launches) == point.throughput.n == LAUNCHES
        assert len(point.launches[0]["batch_seconds"]) == ROWS // point.batch
        assert point.latency_p95.value >= 0.0005 * point.batch
    told = json.loads(json.dumps(points[0].to_json()))
    assert Point.from_json(told).latency_p95 == points[0].latency_p95


def tried(toy, grid, **more):
    """The points of a grid, and what failed on the way."""
    failed = []
    points = operating_points(
        toy, TEXTS, grid, module="measure_toy", quick=True, on_failure=failed.append, **more
    )
    return points, failed


def test_a_batch_that_fails_costs_that_batch_only(tmp_path):
    (tmp_path / "toy.json").write_text(json.dumps({"most": 8}))
    rounds = []

    points, failed = tried(
        Side(tmp_path, {"name": "toy"}), Grid((1, 16, 4), (1, 2)), on_round=rounds.append
    )

    assert {(p.batch, p.threads) for p in points} == {(1, 1), (1, 2), (4, 1), (4, 2)}
    assert rounds == [points]
    assert sorted((f.threads, f.streams, f.batch) for f in failed) == [(1, 1, 16), (2, 1, 16)]
    assert "out of memory" in failed[0].error["value"]


def test_what_failed_once_is_not_tried_in_every_launch(tmp_path):
    (tmp_path / "toy.json").write_text(json.dumps({"most": 8}))
    failed = []

    points = operating_points(
        Side(tmp_path, {"name": "toy"}),
        TEXTS,
        Grid((4, 16), (1,)),
        module="measure_toy",
        on_failure=failed.append,
    )

    assert [(p.batch, p.throughput.n) for p in points] == [(4, LAUNCHES)]
    assert len(failed) == 1


def test_a_setting_that_does_not_open_costs_that_setting_only(tmp_path):
    (tmp_path / "toy.json").write_text(json.dumps({"shy": "2"}))

    points, failed = tried(Side(tmp_path, {"name": "toy"}), Grid((1, 4), (1, 2)))

    assert [(p.batch, p.threads) for p in points] == [(1, 1), (4, 1)]
    assert [(f.threads, f.batch) for f in failed] == [(2, None)]
    assert failed[0].error["expected"] == "a better toy"
    assert json.loads(json.dumps(failed[0].to_json()))["error"] == failed[0].error


def test_a_grid_of_which_nothing_could_be_measured_fails(tmp_path):
    (tmp_path / "toy.json").write_text(json.dumps({"open": "refuse"}))
    rounds = []
    with pytest.raises(HostFailed, match="a better toy"):
        tried(Side(tmp_path, {"name": "toy"}), GRID, on_round=rounds.append)
    assert rounds == []


def test_the_best_is_the_fastest_within_the_ceiling():
    rates, tails = [100.0, 300.0, 200.0], [0.01, 0.09, 0.05]

    assert fastest_within(rates, tails, 1.0) == 1
    assert fastest_within(rates, tails, 0.05) == 2
    assert fastest_within(rates, tails, 0.01) == 0
    assert fastest_within(rates, tails, 0.009) is None
    assert fastest_within([], [], 1.0) is None


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"batches": list(range(1, 1001)), "threads": list(range(1, 11))}, "10000 points.* min"),
        ({"batches": []}, "batches"),
        ({"batches": [0]}, "from 1 to 1024"),
        ({"batches": [1, 1]}, "different"),
        ({"batches": [True]}, "batches"),
        ({"batches": "12"}, "batches"),
        ({"batches": [[1]]}, "batches"),
        ({"bucketed": [1]}, "bucketed"),
        ({"threads": [65]}, "threads"),
        ({"nonsense": [1]}, "object with batches"),
        ([1, 2], "object with batches"),
    ],
)
def test_a_grid_that_cannot_be_is_refused(given, named):
    with pytest.raises(BadInput, match=named):
        Grid.from_json(given)


def test_what_the_runtime_has_not_is_refused_before_anything_starts(toy):
    with pytest.raises(BadInput, match="streams"):
        operating_points(toy, TEXTS, Grid(streams=(1, 2)), module="measure_toy")


def test_the_suggested_grid_has_only_what_the_runtime_has():
    assert suggested({"name": "openvino"}, 2).streams == (1, 2)
    assert suggested({"name": "torch"}, 4).threads == (1, 2, 4)
    assert suggested({"name": "torch"}, 4).streams == (1,)
    assert suggested({"name": "sklearn"}, 4) == Grid(threads=(1,))
    for name, entry in RUNTIMES.items():
        if name != "toy":
            settings({"name": entry.name}, suggested({"name": name}, 2))


def test_how_long_it_takes_is_known_before():
    assert GRID.points == 4
    assert Grid((1, 2, 4, 8), (1, 2)).seconds() > GRID.seconds() > 10
    assert GRID.seconds(0.1) > GRID.seconds(0.001)
