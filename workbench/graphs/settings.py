"""What a layer's settings may be: each is checked before a library sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MOST = 2**24  # units, rows of an embedding, positions
ACTIVATIONS = (
    *("linear", "relu", "relu6", "gelu", "elu", "selu", "tanh", "sigmoid", "softmax"),
    *("swish", "silu", "softplus", "exponential"),  # hard_sigmoid differs between the libraries
)


@dataclass(frozen=True)
class Setting:
    """One setting of a kind of layer.

    Args:
        holds: whether a value may stand there.
        wanted: what may, in words.
        default: what stands there where a file says nothing; ``...`` if it must say.
    """

    holds: Callable[[Any], bool]
    wanted: str
    default: Any = ...


def _whole(value: Any, low: int = 1) -> bool:
    return type(value) is int and low <= value <= MOST


def count(default: Any = ...) -> Setting:
    """A whole number from 1."""
    return Setting(_whole, f"a whole number from 1 to {MOST:,}", default)


def numbers(rank: int, default: Any = ..., low: int = 1) -> Setting:
    """``rank`` whole numbers, or one for all."""

    def holds(value: Any) -> bool:
        if type(value) is list:
            return len(value) == rank and all(_whole(x, low) for x in value)
        return _whole(value, low)

    return Setting(holds, f"{rank} whole numbers", default)


def choice(*options: Any, default: Any = ...) -> Setting:
    """One of these, and of its type."""

    def holds(value: Any) -> bool:
        return any(type(value) is type(o) and value == o for o in options)

    return Setting(holds, f"one of {', '.join(map(str, options))}", default)


def flag(default: bool) -> Setting:
    """True or false."""
    return choice(True, False, default=default)


def number(low: float, high: float, default: Any = ...) -> Setting:
    """A finite number in a range."""

    def holds(value: Any) -> bool:
        return type(value) in (int, float) and bool(low <= value <= high)

    return Setting(holds, f"a number from {low:g} to {high:g}", default)


def activation() -> Setting:
    """The name of a function that every version of Keras has."""
    return choice(*ACTIVATIONS, default="linear")


def sizes(free: int = 0) -> Setting:
    """A shape without the batch; ``free`` of its numbers may be -1, which is what is left over."""

    def holds(value: Any) -> bool:
        plain = type(value) is list and 0 < len(value) <= 5
        left = [x for x in value if type(x) is int and x == -1] if plain else []
        return plain and len(left) <= free and all(_whole(x) for x in value if x not in left)

    return Setting(holds, "a list of whole numbers")


def axis() -> Setting:
    """The axis of the channels; whether it is the last one only the shapes tell."""

    def holds(value: Any) -> bool:
        one = value[0] if type(value) is list and len(value) == 1 else value
        return type(one) is int and (one == -1 or 1 <= one <= 4)

    return Setting(holds, "the last axis", -1)
