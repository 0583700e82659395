"""Where to run a model: batch × threads × streams, and the best point under a latency ceiling."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, Self

import numpy as np

from workbench.core.errors import BadInput
from workbench.core.knobs import build, knobs
from workbench.core.records import Estimate, Record
from workbench.measure.compare import Side
from workbench.measure.host import Host
from workbench.recipes.registry import RUNTIMES, lookup
from workbench.stats.intervals import mean_positive

LAUNCHES = 3  # fresh hosts per setting of threads and streams
ROWS = 128  # texts per point and launch
MOST = 1000  # points
OPENING_S, POINT_S = 8.0, 1.0  # rough, for a small model: a host, and a point in it


@dataclass(frozen=True)
class Grid:
    """What is tried: the product of all.

    Args:
        batches: texts per batch.
        threads: as the runtime's knob takes them.
        streams: batches answered at once; more than 1 only where the runtime has that knob.
        bucketed: whether texts of similar length share a batch.
    """

    batches: tuple[int, ...] = (1, 4, 8, 16, 32)
    threads: tuple[int, ...] = (1, 2)
    streams: tuple[int, ...] = (1,)
    bucketed: tuple[bool, ...] = (True,)

    @property
    def points(self) -> int:
        """How many points that makes."""
        return len(list(product(self.batches, self.threads, self.streams, self.bucketed)))

    @property
    def seconds(self) -> float:
        """About how long it takes, in s; told before it starts."""
        hosts = len(self.threads) * len(self.streams)
        return LAUNCHES * (hosts * OPENING_S + self.points * POINT_S)


@dataclass(frozen=True)
class Point(Record):
    """One setting and what it gave.

    Args:
        throughput: texts per second, in 1/s.
        latency_p95: of one batch with every stream busy, tokenising included, in s.
        best: whether it has the highest throughput of those under the ceiling.
        launches: raw: ``{"seconds", "batch_seconds"}`` of each launch.
    """

    batch: int
    threads: int
    streams: int
    bucketed: bool
    throughput: Estimate
    latency_p95: Estimate
    best: bool = False
    launches: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read plain data, as ``Record.from_json`` does, with its inner records."""
        told = ("throughput", "latency_p95")
        inner = {name: Estimate.from_json(data[name]) for name in told}
        return super().from_json({**data, **inner, "launches": tuple(data["launches"])})


def operating_points(
    side: Side,
    texts: Sequence[str],
    grid: Grid,
    ceiling_s: float,
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
    seed: int = 0,
    module: str = "workbench.runtimes",
) -> tuple[Point, ...]:
    """Measure every point of a grid, and mark the best whose p95 stays under a ceiling.

    Args:
        side: the artifact and its runtime; threads and streams come from the grid.
        texts: real inputs at their natural lengths.
        grid: what is tried.
        ceiling_s: the p95 of a batch that is still allowed, in s.
        on_progress: launches of hosts done, and in all.
        cancelled: asked all the time.
        seed: of the order in which batches are tried in every launch.
        module: imported in the hosts; it fills the table of runtimes.

    Returns:
        The points in the order of the grid; none is ``best`` if all lie above the ceiling.

    Raises:
        BadInput: for a grid that is too large, empty, or sets what the runtime has not.
        HostFailed: if a host ends or cannot open the artifact.
        Cancelled: when asked to stop.
    """
    settings = _settings(side, grid)
    rng = np.random.default_rng(seed)
    raw: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    jobs = [(n, *setting) for n in range(LAUNCHES) for setting in settings]
    for done, (_, threads, streams, runtime) in enumerate(jobs):
        on_progress(done, len(jobs))
        host = Host("candidate", max(threads, streams), cancelled, module)
        try:
            host.ask(do="open", folder=str(side.folder), runtime=runtime)
            host.ask(do="texts", texts=list(texts[:ROWS]))
            inside = list(product(grid.batches, grid.bucketed))
            for i in rng.permutation(len(inside)):
                batch, bucketed = inside[i]
                order = {"size": batch, "rows": ROWS, "bucketed": bucketed}
                host.ask(do="load", **order)  # kernels of these shapes
                told = host.ask(do="load", **order)
                raw.setdefault((batch, threads, streams, bucketed), []).append(told)
        finally:
            host.close()
    points = product(grid.batches, grid.threads, grid.streams, grid.bucketed)
    return _marked([_point(at, raw[at]) for at in points], ceiling_s)


def _settings(side: Side, grid: Grid) -> list[tuple[int, int, dict[str, Any]]]:
    """(threads, streams, runtime) of every host, checked before anything starts."""
    if not 1 <= grid.points <= MOST or min(grid.batches) < 1:
        wanted = f"1 to {MOST} points with batches of at least 1"
        raise BadInput(f"a grid of {grid.points} points", wanted, "leave some values out")
    entry = lookup(RUNTIMES, "runtime", side.runtime.get("name"))
    known = {knob.name for knob in knobs(entry.config_type)}
    found = []
    for threads, streams in product(grid.threads, grid.streams):
        runtime = {**side.runtime, "threads": threads}
        if "streams" in known or streams != 1:
            runtime["streams"] = streams
        build(entry.config_type, {k: v for k, v in runtime.items() if k != "name"})
        found.append((threads, streams, runtime))
    return found


def _point(at: tuple[Any, ...], launches: Sequence[Mapping[str, Any]]) -> Point:
    rates = [ROWS / told["seconds"] for told in launches]
    tails = [float(np.percentile(told["batch_seconds"], 95)) for told in launches]
    throughput, tail = mean_positive(rates, "1/s"), mean_positive(tails, "s")
    batch, threads, streams, bucketed = at
    return Point(batch, threads, streams, bucketed, throughput, tail, launches=tuple(launches))


def _marked(points: list[Point], ceiling_s: float) -> tuple[Point, ...]:
    under = [point for point in points if point.latency_p95.value <= ceiling_s]
    best = max(under, key=lambda point: point.throughput.value, default=None)
    return tuple(replace(point, best=point is best) for point in points)
