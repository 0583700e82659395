"""From a recipe to steps: where the formats need an export, and whether the chain is possible."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from workbench.core.anatomy import Anatomy
from workbench.core.errors import BadInput
from workbench.recipes.recipe import Recipe
from workbench.recipes.registry import (
    EXPORTS,
    RUNTIMES,
    TECHNIQUES,
    WAYS,
    WRITERS,
    Technique,
    lookup,
    missing,
    reason,
    way,
)

WHOLE = ("dynamic_int8", "static_int8", "weight_only", "fp8")  # nothing can follow these
# training on brings back what these took: TensorFlow's toolkit keeps it in its own step only
UNDOES = {
    "gradual_pruning": ("weight_clustering", "distillation"),
    "weight_clustering": ("gradual_pruning", "distillation", "quantisation_aware"),
}
NARROWING = ("bf16", "fp16", "quantisation_aware", *WHOLE)  # one at a time


@dataclass(frozen=True)
class Step:
    """One thing to do: a technique with its config, or an export (config None)."""

    name: str
    source: str
    target: str
    config: Any = None


@dataclass(frozen=True)
class Plan:
    """Steps in order, and the model they end in."""

    steps: tuple[Step, ...]
    format: str
    anatomy: Anatomy

    @property
    def size_bytes(self) -> int:
        """Bytes of the compressed weights, exact from shapes and widths."""
        return self.anatomy.size_bytes


def plan(recipe: Recipe, anatomy: Anatomy, format: str = "") -> Plan:
    """Order the work for a model with these shapes.

    Args:
        recipe: what is asked for.
        anatomy: of the model.
        format: of the model; the anatomy's own where it is not given.

    Raises:
        BadInput: if the chain is impossible, with the step and the reason, before any work.
    """
    runs_on = lookup(RUNTIMES, "runtime", recipe.runtime.name)
    _one_precision(recipe)
    if anatomy.writes:
        _writing(recipe, format or anatomy.format)
    steps: list[Step] = []
    last: Technique | None = None
    format = format or anatomy.format
    for config, entry in zip(recipe.techniques, ways(recipe, format), strict=True):
        _present(entry, config)
        _fitting(entry, recipe.runtime)
        if entry.follows and last is None:
            remedy = f"put another technique before it, or leave out {entry.name}"
            raise BadInput(f"{entry.name} of an unchanged model", entry.follows, remedy)
        _undone(entry, last, [step.name for step in steps])
        steps += _export(format, entry.format, last, f"technique {entry.name}")
        steps.append(Step(entry.name, entry.format, entry.format, config))
        anatomy, format, last = entry.resize(anatomy, config), entry.format, entry
    _present(runs_on, recipe.runtime)
    steps += _export(format, runs_on.format, last, f"runtime {runs_on.name}")
    return Plan(tuple(steps), runs_on.format, anatomy)


def _writing(recipe: Recipe, format: str) -> None:
    """Refuse what does not go with a model that writes."""
    for config, entry in zip(recipe.techniques, ways(recipe, format), strict=True):
        if not entry.writes:
            able = sorted({way.name for way in WAYS.values() if way.writes})
            told, wanted = f"{config.name} of a model that writes", f"one of {', '.join(able)}"
            raise BadInput(told, wanted, f"leave out {config.name}")
    if recipe.runtime.name not in WRITERS:
        told = f"runtime {recipe.runtime.name} for a model that writes"
        raise BadInput(told, f"one of {', '.join(sorted(WRITERS))}", "choose another")
    if lacks := WRITERS[recipe.runtime.name].lacks():
        told = f"{recipe.runtime.name} ({lacks})"
        raise BadInput(told, "an engine that works here", "install it, or choose another runtime")


def ways(recipe: Recipe, source: str) -> list[Technique]:
    """For each technique of the recipe the way that its runtime takes, else the model's format.

    Args:
        recipe: what is asked for.
        source: format of the model.
    """
    target = lookup(RUNTIMES, "runtime", recipe.runtime.name).format
    for config in recipe.techniques:
        lookup(TECHNIQUES, "technique", config.name)
    return [way(config.name, target, source) for config in recipe.techniques]


def _undone(entry: Technique, last: Technique | None, before: list[str]) -> None:
    """Refuse what would undo what a technique before it did."""
    if last is None or entry.format != last.format:
        return
    final = WHOLE if last.format != "keras" else NARROWING
    if last.name in final:
        wanted, remedy = f"{last.name} as the last technique", f"put it behind {entry.name}"
        raise BadInput(f"{entry.name} after {last.name}", wanted, remedy)
    for name in before:
        if entry.format == "keras" and entry.name in UNDOES.get(name, ()):
            wanted = f"{name} as the last technique that trains"
            raise BadInput(f"{entry.name} after {name}", wanted, f"put it before {name}")


@cache
def reachable(source: str, writes: bool = False) -> frozenset[str]:
    """Names of the techniques and runtimes that a model of this format can come to."""
    formats = {source, *(target for start, target in EXPORTS if start == source)}
    named = {way.name for way in WAYS.values() if way.format in formats and way.writes >= writes}
    runs = {x.name for x in RUNTIMES.values() if x.format in formats}
    writers = {name for name, made in WRITERS.items() if not made.lacks()}
    return frozenset(named | (runs & writers if writes else runs))


def _one_precision(recipe: Recipe) -> None:
    named = [config.name for config in recipe.techniques if config.name in NARROWING]
    if len(named) > 1:
        wanted = "one precision for the whole model"
        raise BadInput(f"{named[1]} after {named[0]}", wanted, f"leave out {named[0]}")


def _present(entry: Any, config: Any) -> None:
    absent = reason(entry, config)
    if absent:
        elsewhere = [
            other.name
            for other in RUNTIMES.values()
            if (found := WAYS.get((entry.name, other.format)))
            and not (reason(found, config) or missing(other))
        ]
        able = f"choose the runtime {' or '.join(elsewhere)}" if elsewhere else "choose another"
        remedy = f"install {entry.module}" if entry.module else able
        raise BadInput(f"{entry.name} ({absent})", "an engine that works here", remedy)


def _fitting(entry: Technique, runs_on: Any) -> None:
    wanted = entry.fits(runs_on)
    if wanted:
        raise BadInput(f"runtime {runs_on.name} after {entry.name}", wanted, f"choose {wanted}")


def _export(source: str, target: str, last: Technique | None, wanted: str) -> list[Step]:
    if source == target:
        return []
    if last is not None and last.stays:
        raise BadInput(f"{wanted} after {last.name}", last.stays, f"leave out {last.name}")
    if (source, target) not in EXPORTS:
        made = f" after {last.name}" if last is not None else ""
        takes = f"something that takes the {source} format, for nothing converts it to {target}"
        raise BadInput(f"{wanted}{made}", takes, _mend(source, last))
    return [Step("export", source, target)]


def _mend(source: str, last: Technique | None) -> str:
    """What to do about a step that cannot follow: run elsewhere, or leave out what came before."""
    able = [e.name for e in RUNTIMES.values() if e.format == source and not missing(e)]
    choose = f"choose the runtime {' or '.join(able)}" if able else "change the order"
    return f"{choose}, or leave out {last.name}" if last is not None else choose


def with_runtime(recipe: Recipe, anatomy: Anatomy, format: str = "") -> Recipe:
    """The recipe on its own runtime if that can run it, else on another that can.

    Of several, one for the format that its last technique was first made for comes first.

    Args:
        recipe: techniques, and the runtime that is tried first.
        anatomy: of the model.
        format: only runtimes that take it; empty for any.
    """
    home = TECHNIQUES[recipe.techniques[-1].name].format if recipe.techniques else ""
    others = [entry for entry in RUNTIMES.values() if not missing(entry)]
    others.sort(key=lambda entry: entry.format != home)
    for config in (recipe.runtime, *(entry.config_type() for entry in others)):
        if format and RUNTIMES[config.name].format != format:
            continue
        candidate = replace(recipe, runtime=config)
        try:
            plan(candidate, anatomy)
        except BadInput:
            continue
        return candidate
    plan(recipe, anatomy)
    return recipe
