"""What the sliders promise before anything is measured: the nearest run, named as such."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from workbench.core.records import Estimate, Run
from workbench.recipes.recipe import Recipe

BORROWED = (
    *("accuracy", "macro_f1", "accuracy_change", "throughput", "memory"),
    *("fidelity", "fidelity_change", "bits_per_byte", "bits_per_byte_change", "prefill"),
)
BEGINNINGS = ("speedup", "decode", "first_token")


@dataclass(frozen=True)
class Expectation:
    """Metrics before measuring.

    Args:
        metrics: name to estimate; the size is exact, the rest is the nearest run's.
        near: the run they come from, or None.
        same: whether that run is of this very recipe.
    """

    metrics: Mapping[str, Estimate]
    near: Run | None = None
    same: bool = False

    @property
    def reference_s(self) -> float | None:
        """Median latency of the reference beside ``near``: its own times its speed-up, exactly.

        Both are geometric means over the same launches, so their product is that of the
        reference. Its own run was timed at another moment and would not fit.
        """
        own, gain = (self.metrics.get(name) for name in ("latency_p50", "speedup_latency"))
        return own.value * gain.value if own and gain else None


def expect(recipe: Recipe, size_bytes: int, runs: Sequence[Run]) -> Expectation:
    """Look for the nearest run that is done.

    Args:
        recipe: what the sliders say.
        size_bytes: of its result.
        runs: of the same model, task and split.
    """
    exact = Estimate(size_bytes, size_bytes, size_bytes, 1, "B", 1.0, "exact")
    known = {"latency_mean", "size"}
    done = [run for run in runs if run.status == "done" and known <= run.metrics.keys()]
    if not done:
        return Expectation({"size": exact})
    plain = recipe.to_json()
    near = min(reversed(done), key=lambda run: _distance(plain, size_bytes, run))
    borrowed = {
        name: value
        for name, value in near.metrics.items()
        if name in BORROWED or "latency" in name or name.startswith(BEGINNINGS)
    }
    return Expectation({**borrowed, "size": exact}, near, near.recipe == plain)


def _distance(mine: Mapping[str, Any], size_bytes: int, run: Run) -> float:
    """How unlike a run's recipe is; another precision counts like a factor of e in size.

    Called for every run at every move of a slider, so it looks at what the record holds.
    """
    theirs = run.recipe
    sizes = abs(log(size_bytes / run.metrics["size"].value))
    knobs = _unlike(_settings(mine), _settings(theirs))
    kinds = [{config["name"] for config in recipe["techniques"]} for recipe in (mine, theirs)]
    elsewhere = mine["runtime"]["name"] != theirs["runtime"]["name"]
    return float(sizes + 0.1 * knobs + len(kinds[0] ^ kinds[1]) + 2.0 * elsewhere)


def _unlike(mine: Mapping[str, float], theirs: Mapping[str, float]) -> float:
    return sum(abs(mine.get(k, 0.0) - theirs.get(k, 0.0)) for k in {*mine, *theirs})


def _settings(recipe: Mapping[str, Any]) -> dict[str, float]:
    return {
        f"{entry['name']}.{name}": float(value)
        for entry in (*recipe["techniques"], recipe["runtime"])
        for name, value in entry.items()
        if isinstance(value, int | float)
    }
