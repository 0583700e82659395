"""Many tests at once: how often a reported finding may be none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def benjamini_hochberg(p_values: Sequence[float] | np.ndarray) -> np.ndarray:
    """Adjusted p values, float (tests,): those at most ``q`` have a false-discovery rate of ``q``.

    Args:
        p_values: of independent or positively dependent tests, such as those of groups of rows.

    Source:
        Benjamini and Hochberg 1995, JRSS B 57:289; positive dependence: Benjamini and Yekutieli
        2001, Annals of Statistics 29:1165, th. 1.2.
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p)
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])
    return adjusted


def discrete_fdr(
    p_values: Sequence[float] | np.ndarray, smallest: Sequence[float] | np.ndarray, rate: float
) -> np.ndarray:
    """As ``benjamini_hochberg``, without the tests that could not have found anything.

    A group with three changed rows has no p value below 1/4, whatever happened; counting it
    would only make the others harder to see.

    Args:
        p_values: of exact tests.
        smallest: the smallest p value that each test could have given, from its margins alone.
        rate: of false discoveries that is aimed at.

    Returns:
        Adjusted p values, float (tests,); 1 for the tests left out.

    Source:
        Gilbert 2005, JRSS C 54:143, sec. 2 (Tarone 1990, Biometrics 46:515, before
        Benjamini-Hochberg).
    """
    p, low = np.asarray(p_values, dtype=float), np.asarray(smallest, dtype=float)
    adjusted = np.ones(len(p))
    count = next((k for k in range(1, len(p) + 1) if (low <= rate / k).sum() <= k), len(p))
    able = low <= rate / max(1, count)
    if able.any():
        adjusted[able] = benjamini_hochberg(p[able])
    return adjusted
