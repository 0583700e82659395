"""Sessions that write: from a prompt to tokens, one step at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Protocol

import numpy as np

from workbench.core.knobs import Span
from workbench.formats.prompts import Prompts

NONE = -1  # in place of a token, for a row that has ended


def filled(rows: Sequence[Sequence[int]], left: bool) -> tuple[np.ndarray, np.ndarray]:
    """Token ids and mask, int64 (rows, longest), shorter rows filled up with zeros.

    Args:
        rows: token ids.
        left: before a row (to write behind it) or behind it.
    """
    longest = max(map(len, rows))
    ids = np.zeros((len(rows), longest), dtype=np.int64)
    mask = np.zeros_like(ids)
    for place, row in enumerate(rows):
        part = slice(longest - len(row), longest) if left else slice(0, len(row))
        ids[place, part], mask[place, part] = row, 1
    return ids, mask


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen.

    Source:
        Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration", arXiv:1904.09751
        (top-p).
    """

    name: ClassVar[str] = "sampling"
    tokens: Annotated[int, Span(1, 4096, 1, "tokens written at most")] = 256
    temperature: Annotated[float, Span(0.0, 2.0, 0.05, "0: always the likeliest token")] = 0.0
    top_p: Annotated[float, Span(0.05, 1.0, 0.05, "share of the likeliest tokens")] = 1.0
    seed: Annotated[int, Span(0, 2**31 - 1, 1, "of the draws")] = 0


class Decoder(Protocol):
    """A loaded model that writes."""

    prompts: Prompts

    def generate(
        self, rows: Sequence[Sequence[int]], sampling: Sampling, endless: bool = False
    ) -> Iterator[np.ndarray]:
        """The next token of each row, int64 (rows,), step by step.

        ``NONE`` stands where a row has ended, and for all rows while nothing has come yet. The
        longest prompt and what is written behind it must fit into the model's positions; the
        other rows end with it.

        Args:
            rows: token ids of the prompts.
            sampling: how tokens are chosen, and how many.
            endless: whether a row goes on behind a token that ends it: speed is timed so.
        """

    def logits(self, rows: Sequence[Sequence[int]]) -> np.ndarray:
        """Of the token behind each one, float32 (rows, longest, vocabulary).

        Behind the end of a shorter row there is no meaning in them.

        Args:
            rows: token ids, at least one each.
        """

    def close(self) -> None:
        """Give the memory back."""
