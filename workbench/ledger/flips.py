"""From the outputs of two runs to the ledger of what changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from workbench.core.errors import BadInput
from workbench.ledger.exact import RATE
from workbench.ledger.groups import Answers, groups
from workbench.ledger.records import LOST, OTHER, WON, Flip, Ledger
from workbench.stats.paired import difference, mcnemar, quality_verdict
from workbench.tasks import Rows


class Named(NamedTuple):
    """What a ledger is about: ids of both runs and of the task, the split, the classes."""

    run: str
    against: str
    task: str
    split: str
    classes: Sequence[str]


def ledger(
    named: Named,
    rows: Rows,
    before: np.ndarray,
    after: np.ndarray,
    most: int | None = None,
) -> Ledger:
    """Compare two runs on the rows that both answered.

    Args:
        named: ids, split and classes.
        rows: of the split, with labels and slice columns.
        before: logits of the run compared with, float (rows, classes).
        after: logits of the run.
        most: how many changed rows to keep, the worst first; all if None.

    Raises:
        BadInput: if the outputs are not those of these rows.
    """
    _check(rows, named, before, after)
    answers = Answers(np.asarray(rows.labels), before.argmax(axis=1), after.argmax(axis=1))
    right = answers.before == answers.labels, answers.after == answers.labels
    flips = _flips(answers, rows, named.classes, (before, after))
    count = {kind: sum(flip.kind == kind for flip in flips) for kind in (LOST, WON, OTHER)}
    return Ledger(
        run=named.run,
        against=named.against,
        task=named.task,
        split=named.split,
        n=len(answers.labels),
        right_before=int(right[0].sum()),
        right_after=int(right[1].sum()),
        lost=count[LOST],
        won=count[WON],
        other=count[OTHER],
        change=difference(*right),
        p=mcnemar(*right),
        verdict=quality_verdict(*right),
        rate=RATE,
        groups=groups(answers, named.classes, rows.slices),
        flips=tuple(sorted(flips, key=lambda flip: (-flip.drop, flip.row))[:most]),
    )


def _check(rows: Rows, named: Named, before: np.ndarray, after: np.ndarray) -> None:
    shape = (len(rows.texts), len(named.classes))
    for run, logits in ((named.against, before), (named.run, after)):
        if logits.shape != shape:
            told = f"run {run!r:.40} ({logits.shape[0]:,} rows, {logits.shape[-1]:,} classes)"
            wanted = f"outputs for {shape[0]:,} rows and {shape[1]:,} classes"
            raise BadInput(told, wanted, "measure it again")


def _flips(
    answers: Answers,
    rows: Rows,
    classes: Sequence[str],
    logits: tuple[np.ndarray, np.ndarray],
) -> list[Flip]:
    changed = np.flatnonzero(answers.before != answers.after)
    sure = [probabilities(side[changed]) for side in logits]
    made = []
    for place, row in enumerate(changed):
        label, old, new = (int(of[row]) for of in answers)
        made.append(
            Flip(
                row=int(row),
                text=rows.texts[row],
                label=classes[label],
                before=classes[old],
                after=classes[new],
                kind=LOST if old == label else WON if new == label else OTHER,
                drop=float(sure[0][place, label] - sure[1][place, label]),
                sure_before=float(sure[0][place, old]),
                sure_after=float(sure[1][place, new]),
                slices={column: values[int(row)] for column, values in rows.slices.items()},
            )
        )
    return made


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Softmax, float64 (rows, classes); where the logits are no numbers, 0."""
    with np.errstate(invalid="ignore", over="ignore"):
        shifted = np.asarray(logits, dtype=float)
        shifted = np.exp(shifted - shifted.max(axis=1, keepdims=True))
        shares = shifted / shifted.sum(axis=1, keepdims=True)
    return np.asarray(np.nan_to_num(shares, nan=0.0))
