"""Batch × threads × streams: what is fastest under a latency ceiling."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from workbench.core.errors import BadInput
from workbench.measure import Side
from workbench.measure.operating import LAUNCHES, ROWS, Grid, Point, operating_points
from workbench.recipes.registry import RUNTIMES, Runtime

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


def test_the_best_point_is_the_fastest_under_the_ceiling(toy):
    progress = []

    points = operating_points(
        toy,
        TEXTS,
        GRID,
        ceiling_s=60.0,
        on_progress=lambda done, total: progress.append((done, total)),
        module="measure_toy",
    )

    assert [(p.batch, p.threads) for p in points] == [(1, 1), (1, 2), (16, 1), (16, 2)]
    assert [p.best for p in points].count(True) == 1
    best = next(p for p in points if p.best)
    assert best.throughput.value == max(p.throughput.value for p in points)
    assert progress[-1][1] == len(progress) == 2 * LAUNCHES
    for point in points:
        assert len(point.launches) == point.throughput.n == LAUNCHES
        assert len(point.launches[0]["batch_seconds"]) == ROWS // point.batch
        assert point.latency_p95.value >= 0.0005 * point.batch
    assert Point.from_json(json.loads(json.dumps(best.to_json()))).batch == best.batch


def test_a_ceiling_that_nothing_reaches_marks_nothing(toy):
    points = operating_points(toy, TEXTS, Grid((16,), (1,)), 0.001, module="measure_toy")
    assert not any(p.best for p in points)


@pytest.mark.parametrize(
    ("grid", "named"),
    [
        (Grid(batches=tuple(range(1, 10_001)), threads=(1,)), "10000 points"),
        (Grid(batches=()), "0 points"),
        (Grid(batches=(0,)), "at least 1"),
        (Grid(streams=(1, 2)), "streams"),
        (Grid(threads=(0,)), "threads"),
    ],
)
def test_a_grid_that_cannot_be_measured_is_refused_before_it_starts(toy, grid, named):
    with pytest.raises(BadInput, match=named):
        operating_points(toy, TEXTS, grid, 1.0, module="measure_toy")


def test_how_long_it_takes_is_known_before():
    assert GRID.points == 4
    assert Grid((1,) * 50, (1, 2)).seconds > GRID.seconds > 10
