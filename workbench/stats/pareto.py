"""The runs that no other run beats, and how much of the plane they cover."""

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


def hypervolume(points: Sequence[Sequence[float]], corner: Sequence[float]) -> float:
    """Area that the points dominate up to ``corner``, two coordinates, the smaller the better.

    Source:
        Zitzler and Thiele 1998, "Multiobjective optimization using evolutionary algorithms".
    """
    area, edge = 0.0, float(corner[1])
    for x, y in sorted((float(p[0]), float(p[1])) for p in points):
        if x < corner[0] and y < edge:
            area += (float(corner[0]) - x) * (edge - y)
            edge = y
    return area
