"""What a model is made of, as shapes: enough to know a recipe's size before anything runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod


@dataclass(frozen=True)
class Part:
    """One weight tensor.

    Args:
        role: ``embedding``, ``attention``, ``ffn``, ``norm``, ``linear`` (head), ``other``.
        layer: number of the block it belongs to, None outside the blocks.
        axis: along which heads, feed-forward units or tokens lie; None where nothing is cut.
        width: bytes per element.
        extra: bytes beside the elements, such as quantisation scales and zero points.
        grouped: whether ``axis`` counts key/value groups rather than query heads.
    """

    name: str
    shape: tuple[int, ...]
    role: str
    layer: int | None = None
    axis: int | None = None
    width: float = 4.0
    extra: int = 0
    grouped: bool = False

    @property
    def elements(self) -> int:
        """Number of weights."""
        return prod(self.shape)

    @property
    def size_bytes(self) -> float:
        """Bytes in the file."""
        return self.elements * self.width + self.extra

    def cut(self, kept: int, total: int) -> Part:
        """This tensor with ``kept`` of its ``total`` heads or units left."""
        if self.axis is None:
            return self
        shape = list(self.shape)
        shape[self.axis] = shape[self.axis] // total * kept
        return replace(self, shape=tuple(shape))


@dataclass(frozen=True)
class Anatomy:
    """A model as its parts and the counts that structured pruning works on.

    Args:
        family: ``bert``, ``gpt2``, ``llama`` or another ``model_type``.
        parts: every weight tensor once.
        layers: number of blocks.
        heads: query heads per block.
        groups: key/value groups per block; equal to ``heads`` but for grouped-query attention.
        ffn: feed-forward units per block.
        format: of its files.
        even: whether all blocks are equally wide; if not, ``groups`` and ``ffn`` are averages.
        vocabulary: rows of the token table, ``alphabet`` of which stay; 0 if that cannot be told.
        writes: whether it is a model for the next token.
    """

    family: str
    parts: tuple[Part, ...]
    layers: int
    heads: int
    groups: int
    ffn: int
    format: str = "torch"
    even: bool = True
    vocabulary: int = 0
    alphabet: int = 0
    writes: bool = False

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return sum(part.elements for part in self.parts)

    @property
    def size_bytes(self) -> int:
        """Bytes of all weights."""
        return round(sum(part.size_bytes for part in self.parts))


def kept(total: int, share: float) -> int:
    """How many of ``total`` things stay when ``share`` of them is removed; at least one stays."""
    return max(1, total - round(total * share))
