"""What the sliders promise before anything is measured: the nearest run, named as such."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from workbench.core.anatomy import Anatomy
from workbench.core.errors import BadInput
from workbench.core.records import Estimate, Run
from workbench.recipes.rate import rate_of
from workbench.recipes.recipe import Recipe

BORROWED = ("accuracy", "macro_f1", "accuracy_change", "throughput", "memory")


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


def expect(recipe: Recipe, size_bytes: int, anatomy: Anatomy, runs: Sequence[Run]) -> Expectation:
    """Look for the nearest run that is done.

    Args:
        recipe: what the sliders say.
        size_bytes: of its result.
        anatomy: of the uncompressed model.
        runs: of the same model, task and split.
    """
    exact = Estimate(size_bytes, size_bytes, size_bytes, 1, "B", 1.0, "exact")
    done = [run for run in runs if run.status == "done" and "latency_mean" in run.metrics]
    if not done:
        return Expectation({"size": exact})
    near = min(reversed(done), key=lambda run: _distance(recipe, run, anatomy))
    borrowed = {
        name: value
        for name, value in near.metrics.items()
        if name in BORROWED or "latency" in name or name.startswith("speedup")
    }
    return Expectation({**borrowed, "size": exact}, near, near.recipe == recipe.to_json())


def _distance(recipe: Recipe, run: Run, anatomy: Anatomy) -> float:
    """How unlike a run's recipe is; another precision counts like a factor of e in size."""
    try:
        other = Recipe.from_json(run.recipe)
        sizes = abs(log(rate_of(recipe, anatomy) / rate_of(other, anatomy)))
    except BadInput:
        return float("inf")
    mine, theirs = _settings(recipe), _settings(other)
    knobs: float = sum(abs(mine.get(k, 0.0) - theirs.get(k, 0.0)) for k in {*mine, *theirs})
    kinds = {c.name for c in recipe.techniques} ^ {c.name for c in other.techniques}
    return float(
        sizes + 0.1 * knobs + len(kinds) + 2.0 * (recipe.runtime.name != other.runtime.name)
    )


def _settings(recipe: Recipe) -> dict[str, float]:
    data: dict[str, Any] = recipe.to_json()
    return {
        f"{entry['name']}.{name}": float(value)
        for entry in (*data["techniques"], data["runtime"])
        for name, value in entry.items()
        if isinstance(value, int | float)
    }
