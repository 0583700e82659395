"""Where to run a model: its throughput and its tail at batch × threads × streams."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, Self

import numpy as np

from workbench.core.records import Estimate, Record
from workbench.measure.compare import Side
from workbench.measure.host import Host, HostFailed
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


@dataclass(frozen=True)
class Unmeasured(Record):
    """A setting that could not be measured, and why.

    Args:
        batch: at which it failed; None where the model did not even open.
        error: value, expected, remedy.
    """

    threads: int
    streams: int
    batch: int | None
    error: Mapping[str, str]


def operating_points(
    side: Side,
    texts: Sequence[str],
    grid: Grid,
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_round: Callable[[tuple[Point, ...]], None] = lambda points: None,
    on_failure: Callable[[Unmeasured], None] = lambda failed: None,
    cancelled: Callable[[], bool] = lambda: False,
    quick: bool = False,
    seed: int = 0,
    module: str = "workbench.runtimes",
) -> tuple[Point, ...]:
    """Measure every point of a grid that can be measured.

    Args:
        side: the artifact and its runtime; threads and streams come from the grid.
        texts: real inputs at their natural lengths.
        grid: what is tried.
        on_progress: launches of hosts done, and in all.
        on_round: called with all points once each has one more launch, if there are any.
        on_failure: called with a setting that costs a host its life; it is not tried again.
        cancelled: asked all the time.
        quick: one short launch of each, to try things out.
        seed: of the order in which batches are tried in every launch.
        module: imported in the hosts; it fills the table of runtimes.

    Returns:
        The points in the order of the grid, without those that failed in every launch.

    Raises:
        BadInput: for a grid that sets what the runtime has not.
        HostFailed: if no point at all could be measured; the first reason.
        Cancelled: when asked to stop.
    """
    opened = settings(side.runtime, grid)
    rows, rounds = (QUICK_ROWS, 1) if quick else (ROWS, LAUNCHES)
    rng = np.random.default_rng(seed)
    bench = _Bench(side.folder, list(texts[:rows]), rows, on_failure, cancelled, module)
    inside = list(product(grid.batches, grid.bucketed))
    places = list(product(grid.batches, grid.threads, grid.streams, grid.bucketed))
    points: tuple[Point, ...] = ()
    for number in range(rounds):
        for place, setting in enumerate(opened):
            on_progress(number * len(opened) + place, rounds * len(opened))
            bench.launch(setting, [inside[i] for i in rng.permutation(len(inside))])
        points = tuple(_point(at, bench.raw[at], rows) for at in places if at in bench.raw)
        if points:
            on_round(points)
    if not points and bench.first is not None:
        raise bench.first
    return points


@dataclass
class _Bench:
    """Hosts of one grid: what they gave, and what they failed at.

    Args:
        folder: of the artifact.
        texts: as many as ``rows``.
        rows: texts per point and launch.
        on_failure: called with what failed.
        cancelled: asked all the time.
        module: imported in the hosts.
        raw: (batch, threads, streams, bucketed) to what its launches told.
        first: the first failure.
    """

    folder: Path
    texts: list[str]
    rows: int
    on_failure: Callable[[Unmeasured], None]
    cancelled: Callable[[], bool]
    module: str
    raw: dict[tuple[Any, ...], list[Mapping[str, Any]]] = field(default_factory=dict)
    first: HostFailed | None = None
    _out: set[tuple[Any, ...]] = field(default_factory=set)
    _hand: tuple[int, bool] | None = None  # batch and order that a host is at

    def launch(
        self, setting: tuple[int, int, dict[str, Any]], order: list[tuple[int, bool]]
    ) -> None:
        """One launch of every batch; where one ends the host, the rest go on in another.

        A large batch may need more memory than there is: that is no reason to lose the others.
        """
        at = setting[:2]
        todo = [inside for inside in order if (at, inside) not in self._out]
        while todo:
            try:
                self._measure(setting, todo)
            except HostFailed as err:
                lost = [self._hand] if self._hand else list(todo)
                self._out |= {(at, inside) for inside in lost}
                todo = [inside for inside in todo if inside not in lost]
                self.first = self.first or err
                batch = self._hand[0] if self._hand else None
                self.on_failure(Unmeasured(*at, batch, err.to_json()))

    def _measure(
        self, setting: tuple[int, int, dict[str, Any]], todo: list[tuple[int, bool]]
    ) -> None:
        """Measure in a fresh host, taking off the list what is done."""
        threads, streams, runtime = setting
        self._hand = None
        host = Host("candidate", max(threads, streams), self.cancelled, self.module)
        try:
            host.ask(do="open", folder=str(self.folder), runtime=runtime)
            host.ask(do="texts", texts=self.texts)
            while todo:
                self._hand = batch, bucketed = todo[0]
                order = {"size": batch, "rows": self.rows, "bucketed": bucketed}
                host.ask(do="load", **order)  # kernels of these shapes
                told = host.ask(do="load", **order)
                self.raw.setdefault((batch, threads, streams, bucketed), []).append(told)
                todo.pop(0)
        finally:
            host.close()


def _point(at: tuple[Any, ...], launches: Sequence[Mapping[str, Any]], rows: int) -> Point:
    rates = [rows / told["seconds"] for told in launches]
    tails = [float(np.percentile(told["batch_seconds"], 95)) for told in launches]
    throughput, tail = mean_positive(rates, "1/s"), mean_positive(tails, "s")
    batch, threads, streams, bucketed = at
    return Point(batch, threads, streams, bucketed, throughput, tail, tuple(launches))
