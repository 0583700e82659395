"""What is told about stored runs beside their records, to whoever knows their ids."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from workbench.core.errors import BadInput
from workbench.core.records import Run
from workbench.jobs import layers
from workbench.jobs.clients import OWNER
from workbench.jobs.operating import kept
from workbench.ledger import compared, counterpart
from workbench.measure.causes import causes
from workbench.measure.ceiling import Ceiling, key, least_s
from workbench.measure.pace import Pace, floor_s, pace, pace_causes
from workbench.measure.profile import Profile
from workbench.store import Store

MOST_FLIPS = 2_000  # changed rows in one answer, the worst first; the command exports all
TEXT_CHARS = 2_000  # of each row's text
CEILING = "ceiling-{key}.json"  # below ``cache``

Sees = Callable[[Run], bool]


def everybody(_: Run) -> bool:
    """The rule of a process that belongs to the owner."""
    return True


def view(
    name: str, store: Store, run_id: str, against: str = "", client: str = OWNER
) -> dict[str, Any]:
    """A view of a run by its name: ``flips`` or ``why``; arguments as below."""
    if name == "flips":
        return flips(store, run_id, against)
    if name == "why":
        return why(store, run_id, client)
    raise BadInput(f"view {name!r:.40}", "flips or why", "ask through the client")


def flips(store: Store, run_id: str, against: str = "") -> dict[str, Any]:
    """The ledger of two runs, as plain data.

    Args:
        store: holds both.
        run_id: a finished run.
        against: another run on the same rows; empty for the run's own reference.

    Raises:
        BadInput: for a run that is not there, or that cannot be compared.
    """
    run = store.run(run_id)
    made = compared(store.home, run, store.run(counterpart(run, against)), MOST_FLIPS)
    short = tuple(replace(flip, text=flip.text[:TEXT_CHARS]) for flip in made.flips)
    return replace(made, flips=short).to_json()


def why(store: Store, run_id: str, client: str = OWNER) -> dict[str, Any]:
    """Where a run's time goes, why, and how near that is to what the machine could do.

    Args:
        store: holds it.
        run_id: a finished run.
        client: who asks; operating points that a visitor measured are for that visitor.

    Returns:
        ``profile`` and ``reference`` (plain data of a ``Profile``, or None), ``pace`` (of a
        ``Pace``, of models that write, which have no profile), ``causes`` (of ``Cause``),
        ``least_s`` (the bound of ``ceiling.least_s`` or ``pace.floor_s``, or None), ``operating``
        (plain data of ``Point``, as far as its grid is measured), ``operating_failed`` (of
        ``Unmeasured``: what could not be measured, and why).

    Raises:
        BadInput: for a run that is not there.
    """
    run = store.run(run_id)
    points = kept(store, run, client)
    mine = _profile(store, run.id)
    reference = _profile(store, run.reference) if run.reference else None
    writes = pace(run.metrics)
    if writes is not None:
        found = pace_causes(
            writes, pace(store.run(run.reference).metrics) if run.reference else None
        )
    else:
        found = causes(mine, reference) if mine is not None else ()
    return {
        "schema": 1,
        "run": run.id,
        "profile": layers.told(run, mine, store.home),
        "reference": _beside(store, run, reference),
        "pace": None if writes is None else writes.to_json(),
        "causes": [cause.to_json() for cause in found],
        "least_s": _least(store, run, mine or writes),
        "operating": points.get("points", []),
        "operating_failed": points.get("failed", []),
    }


def _beside(store: Store, run: Run, profile: Profile | None) -> dict[str, Any] | None:
    if profile is None or run.reference is None:
        return None
    return layers.told(store.run(run.reference), profile, store.home)


def limits(store: Store, sees: Sees = everybody) -> dict[str, Any]:
    """``least_s`` of every run that has one and that may be seen: ``{"limits": {id: s}}``."""
    found = {}
    for run in store.runs():
        if run.status == "done" and sees(run):
            least = _least(store, run, _profile(store, run.id))
            if least is not None:
                found[run.id] = least
    return {"schema": 1, "limits": found}


def _profile(store: Store, run_id: str) -> Profile | None:
    data = store.attached(run_id, "profile")
    try:
        return Profile.from_json(data) if data else None
    except (BadInput, TypeError, AttributeError):
        return None  # of another version


def _least(store: Store, run: Run, of: Profile | Pace | None) -> float | None:
    runtime = run.recipe.get("runtime", {})
    threads, device = int(runtime.get("threads", 1)), runtime.get("device", "cpu")
    data = store.cached(CEILING.format(key=key(run.environment, threads, device)))
    if of is None or data is None:
        return None
    found = Ceiling.from_json(data)
    return floor_s(of, found) if isinstance(of, Pace) else least_s(of, found)
