"""The ledger of two stored runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from workbench.core.errors import BadInput
from workbench.core.records import Run
from workbench.ledger.flips import Named, ledger
from workbench.ledger.records import Ledger
from workbench.store import Store
from workbench.tasks import Rows


def compared(home: Path, run: Run, against: Run, most: int | None = None) -> Ledger:
    """What ``run`` answers otherwise than ``against``.

    Args:
        home: ``WORKBENCH_HOME``, which holds both.
        run: a finished run.
        against: another, on the same split of the same task.
        most: how many changed rows to keep, the worst first; all if None.

    Raises:
        BadInput: if they cannot be compared, or the task's rows are no longer those that they
            answered.
    """
    from workbench import tasks

    if (run.task, run.split) != (against.task, against.split):
        told = f"run {against.id!r:.40} ({against.split} of {against.task:.60})"
        raise BadInput(told, f"a run on {run.split} of {run.task}", "choose another run")
    store, task = Store(home), tasks.find(run.task)
    rows, before, after = task.rows(run.split), store.logits(against.id), store.logits(run.id)
    for one, logits in ((run, after), (against, before)):
        _same_rows(one, logits, rows)
    named = Named(run.id, against.id, run.task, run.split, task.classes)
    return ledger(named, rows, before, after, most)


def counterpart(run: Run, against: str | None) -> str:
    """Id of the run to compare with: the one given, or the run's reference.

    Raises:
        BadInput: if none is given and the run is a reference itself.
    """
    chosen = against or run.reference
    if not chosen:
        told = f"run {run.id!r:.40}, a reference"
        raise BadInput(told, "a run to compare it with", "name one with --against")
    return chosen


def _same_rows(run: Run, logits: np.ndarray, rows: Rows) -> None:
    """A data file may have changed since: then the answers are about other rows."""
    right = -1.0
    if len(logits) == len(rows.labels):
        right = float((logits.argmax(axis=1) == rows.labels).mean())
    told = run.metrics.get("accuracy")
    if told is None or abs(told.value - right) > 1e-9:
        wanted = "answers to the rows that the task has now"
        raise BadInput(f"run {run.id!r:.40}", wanted, "measure it again")
