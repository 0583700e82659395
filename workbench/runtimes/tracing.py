"""What a runtime's own profiler tells, in one vocabulary: operators, weights, layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KINDS = ("linear", "attention", "convert", "other", "shapes")


@dataclass(frozen=True)
class Op:
    """One operator.

    Args:
        name: of the node or module.
        kind: ``linear`` (a product with stored weights), ``attention`` (products of activations,
            softmax), ``convert`` (quantise, dequantise, change of precision), ``shapes`` (only
            views, sizes and indices: no arithmetic on activations) or ``other``.
        precision: that it computes in, such as ``float32``, ``bfloat16`` or ``int8``.
        seconds: per call, mean.
        layer: block that it belongs to; -1 before the first, ``layers`` (their count) after.
        sparse: whether its kernel skips zeros.
    """

    name: str
    kind: str
    precision: str
    seconds: float
    layer: int = -1
    sparse: bool = False


@dataclass(frozen=True)
class Weight:
    """The stored weights of one linear operator: how many, bytes, share that is zero."""

    name: str
    layer: int
    elements: int
    size_bytes: int
    zeros: float


@dataclass(frozen=True)
class Trace:
    """Operators and weights of a model as its runtime executes it.

    Args:
        ops: with their seconds per call.
        weights: of the linear operators.
        layers: how many blocks there are; 0 if that cannot be told.
        placed: whether operators know their layer.
    """

    ops: tuple[Op, ...]
    weights: tuple[Weight, ...]
    layers: int
    placed: bool = True


Tracer = Callable[[Path, Mapping[str, Any], Sequence[Sequence[str]]], Trace]
TRACERS: dict[str, Tracer] = {}


def tracer(*runtimes: str) -> Callable[[Tracer], Tracer]:
    """Register ``function(folder, runtime, batches)`` as the profiler of some runtimes.

    It opens the artifact as that runtime does, runs every batch of texts once under the
    library's own profiler, after a warm-up, and returns a ``Trace``.
    """

    def register(function: Tracer) -> Tracer:
        TRACERS.update(dict.fromkeys(runtimes, function))
        return function

    return register


def width_name(words: str) -> str:
    """The usual name of a number format, found in a library's own words."""
    for names, usual in _WIDTHS:
        if any(name in words.lower() for name in names):
            return usual
    return "float32"


_WIDTHS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("bfloat16", "bf16"), "bfloat16"),
    (("float16", "fp16", "f16", "half"), "float16"),
    (("int4", "i4", "u4", "nbits"), "int4"),
    (("int8", "i8", "u8", "integer", "quantizematmul", "qlinear", "qgemm", "qattention"), "int8"),
)
