"""Where to run a model: its throughput and its tail at batch × threads × streams."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Self

import numpy as np

from workbench.core.records import Estimate, Record
from workbench.measure.compare import Side
from workbench.measure.host import Host
from workbench.recipes.operating import LAUNCHES, ROWS, Grid, settings
from workbench.stats.intervals import mean_positive

QUICK_ROWS = 32


@dataclass(frozen=True)
class Point(Record):
    """One setting and what it gave.

    Args:
        throughput: texts per second, in 1/s.
        latency_p95: of one batch with every stream busy, tokenising included, in s.
        launches: raw: ``{"seconds", "batch_seconds"}`` of each launch.
    """

    batch: int
    threads: int
    streams: int
    bucketed: bool
    throughput: Estimate
    latency_p95: Estimate
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
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_round: Callable[[tuple[Point, ...]], None] = lambda points: None,
    cancelled: Callable[[], bool] = lambda: False,
    quick: bool = False,
    seed: int = 0,
    module: str = "workbench.runtimes",
) -> tuple[Point, ...]:
    """Measure every point of a grid.

    Args:
        side: the artifact and its runtime; threads and streams come from the grid.
        texts: real inputs at their natural lengths.
        grid: what is tried.
        on_progress: launches of hosts done, and in all.
        on_round: called with all points once each has one more launch.
        cancelled: asked all the time.
        quick: one short launch of each, to try things out.
        seed: of the order in which batches are tried in every launch.
        module: imported in the hosts; it fills the table of runtimes.

    Returns:
        The points in the order of the grid.

    Raises:
        BadInput: for a grid that sets what the runtime has not.
        HostFailed: if a host ends or cannot open the artifact.
        Cancelled: when asked to stop.
    """
    opened = settings(side.runtime, grid)
    rows, rounds = (QUICK_ROWS, 1) if quick else (ROWS, LAUNCHES)
    rng = np.random.default_rng(seed)
    raw: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    points: tuple[Point, ...] = ()
    for number in range(rounds):
        for place, (threads, streams, runtime) in enumerate(opened):
            on_progress(number * len(opened) + place, rounds * len(opened))
            host = Host("candidate", max(threads, streams), cancelled, module)
            try:
                host.ask(do="open", folder=str(side.folder), runtime=runtime)
                host.ask(do="texts", texts=list(texts[:rows]))
                inside = list(product(grid.batches, grid.bucketed))
                for i in rng.permutation(len(inside)):
                    batch, bucketed = inside[i]
                    order = {"size": batch, "rows": rows, "bucketed": bucketed}
                    host.ask(do="load", **order)  # kernels of these shapes
                    told = host.ask(do="load", **order)
                    raw.setdefault((batch, threads, streams, bucketed), []).append(told)
            finally:
                host.close()
        places = product(grid.batches, grid.threads, grid.streams, grid.bucketed)
        points = tuple(_point(at, raw[at], rows) for at in places)
        on_round(points)
    return points


def _point(at: tuple[Any, ...], launches: Sequence[Mapping[str, Any]], rows: int) -> Point:
    rates = [rows / told["seconds"] for told in launches]
    tails = [float(np.percentile(told["batch_seconds"], 95)) for told in launches]
    throughput, tail = mean_positive(rates, "1/s"), mean_positive(tails, "s")
    batch, threads, streams, bucketed = at
    return Point(batch, threads, streams, bucketed, throughput, tail, tuple(launches))
