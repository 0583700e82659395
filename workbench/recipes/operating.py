"""What is tried to find where a model runs best: batch × threads × streams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import product
from math import prod
from typing import Any, Self

from workbench.core.errors import BadInput
from workbench.core.knobs import build, knobs
from workbench.recipes.registry import RUNTIMES, lookup

LAUNCHES = 3  # fresh hosts per setting of threads and streams
ROWS = 128  # texts per point and launch
MOST = 1000  # points
OPENING_S, TEXT_S = 8.0, 0.01  # rough, for a small model: opening a host, and a text
DOMAINS = {"batches": (1, 1024), "threads": (1, 64), "streams": (1, 64), "bucketed": (False, True)}


@dataclass(frozen=True)
class Grid:
    """What is tried: the product of all.

    Args:
        batches: texts per batch.
        threads: as the runtime's knob takes them.
        streams: batches answered at once; more than 1 only where the runtime has that knob.
        bucketed: whether texts of similar length share a batch.
    """

    batches: tuple[int, ...] = (1, 4, 8, 16, 32)
    threads: tuple[int, ...] = (1, 2)
    streams: tuple[int, ...] = (1,)
    bucketed: tuple[bool, ...] = (True,)

    def __post_init__(self) -> None:
        for one in fields(self):
            low, high = DOMAINS[one.name]
            values = getattr(self, one.name)
            good = isinstance(values, list | tuple) and all(
                type(value) is type(low) and low <= value <= high for value in values
            )
            if not good or not values or len(set(values)) < len(values):
                told = f"{one.name} {values!r:.60}"
                wanted = f"a list of different values from {low} to {high}"
                raise BadInput(told, wanted, f"list the {one.name} to try, or leave them out")
            object.__setattr__(self, one.name, tuple(values))
        if self.points > MOST:
            told = f"a grid of {self.points} points, about {self.seconds() / 60:.0f} min"
            raise BadInput(told, f"1 to {MOST} points", "leave some values out")

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read plain data: lists by name, as the arguments; what is left out is as declared.

        Raises:
            BadInput: for anything else, and for more than ``MOST`` points.
        """
        known = [one.name for one in fields(cls)]
        if not isinstance(data, Mapping) or any(name not in known for name in data):
            wanted = "an object with " + ", ".join(known)
            raise BadInput(f"grid {data!r:.80}", wanted, "name what to try")
        return cls(**data)

    def to_json(self) -> dict[str, list[Any]]:
        """Plain data."""
        return {one.name: list(getattr(self, one.name)) for one in fields(self)}

    @property
    def points(self) -> int:
        """How many points that makes."""
        return prod(len(getattr(self, one.name)) for one in fields(self))

    def seconds(self, text_s: float = TEXT_S) -> float:
        """About how long it takes, in s; told before it starts.

        Args:
            text_s: what one text takes, in s.
        """
        hosts = len(self.threads) * len(self.streams)
        return LAUNCHES * (hosts * OPENING_S + self.points * 2 * ROWS * text_s)


def suggested(runtime: Mapping[str, Any], threads: int) -> Grid:
    """The grid that most would try first.

    Args:
        runtime: as a recipe has it.
        threads: that the machine has.
    """
    config = lookup(RUNTIMES, "runtime", runtime["name"]).config_type
    domains = {knob.name: knob.domain for knob in knobs(config)}

    def values(name: str) -> tuple[int, ...]:
        doubled = (1, 2, 4, 8, 16, 32, 64)
        return tuple(
            n for n in doubled if n <= threads and name in domains and domains[name].holds(n)
        )

    return Grid(threads=values("threads") or (1,), streams=values("streams")[:2] or (1,))


def settings(runtime: Mapping[str, Any], grid: Grid) -> list[tuple[int, int, dict[str, Any]]]:
    """(threads, streams, runtime) of every host, checked before anything starts.

    Raises:
        BadInput: for what the runtime has not.
    """
    entry = lookup(RUNTIMES, "runtime", runtime.get("name"))
    known = {knob.name for knob in knobs(entry.config_type)}
    found = []
    for threads, streams in product(grid.threads, grid.streams):
        own = {**runtime}
        for name, value in (("threads", threads), ("streams", streams)):
            if name in known or value != 1:
                own[name] = value
        build(entry.config_type, {k: v for k, v in own.items() if k != "name"})
        found.append((threads, streams, own))
    return found
