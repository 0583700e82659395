"""What went wrong, in the three parts that a record shows, whoever raised it."""

from __future__ import annotations

import traceback
from pathlib import Path

from workbench.core.deps import MissingDependency
from workbench.core.errors import BadInput
from workbench.store import disk_error, note


def told(err: BaseException, home: Path) -> dict[str, str]:
    """Ours as it is, a full disk as one, anything else by its kind; the whole goes to the log.

    Args:
        err: what was raised.
        home: ``WORKBENCH_HOME``.
    """
    if isinstance(err, BadInput):
        return err.to_json()
    note("".join(traceback.format_exception(err)))
    disk = disk_error(err, home)
    return disk.to_json() if disk else unexpected(err)


def unexpected(err: BaseException) -> dict[str, str]:
    """An error that we did not foresee."""
    return BadInput(
        f"{type(err).__name__}: {err}"[:500],
        "the job to run through",
        "see server.log in WORKBENCH_HOME, and report it if the input was right",
    ).to_json()


def broken(step: str, err: Exception) -> BadInput:
    """A step whose library gave up: which one, why, and what to do about it."""
    why = str(err) if isinstance(err, MissingDependency) else f"{type(err).__name__}: {err}"
    return BadInput(
        f"{step} ({' '.join(why.split())[:240]})",
        "a step that runs through on this model",
        f"leave out {step}, or choose another runtime",
    )
