"""Which classes and slices changed: exact tests per group, corrected for their number.

Two questions are asked of every group, each with half of the false-discovery rate:

* Were as many answers won as lost *in it*? Exact McNemar; valid however restless the group is,
  but ten points on 24 rows are two or three rows, and two or three rows prove nothing.
* Are right answers lost in it more often *than in the rest*? Fisher's exact test, one-sided. What
  the rest loses says how much is usual, so far fewer rows do: 100 where McNemar wants 180. It
  counts only where the group's own balance points down as well, because a group of hard rows
  loses and wins more often than others without harm.

A group that is worse only because it holds rows of another finding is told as explained by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from workbench.core.records import Verdict
from workbench.ledger.exact import SHARE, Sides, Tests, residual, tested
from workbench.ledger.records import EXPLAINED, WORSE_THAN_REST, Group
from workbench.stats.paired import difference, mcnemar, n_needed

GATE = 0.2  # one-sided, of a group's own balance: a hint is enough, the other test has the proof
FEWEST = 5  # rows; smaller groups are left out
MOST_VALUES = 200  # of a slice column; one with more tells rows apart, not groups
UNEXPLAINED = 0.05  # p value of the rows that no other finding holds


class Answers(NamedTuple):
    """Both runs on the same rows: int (rows,) each, index into the classes."""

    labels: np.ndarray
    before: np.ndarray
    after: np.ndarray


def groups(
    answers: Answers, classes: Sequence[str], slices: Mapping[str, Sequence[str]]
) -> tuple[Group, ...]:
    """Every class and every value of a slice column, classes first, the worst of each first.

    Args:
        answers: of both runs.
        classes: names, in the order of the labels.
        slices: column to one value per row.
    """
    masks = _masks(answers.labels, classes, slices)
    sides = Sides(answers.before == answers.labels, answers.after == answers.labels)
    moved = ~sides.before & ~sides.after & (answers.before != answers.after)
    tests = dict(zip(masks, tested(list(masks.values()), sides), strict=True))
    verdicts = {name: _verdict(sides.of(mask), tests[name]) for name, mask in masks.items()}
    explained = _explained(masks, tests, verdicts, sides)
    found = []
    for name, mask in masks.items():
        verdict = Verdict(EXPLAINED) if name in explained else verdicts[name]
        by = explained.get(name, "")
        found.append(
            _group(name, sides.of(mask), int(moved[mask].sum()), tests[name], verdict, by)
        )
    order = ["", *slices]
    return tuple(sorted(found, key=lambda g: (order.index(g.column), g.change.value, g.value)))


Name = tuple[str, str]  # (slice column or empty, class or value)


def _masks(
    labels: np.ndarray, classes: Sequence[str], slices: Mapping[str, Sequence[str]]
) -> dict[Name, np.ndarray]:
    made = {("", str(name)): labels == i for i, name in enumerate(classes)}
    for column, values in slices.items():
        cells = np.asarray(values, dtype=object)
        distinct = sorted(set(values))
        if len(distinct) <= MOST_VALUES:
            made |= {(column, value): cells == value for value in distinct}
    return {name: mask for name, mask in made.items() if mask.sum() >= FEWEST}


def _group(
    name: Name, sides: Sides, other: int, tests: Tests, verdict: Verdict, explained: str
) -> Group:
    return Group(
        column=name[0],
        value=name[1],
        n=len(sides.before),
        right_before=int(sides.before.sum()),
        right_after=int(sides.after.sum()),
        lost=sides.lost,
        won=sides.won,
        other=other,
        change=difference(sides.before, sides.after),
        p=tests.p,
        q=tests.q,
        p_rest=tests.p_rest,
        q_rest=tests.q_rest,
        verdict=verdict,
        explained=explained,
    )


def _verdict(sides: Sides, tests: Tests) -> Verdict:
    gap = sides.won - sides.lost
    if gap and tests.q <= SHARE:
        return Verdict("better" if gap > 0 else "worse")
    if gap < 0 and tests.q_rest <= SHARE and mcnemar(sides.before, sides.after) / 2 <= GATE:
        return Verdict(WORSE_THAN_REST)
    return Verdict("cannot tell", n_needed(sides.before, sides.after))


def _explained(
    masks: Mapping[Name, np.ndarray],
    tests: Mapping[Name, Tests],
    verdicts: Mapping[Name, Verdict],
    sides: Sides,
) -> dict[Name, str]:
    """Findings that are none without the rows of stronger ones, and which one holds most of them.

    A harm in one slice shows, thinned, in every class and slice that shares rows with it.
    """
    told = [name for name, verdict in verdicts.items() if verdict.verdict != "cannot tell"]
    told.sort(
        key=lambda name: (min(tests[name].p, tests[name].p_rest), -sides.of(masks[name]).lost)
    )
    kept: list[Name] = []
    explained: dict[Name, str] = {}
    taken = np.zeros(len(sides.before), dtype=bool)
    for name in told:
        worse = verdicts[name].verdict != "better"
        if kept and residual(masks[name] & ~taken, ~taken, sides, worse) > UNEXPLAINED:
            by = max(kept, key=lambda other: int((masks[name] & masks[other]).sum()))
            explained[name] = f"{by[0]}: {by[1]}" if by[0] else by[1]
            continue
        kept.append(name)
        taken |= masks[name]
    return explained
