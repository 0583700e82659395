"""Grids: many recipes written as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any

from workbench.core.errors import BadInput
from workbench.recipes.recipe import Recipe, check_fields

MOST = 1000  # recipes of one grid
COUNTED = 10**9  # recipes; beyond, nobody wants to know
RECIPE_S, DISTILLING_S = 60, 150  # rough, for a small model: measuring, and distilling before it
SLOW = "distillation"


def seconds(recipes: Iterable[Recipe]) -> int:
    """About how long a sweep takes whose recipes are all new, in s; told before it starts."""
    slow = [any(config.name == SLOW for config in recipe.techniques) for recipe in recipes]
    return len(slow) * RECIPE_S + sum(slow) * DISTILLING_S


def time_words(wanted_s: float) -> str:
    """``about 12 min``, ``about 3.5 h``."""
    if wanted_s < 3600:
        return f"about {max(1, round(wanted_s / 60))} min"
    hours = wanted_s / 3600
    return f"about {hours:.1f} h" if hours < 10 else f"about {hours:,.0f} h"


def expand(grid: Any) -> tuple[Recipe, ...]:
    """The recipes of a grid, without repeats.

    A grid is a recipe in which any knob may be a list, ``runtime`` a list of runtimes and
    ``techniques`` a list of lists; its recipes are the product of all.

    Raises:
        BadInput: for anything ``Recipe.from_json`` would refuse, an empty list, or too many
            recipes.
    """
    check_fields(grid)
    listed = grid.get("techniques", [])
    nested = isinstance(listed, list) and any(isinstance(entry, list) for entry in listed)
    chains = listed if nested else [listed]
    runtimes = grid.get("runtime", {"name": "torch"})
    runtimes = runtimes if isinstance(runtimes, list) else [runtimes]
    for chain in chains:
        if not isinstance(chain, list):
            raise BadInput(f"techniques {chain!r:.80}", "a list of lists", "put each chain in [ ]")
    _check_size(chains, runtimes)
    found: dict[Recipe, None] = {}
    for chain, runs_on in product(chains, runtimes):
        for *configs, chosen in product(*map(_spread, chain), _spread(runs_on)):
            found[Recipe.from_json({"techniques": list(configs), "runtime": chosen})] = None
    if not found:
        raise BadInput("grid", "at least one recipe", "give every list at least one value")
    return tuple(found)


def _check_size(chains: Sequence[list[Any]], runtimes: Sequence[Any]) -> None:
    """Refuse what is too much before any of it is made."""
    taught = [chain for chain in chains if any(map(_is_slow, chain))]
    count, slow = _count(chains, runtimes), _count(taught, runtimes)
    if count <= MOST:
        return
    told = f"a grid of over {COUNTED:,} recipes, more than 1,000,000 h"
    if count <= COUNTED:
        wanted_s = count * RECIPE_S + slow * DISTILLING_S
        told = f"a grid of {count:,} recipes, {time_words(wanted_s)}"
    raise BadInput(told, f"at most {MOST} recipes", "split it into several sweeps")


def _is_slow(entry: Any) -> bool:
    return isinstance(entry, Mapping) and entry.get("name") == SLOW


def _count(chains: Sequence[list[Any]], runtimes: Sequence[Any]) -> int:
    """How many settings these stand for; an empty list, which is refused later, counts as one."""
    left = [prod(map(_points, chain)) for chain in chains]
    right = [_points(entry) for entry in runtimes]
    empty = len(left) * len(right) - sum(map(bool, left)) * sum(map(bool, right))
    return sum(left) * sum(right) + empty


def _points(entry: Any) -> int:
    """How many settings an entry stands for, without making them."""
    values = entry.values() if isinstance(entry, Mapping) else ()
    return prod(len(value) for value in values if isinstance(value, list))


def _spread(entry: Any) -> Iterator[Any]:
    if not isinstance(entry, Mapping):
        yield entry
        return
    values = [value if isinstance(value, list) else [value] for value in entry.values()]
    for chosen in product(*values):
        yield dict(zip(entry, chosen, strict=True))
