"""The runs that no other run beats."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def pareto_front(points: Sequence[Sequence[float]]) -> np.ndarray:
    """Which of (n, d) points no other beats, bool (n,); the smaller the better.

    Equal points do not beat each other.
    """
    if not len(points):
        return np.zeros(0, dtype=bool)
    values = np.asarray(points, dtype=float)
    no_worse = (values[:, None, :] <= values[None, :, :]).all(axis=2)
    better = (values[:, None, :] < values[None, :, :]).any(axis=2)
    return np.asarray(~(no_worse & better).any(axis=0))
