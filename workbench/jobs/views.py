"""What is told about stored runs beside their records, to those who may see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from workbench.core.errors import BadInput
from workbench.core.records import Run
from workbench.ledger import compared, counterpart
from workbench.store import Store

MOST_FLIPS = 2_000  # changed rows in one answer, the worst first; the command exports all
TEXT_CHARS = 2_000  # of each row's text

Sees = Callable[[Run], bool]


def everybody(_: Run) -> bool:
    """The rule of a process that belongs to the owner."""
    return True


def flips(store: Store, run_id: str, against: str = "", sees: Sees = everybody) -> dict[str, Any]:
    """The ledger of two runs, as plain data.

    Args:
        store: holds both.
        run_id: a finished run.
        against: another run on the same rows; empty for the run's own reference.
        sees: whether whoever asks may see a run. A run's reference goes with the run.

    Raises:
        BadInput: for a run that is not there or not theirs to see, or that cannot be compared.
    """
    run = seen(store, run_id, sees)
    other = counterpart(run, against)
    beside = store.run(other) if other == run.reference else seen(store, other, sees)
    made = compared(store.home, run, beside, MOST_FLIPS)
    short = tuple(replace(flip, text=flip.text[:TEXT_CHARS]) for flip in made.flips)
    return replace(made, flips=short).to_json()


def seen(store: Store, run_id: str, sees: Sees) -> Run:
    """A run, for those who may see it; to others it is not there."""
    run = store.run(run_id)
    if not sees(run):
        raise BadInput(
            f"run {run_id!r}", "the id of a stored run", "list them with workbench runs"
        )
    return run
