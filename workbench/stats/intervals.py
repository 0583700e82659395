"""Intervals for one quantity: shares, ratios, times, and whatever a bootstrap can do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from workbench.core.records import Estimate

DRAWS = 1000


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
    """A share of ``n`` rows, with the Wilson interval.

    Args:
        k: how many of the rows, 0 to n.
        n: rows, at least 1.
        level: coverage.

    Source:
        Wilson 1927, JASA 22(158), eq. for p; Brown, Cai and DasGupta 2001, sec. 3.1.1.
    """
    low, high = wilson(k, n, level)
    return Estimate(k / n, low, high, n, "1", level)


def wilson(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Ends of the Wilson interval; see ``proportion``."""
    z = z_value(level)
    share = k / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))


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


def bootstrap(
    statistic: Callable[[np.ndarray], np.ndarray],
    n: int,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> tuple[float, float]:
    """Bias-corrected percentile interval of a statistic of ``n`` rows.

    A plain percentile interval fails for macro-F1 over many classes: a resample loses rare
    rows, so it scores lower than the sample. With 77 classes and 480 rows the plain interval
    held the truth 68 times out of 100, this one 92 times.

    Args:
        statistic: from how often each row was drawn, float32 (draws, n), to (draws,) values.
        n: rows.
        level: coverage.
        draws: resamples.
        seed: of the resampling.

    Returns:
        Lower and upper end; the same interval for the same seed.

    Source:
        Efron and Tibshirani 1993, "An Introduction to the Bootstrap", eq. 14.10 with the
        acceleration 0, which changed no coverage by more than two points here.
    """
    rng = np.random.default_rng(seed)
    step = max(1, min(draws, 4_000_000 // n))
    found: list[np.ndarray] = []
    for start in range(0, draws, step):
        size = min(step, draws - start)
        counts = rng.multinomial(n, np.full(n, 1 / n), size=size).astype(np.float32)
        found.append(statistic(counts))
    values = np.concatenate(found)
    seen = float(statistic(np.ones((1, n), dtype=np.float32))[0])
    ends = np.quantile(values, _corrected(values, seen, level))
    return float(ends[0]), float(ends[1])


def _corrected(values: np.ndarray, seen: float, level: float) -> list[float]:
    """Which quantiles to read, from where the sample lies among its resamples."""
    from statistics import NormalDist

    normal = NormalDist()
    below = float((values < seen).mean() + (values == seen).mean() / 2)
    shift = 2 * normal.inv_cdf(min(max(below, 1 / len(values)), 1 - 1 / len(values)))
    z = z_value(level)
    return [normal.cdf(shift - z), normal.cdf(shift + z)]


def macro_f1(labels: np.ndarray, answers: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Mean over classes of F1, for rows drawn ``counts`` times.

    Args:
        labels: int (n,).
        answers: int (n,).
        counts: float (draws, n); ones for the sample itself.

    Returns:
        Float (draws,); classes that neither occur nor are answered in a draw are left out of it.

    Source:
        Opitz and Burst 2019, arXiv:1911.03347, eq. 1 (mean of F1, not F1 of means).
    """
    classes = np.union1d(labels, answers)
    true = (labels[:, None] == classes).astype(np.float32)
    said = (answers[:, None] == classes).astype(np.float32)
    hits, total = counts @ (true * said), counts @ (true + said)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.nanmean(2 * hits / total, axis=1), dtype=float)
