"""Looking at launches while they come, without fooling oneself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from workbench.core.records import Estimate, Verdict
from workbench.stats.intervals import mean_log_ratio

LOOKS = (3, 6, 12)
ALPHAS = (0.002, 0.006, 0.017)  # two-sided, spent at each look; together 2.5 %, most of it late
LEVEL = 1 - sum(ALPHAS)
NARROW = 0.15  # half the 95 % interval, as a share of the ratio
POWER = 0.8
MOST = 1000  # launches; beyond, nobody waits


def repeated_interval(ratios: Sequence[float]) -> Estimate:
    """An interval that holds at whichever look one stops.

    The error of 2.5 % is split over the looks (Bonferroni), so the chance that any of them
    misses the truth is at most 2.5 %.

    Args:
        ratios: reference ÷ candidate, one per launch.

    Source:
        Jennison and Turnbull 1989, JRSS B 51:305 (repeated confidence intervals); error spent
        late as in O'Brien and Fleming 1979, Biometrics 35:549.
    """
    wide = mean_log_ratio(ratios, 1 - _alpha(len(ratios)))
    return Estimate(wide.value, wide.low, wide.high, wide.n, wide.unit, LEVEL)


def _alpha(launches: int) -> float:
    """The error of the look that so many launches belong to; before the first look, its own."""
    reached = [alpha for look, alpha in zip(LOOKS, ALPHAS, strict=True) if launches >= look]
    return reached[-1] if reached else ALPHAS[0]


def decide(ratios: Sequence[float]) -> Verdict:
    """``faster``, ``slower`` or ``cannot tell``; decided at the looks only, as planned."""
    looked = [look for look in LOOKS if look <= len(ratios)]
    if not looked:
        return Verdict("cannot tell")
    seen = ratios[: looked[-1]]
    interval = repeated_interval(seen)
    if interval.low > 1:
        return Verdict("faster")
    if interval.high < 1:
        return Verdict("slower")
    return Verdict("cannot tell", launches_needed(seen))


def launches_needed(ratios: Sequence[float]) -> int | None:
    """Launches that would settle a ratio as far from 1 as the one seen, with a power of 0.8.

    They are counted for one look, at their end, at the error of the last look.

    Returns:
        None if nothing points either way, or if nobody would wait for as many.

    Source:
        Guenther 1981, The American Statistician 35:243 (the second term is for the spread,
        which is itself estimated).
    """
    logs = np.log(np.asarray(ratios, dtype=float))
    centre, spread = abs(float(logs.mean())), float(logs.std(ddof=1))
    if centre == 0 or spread == 0:
        return None
    z_alpha, z_beta = (NormalDist().inv_cdf(p) for p in (1 - ALPHAS[-1] / 2, POWER))
    launches = math.ceil(((z_alpha + z_beta) * spread / centre) ** 2 + z_alpha**2 / 2)
    return max(launches, len(ratios) + 1) if launches <= MOST else None


def enough(ratios: Sequence[float]) -> bool:
    """Whether to stop: at a look, once the verdict is clear and the interval narrow, or at 12."""
    launches = len(ratios)
    if launches >= LOOKS[-1]:
        return True
    if launches not in LOOKS or decide(ratios).verdict == "cannot tell":
        return False
    usual = mean_log_ratio(ratios)
    return (usual.high - usual.low) / 2 <= NARROW * usual.value
