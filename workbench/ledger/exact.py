"""The exact tests behind ``groups``: lost against won, and lost here against lost elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from workbench.stats.multiple import discrete_fdr

RATE = 0.10  # of false discoveries among all groups reported
SHARE = RATE / 2  # for each of the two questions: the rates of both add up to ``RATE`` at most


class Sides(NamedTuple):
    """Whether each row was answered right: bool (rows,) before and after."""

    before: np.ndarray
    after: np.ndarray

    def of(self, mask: np.ndarray) -> Sides:
        """The rows where ``mask``, bool (rows,), is true."""
        return Sides(self.before[mask], self.after[mask])

    @property
    def lost(self) -> int:
        """Rows that went from right to wrong."""
        return int((self.before & ~self.after).sum())

    @property
    def won(self) -> int:
        """Rows that went from wrong to right."""
        return int((~self.before & self.after).sum())


class Tests(NamedTuple):
    """p values of a group and what they become once corrected; see ``records.Group``."""

    p: float
    q: float
    p_rest: float
    q_rest: float


def tested(masks: Sequence[np.ndarray], sides: Sides) -> list[Tests]:
    """Both tests for every group, corrected over all groups.

    Args:
        masks: the groups, bool (rows,) each.
        sides: of all rows.

    Source:
        McNemar, exact: Fagerland, Lydersen and Laake 2013, BMC Med. Res. Methodol. 13:91, eq. 2;
        Fisher 1935, JRSS 98:39, one-sided. The smallest p value that a group could give depends
        on its margins only, as Gilbert's correction needs.
    """
    from scipy.stats import binom, hypergeom

    if not masks:
        return []
    here = [sides.of(mask) for mask in masks]
    right = np.array([side.before.sum() for side in here], dtype=np.int64)
    lost = np.array([side.lost for side in here], dtype=np.int64)
    won = np.array([side.won for side in here], dtype=np.int64)
    own = np.minimum(1.0, 2 * binom.cdf(np.minimum(lost, won), lost + won, 0.5))
    q_own = discrete_fdr(own, np.minimum(1.0, 2.0 * 0.5 ** (lost + won)), SHARE)
    total, gone = int(sides.before.sum()), sides.lost
    rest = hypergeom.sf(lost - 1, total, gone, right)
    least = hypergeom.sf(np.minimum(gone, right) - 1, total, gone, right)
    q_rest = discrete_fdr(rest, least, SHARE)
    return [Tests(*map(float, row)) for row in zip(own, q_own, rest, q_rest, strict=True)]


def residual(group: np.ndarray, everything: np.ndarray, sides: Sides, worse: bool) -> float:
    """The p value of what is left of a group: the smaller of both tests, in the direction given.

    Args:
        group: rows of the group that no stronger finding holds, bool (rows,).
        everything: rows that no stronger finding holds.
        sides: of all rows.
        worse: whether the group was found to be worse, else better.
    """
    from scipy.stats import binom, hypergeom

    here, there = sides.of(group), sides.of(everything)
    if (here.won - here.lost) * (-1 if worse else 1) <= 0:
        return 1.0
    changed, fewer = here.lost + here.won, min(here.lost, here.won)
    own = 2 * float(binom.cdf(fewer, changed, 0.5))
    if not worse:
        return own
    right = int(here.before.sum())
    rest = hypergeom.sf(here.lost - 1, int(there.before.sum()), there.lost, right)
    return min(own, float(rest))
