"""Intervals for one quantity: shares, ratios and times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.core.records import Estimate

FEW = 3  # rows right, or wrong, up to which Wilson's interval is too short on their side


def z_value(level: float) -> float:
    """Two-sided normal quantile: 1.96 for 0.95."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(0.5 + level / 2)


def t_value(level: float, n: int) -> float:
    """Two-sided Student quantile for ``n`` observations; infinite below two."""
    if n < 2:
        return float("inf")
    from scipy.stats import t

    return float(t.ppf(0.5 + level / 2, n - 1))


def proportion(k: int, n: int, level: float = 0.95) -> Estimate:
    """A share of ``n`` rows.

    Args:
        k: how many of the rows, 0 to n.
        n: rows, at least 1.
        level: coverage.
    """
    low, high = share_interval(k, n, level)
    return Estimate(k / n, low, high, n, "1", level)


def share_interval(k: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of ``k`` in ``n``, its end towards a near 0 or 1 moved out.

    With 1 to 3 wrong answers Wilson's interval begins too far from none: at 0.18 expected in
    480 rows it covers 84 %. There the exact end for rare events stands in, and no share is
    covered less than 92 % of the time.

    Source:
        Brown, Cai and DasGupta 2001, Statistical Science 16:101, sec. 4.1.1.
    """
    low, high = wilson(k, n, level)
    if 0 < k <= FEW:
        low = min(low, _rare(k, level) / n)
    if 0 < n - k <= FEW:
        high = max(high, 1 - _rare(n - k, level) / n)
    return low, high


def _rare(k: float, level: float) -> float:
    """The least mean of a Poisson count that is ``k`` or more with a probability of 1 - level."""
    from scipy.stats import chi2

    return float(chi2.ppf(1 - level, 2 * k)) / 2


def wilson(k: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Ends of Wilson's interval, exactly 0 at none and 1 at all.

    Source:
        Wilson 1927, JASA 22(158), eq. for p; Brown, Cai and DasGupta 2001, sec. 3.1.1.
    """
    z = z_value(level)
    share = k / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = 0.0 if share <= 0 else max(0.0, middle - half)
    return float(low), float(1.0 if share >= 1 else min(1.0, middle + half))


def mean_log_ratio(ratios: Sequence[float], level: float = 0.95) -> Estimate:
    """Geometric mean of one ratio per launch, with a t interval on the logarithms.

    The launches are the observations: calls of one launch share its luck, and an interval from
    them alone would be far too narrow.

    Args:
        ratios: above 0, one per launch; a single one gives an interval from 0 to infinity,
            cut here to a factor of 100 either way.
        level: coverage.

    Source:
        Student 1908 on log ratios; geometric means of ratios: Fleming and Wallace 1986.
    """
    return _log_interval(ratios, level, "1")


def mean_positive(values: Sequence[float], unit: str, level: float = 0.95) -> Estimate:
    """Geometric mean of a positive quantity per launch, such as a latency in s; as above."""
    return _log_interval(values, level, unit)


def _log_interval(values: Sequence[float], level: float, unit: str) -> Estimate:
    logs = np.log(np.asarray(values, dtype=float))
    n = len(logs)
    centre = float(logs.mean())
    half = np.log(100.0)
    if n > 1:
        half = min(half, t_value(level, n) * float(logs.std(ddof=1)) / np.sqrt(n))
    ends = np.exp([centre, centre - half, centre + half])
    return Estimate(float(ends[0]), float(ends[1]), float(ends[2]), n, unit, level)


def exact(value: float, unit: str) -> Estimate:
    """A number without doubt, such as a size."""
    return Estimate(value, value, value, 1, unit, 1.0, "exact")
