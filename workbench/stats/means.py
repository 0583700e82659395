"""Means over rows whose values follow no simple law, by the bootstrap; also of changes."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from workbench.core.records import Estimate, Verdict
from workbench.stats.paired import ALPHA, MOST, POWER

DRAWS = 2_000
CELLS = 1 << 21  # numbers drawn at once, at most


def mean(
    values: np.ndarray, weights: np.ndarray | None = None, unit: str = "1", level: float = 0.95
) -> Estimate:
    """Sum of the values ÷ sum of the weights, with a percentile interval over rows.

    Args:
        values: float (rows,).
        weights: float (rows,), such as the bytes of each row; one each by default.
        unit: of the result.
        level: coverage.

    Source:
        Efron and Tibshirani 1993, An Introduction to the Bootstrap, sec. 13.3.
    """
    weights = np.ones(len(values)) if weights is None else weights
    drawn = _drawn(np.stack([values, weights]))
    low, high = np.quantile(drawn[0] / drawn[1], [0.5 - level / 2, 0.5 + level / 2])
    value = float(values.sum() / weights.sum())
    return Estimate(value, min(value, float(low)), max(value, float(high)), len(values), unit)


def change(before: np.ndarray, after: np.ndarray, weights: np.ndarray | None = None) -> Estimate:
    """The candidate's mean minus the reference's, on the same rows; arguments as above."""
    return mean(np.asarray(after) - np.asarray(before), weights)


def _drawn(columns: np.ndarray) -> np.ndarray:
    """Sums of rows drawn again and again, (columns, draws)."""
    rng = np.random.default_rng(0)
    rows = columns.shape[1]
    step = max(1, CELLS // rows)
    parts = []
    for start in range(0, DRAWS, step):
        index = rng.integers(0, rows, (min(step, DRAWS - start), rows))
        parts.append(columns[:, index].sum(axis=2))
    return np.concatenate(parts, axis=1)


def verdict(difference: np.ndarray, found: Estimate, higher_is_better: bool = True) -> Verdict:
    """``better`` or ``worse`` where the interval of the change does not hold zero.

    Args:
        difference: candidate minus reference of each row; with its mean and spread it tells how
            many rows would settle a change as large as the one seen, with a power of 0.8.
        found: the change, as ``change`` gives it.
        higher_is_better: which way is good.
    """
    if found.low > 0 or found.high < 0:
        return Verdict("better" if (found.low > 0) == higher_is_better else "worse")
    centre = abs(float(difference.mean()))
    spread = float(difference.std(ddof=1)) if len(difference) > 1 else 0.0
    if not centre or not spread:
        return Verdict("cannot tell")
    z_alpha, z_beta = (NormalDist().inv_cdf(p) for p in (1 - ALPHA / 2, POWER))
    rows = math.ceil(((z_alpha + z_beta) * spread / centre) ** 2)
    return Verdict("cannot tell", rows if rows <= MOST else None)
