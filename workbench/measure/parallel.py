"""How requests per second grow with worker processes, and where one more stops paying."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Self

import numpy as np

from workbench.core.errors import BadInput
from workbench.core.knobs import build
from workbench.core.records import Estimate, Record
from workbench.measure.compare import Side
from workbench.measure.team import Share, Team
from workbench.runtimes.decoder import Sampling
from workbench.runtimes.writers import checked
from workbench.stats.intervals import exact, mean_log_ratio, mean_positive

COUNTS = (1, 2, 4)
MOST = 64  # worker processes
LAUNCHES = 5
WINDOW_S = 1.5  # in which all are busy, twice for every count and launch
LEAST_GAIN = 1.05  # of requests/s that pays for more processes
KEPT = ("requests", "tokens", "seconds")  # of every worker's share of a window
STOPS, GOES_ON, CANNOT_TELL = "stops", "goes on", "cannot tell"


@dataclass(frozen=True)
class ScalingPoint(Record):
    """So many worker processes, and what they did together.

    Args:
        throughput: requests of all of them, in 1/s.
        tokens: that they wrote, in 1/s.
        speedup: requests per second against one worker, launch by launch.
        gain: the same against the next smaller number that was tried; 1 for one worker.
        launches: raw: ``{"requests", "tokens", "seconds"}``, for each window a list with one
            number per worker.
    """

    workers: int
    throughput: Estimate
    tokens: Estimate
    speedup: Estimate
    gain: Estimate
    launches: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read plain data, as ``Record.from_json`` does, with its inner records."""
        told = ("throughput", "tokens", "speedup", "gain")
        inner = {name: Estimate.from_json(data[name]) for name in told}
        return super().from_json({**data, **inner, "launches": tuple(data["launches"])})


@dataclass(frozen=True)
class Paying(Record):
    """Up to where worker processes pay.

    Args:
        verdict: ``stops``: more than ``workers`` are shown not to give 5 % more requests/s;
            ``goes on``: each number tried paid, and ``workers`` is the largest;
            ``cannot tell``: up to ``workers`` each paid, the next one's interval is too wide.
    """

    verdict: str
    workers: int


def scaling(
    side: Side,
    prompts: Sequence[str],
    counts: Sequence[int] = COUNTS,
    *,
    tokens: int = 64,
    launches: int = LAUNCHES,
    window_s: float = WINDOW_S,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_point: Callable[[tuple[ScalingPoint, ...]], None] = lambda points: None,
    cancelled: Callable[[], bool] = lambda: False,
    seed: int = 0,
    module: str = "workbench.runtimes",
) -> tuple[ScalingPoint, ...]:
    """Measure requests per second with one worker process and with several.

    Every launch starts as many fresh processes as the largest count needs, each with a session
    of its own. The counts take turns in an order drawn anew, there and back again, so that a
    machine that grows slower favours none; who has no turn waits on its pipe. One worker is
    always among the counts.

    Args:
        side: a model that writes, and its runtime; on the processor each worker has the
            runtime's threads (1 where none are given), with ``cuda`` the GPUs are dealt out.
        prompts: the requests, taken from one queue as workers become free.
        counts: numbers of worker processes, 1 to 64.
        tokens: written behind each prompt, always the likeliest, also where one ends a text:
            requests are equally long.
        launches: at least 1; from 2 on there are intervals.
        window_s: seconds in which all are busy; each worker finishes what it is at.
        on_progress: windows done, and in all.
        on_point: called with all points once each has one more launch.
        cancelled: asked all the time, from several threads.
        seed: of the orders of counts and prompts.
        module: imported in the workers; it fills the table of runtimes.

    Returns:
        One point for each count, the smallest first.

    Raises:
        BadInput: for counts or a runtime that cannot be.
        HostFailed: once a worker ends or cannot open the model; all others are then gone.
        Cancelled: when asked to stop; no worker is left.
    """
    tried = _counts(counts)
    checked(side.runtime)
    build(Sampling, {"tokens": tokens})
    if not prompts or launches < 1:
        raise BadInput("prompts or launches", "at least one of each", "give one at least")
    rng = np.random.default_rng(seed)
    raw: dict[int, list[Mapping[str, Any]]] = {count: [] for count in tried}
    points: tuple[ScalingPoint, ...] = ()
    for number in range(launches):
        order = [tried[i] for i in rng.permutation(len(tried))]
        queue = [prompts[i] for i in rng.permutation(len(prompts))]
        turns = (*order, *reversed(order))
        told: dict[int, list[Sequence[Share]]] = {count: [] for count in tried}
        with Team(side, tried[-1], queue, tokens, cancelled, module) as team:
            for place, count in enumerate(turns):
                on_progress(number * len(turns) + place, launches * len(turns))
                told[count].append(team.window(count, window_s))
        for count, windows in told.items():
            names = ("requests", "tokens", "seconds")
            raw[count].append(
                {n: [[getattr(w, n) for w in one] for one in windows] for n in names}
            )
        points = _points(raw)
        on_point(points)
    return points


def stops_paying(points: Sequence[ScalingPoint], least: float = LEAST_GAIN) -> Paying:
    """The largest number of worker processes of which each step up to it paid.

    A step pays if it gives ``least`` times the requests/s of the one before, and its interval
    excludes no gain; it does not if its interval excludes ``least``.

    Args:
        points: of ``scaling``, the fewest workers first, at least one.
        least: gain of a step that pays, such as 1.05.
    """
    for before, point in pairwise(points):
        gain = point.gain
        if gain.high < least:
            return Paying(STOPS, before.workers)
        if gain.value < least or gain.low <= 1.0:
            return Paying(CANNOT_TELL, before.workers)
    return Paying(GOES_ON, points[-1].workers)


def _counts(given: Sequence[int]) -> list[int]:
    fits = all(type(count) is int and 1 <= count <= MOST for count in given)
    if not fits or not given or len(set(given)) < len(given):
        wanted = f"a list of different values from 1 to {MOST}"
        raise BadInput(f"workers {list(given)!r:.60}", wanted, "name what to try")
    return sorted({1, *given})


def _points(raw: Mapping[int, Sequence[Mapping[str, Any]]]) -> tuple[ScalingPoint, ...]:
    rates = {count: [_rate(told, "requests") for told in raw[count]] for count in raw}
    found: list[ScalingPoint] = []
    before = 1
    for count, launches in raw.items():
        written = [_rate(told, "tokens") for told in launches]
        found.append(
            ScalingPoint(
                count,
                mean_positive(rates[count], "1/s"),
                mean_positive(written, "1/s"),
                _ratio(rates[count], rates[1]),
                _ratio(rates[count], rates[before]),
                tuple(launches),
            )
        )
        before = count
    return tuple(found)


def _rate(told: Mapping[str, Any], what: str) -> float:
    """Of one launch in 1/s: workers add up, windows are averaged."""
    windows = zip(told[what], told["seconds"], strict=True)
    sums = [float(np.sum(np.divide(done, seconds))) for done, seconds in windows]
    return float(np.mean(sums))


def _ratio(rates: Sequence[float], base: Sequence[float]) -> Estimate:
    if rates is base:
        return exact(1.0, "1")
    return mean_log_ratio([rate / one for rate, one in zip(rates, base, strict=True)])
