"""What one kind of layer is: settings, the shape it gives, its weights.

Shapes are without the batch. Weights are named and ordered as Keras keeps them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workbench.graphs.settings import Setting

Shape = tuple[int, ...]
Config = Mapping[str, Any]
Inputs = Sequence[Shape]


class DoesNotFit(Exception):
    """The layer cannot take inputs of these shapes; the message says what it takes."""


def nothing(_: Config, __: Inputs) -> dict[str, Shape]:
    """No weights."""
    return {}


def same(_: Config, inputs: Inputs) -> Shape:
    """As its first input."""
    return inputs[0]


@dataclass(frozen=True)
class Kind:
    """One kind of layer.

    Args:
        settings: by name; what is not among them must not be in a file (see ``reading``).
        shape: ``shape(config, input shapes)`` of what it gives.
        weights: likewise, names to shapes in Keras's order.
        inputs: (fewest, most) layers that it takes from.
        role: of its weights, as an anatomy names it.
    """

    settings: Mapping[str, Setting] = field(default_factory=dict)
    shape: Callable[[Config, Inputs], Shape] = same
    weights: Callable[[Config, Inputs], dict[str, Shape]] = nothing
    inputs: tuple[int, int] = (1, 1)
    role: str = "linear"


def rank_of(inputs: Inputs, rank: int) -> Shape:
    """The first input's shape, if it has ``rank`` dimensions."""
    if len(inputs[0]) != rank:
        raise DoesNotFit(f"an input of {rank} dimensions, not {len(inputs[0])}")
    return inputs[0]


def both(value: Any, rank: int) -> tuple[int, ...]:
    """One number for all axes, or one for each."""
    return tuple(value) if isinstance(value, list) else (value,) * rank
