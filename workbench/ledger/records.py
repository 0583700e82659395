"""What two runs answered differently, as frozen records with JSON both ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from workbench.core.records import Estimate, Record, Verdict

LOST, WON, OTHER = "right_to_wrong", "wrong_to_right", "wrong_to_wrong"
KINDS = (LOST, WON, OTHER)
WORSE_THAN_REST, EXPLAINED = "worse than the rest", "explained"


@dataclass(frozen=True)
class Flip:
    """One row that the two runs answer differently.

    Args:
        row: place in the split, from 0.
        text: the input.
        label: the right answer.
        before: the answer of the run compared with.
        after: the answer of the run.
        kind: one of ``KINDS``.
        drop: by how much the probability of the right answer fell, -1 to 1; the worst is near 1.
        sure_before: probability that ``before`` was given, 0 to 1.
        sure_after: the same for ``after``.
        slices: slice column to this row's value.
    """

    row: int
    text: str
    label: str
    before: str
    after: str
    kind: str
    drop: float
    sure_before: float
    sure_after: float
    slices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """The rows of one class, or with one value in a slice column.

    Args:
        column: the slice column; empty for a class.
        value: the class or the column's value.
        n: rows.
        right_before: rows that the run compared with answers right.
        right_after: rows that the run answers right.
        lost: right to wrong.
        won: wrong to right.
        other: wrong to another wrong answer.
        change: accuracy after minus before, paired.
        p: that as many were lost as won here, exact, two-sided.
        q: ``p`` corrected for the number of groups.
        p_rest: that right answers are lost here no more often than in the other rows.
        q_rest: ``p_rest`` corrected for the number of groups.
        verdict: ``worse``, ``better``, ``worse than the rest``, ``explained`` (only because it
            shares rows with another finding) or ``cannot tell``, from the corrected values, with
            how many rows of this group would settle it.
        explained: which finding explains it, or empty.
    """

    column: str
    value: str
    n: int
    right_before: int
    right_after: int
    lost: int
    won: int
    other: int
    change: Estimate
    p: float
    q: float
    p_rest: float
    q_rest: float
    verdict: Verdict
    explained: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read plain data."""
        inner = {"change": Estimate.from_json(data["change"]), "verdict": _verdict(data)}
        return cls(**{**data, **inner})


@dataclass(frozen=True)
class Ledger(Record):
    """Two runs on the same rows.

    Args:
        run: id of the run.
        against: id of the run it is compared with.
        task: id of the task.
        split: ``validation`` or ``test``.
        n: rows of the split.
        right_before: rows that ``against`` answers right.
        right_after: rows that ``run`` answers right.
        lost: rows that went from right to wrong.
        won: from wrong to right.
        other: from wrong to another wrong answer.
        change: accuracy after minus before, paired, with its interval.
        p: that as many were lost as won, exact McNemar.
        verdict: ``better``, ``worse`` or ``cannot tell`` with the rows that would settle it.
        rate: of false discoveries among the groups that have a verdict.
        groups: classes, then slice columns, the worst of each first.
        flips: rows that changed, the worst first; at most as many as were asked for.
    """

    run: str
    against: str
    task: str
    split: str
    n: int
    right_before: int
    right_after: int
    lost: int
    won: int
    other: int
    change: Estimate
    p: float
    verdict: Verdict
    rate: float
    groups: tuple[Group, ...] = ()
    flips: tuple[Flip, ...] = ()

    @property
    def changed(self) -> int:
        """Rows with another answer."""
        return self.lost + self.won + self.other

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read plain data, as ``Record.from_json`` does, with its inner records."""
        inner = {
            "change": Estimate.from_json(data["change"]),
            "verdict": _verdict(data),
            "groups": tuple(Group.from_json(group) for group in data["groups"]),
            "flips": tuple(Flip(**flip) for flip in data["flips"]),
        }
        return super().from_json({**data, **inner})


def _verdict(data: Mapping[str, Any]) -> Verdict:
    return Verdict(**data["verdict"])
