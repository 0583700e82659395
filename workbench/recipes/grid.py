"""Grids: many recipes written as one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from math import prod
from typing import Any

from workbench.core.errors import BadInput
from workbench.recipes.recipe import Recipe, check_fields

MOST = 1000  # recipes of one grid


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
    found: dict[Recipe, None] = {}
    points = 0
    for chain, runs_on in product(chains, runtimes):
        if not isinstance(chain, list):
            raise BadInput(f"techniques {chain!r:.80}", "a list of lists", "put each chain in [ ]")
        points += max(1, prod(map(_points, (*chain, runs_on))))
        if points > MOST:
            raise BadInput("grid", f"at most {MOST} recipes", "split it into several sweeps")
        for *configs, chosen in product(*map(_spread, chain), _spread(runs_on)):
            found[Recipe.from_json({"techniques": list(configs), "runtime": chosen})] = None
    if not found:
        raise BadInput("grid", "at least one recipe", "give every list at least one value")
    return tuple(found)


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
