"""Sessions that write: from a prompt to tokens, one step at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Protocol

import numpy as np

from workbench.core.knobs import Span
from workbench.formats.prompts import Prompts

NONE = -1  # in place of a token, for a row that has ended


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

    def generate(self, rows: Sequence[Sequence[int]], sampling: Sampling) -> Iterator[np.ndarray]:
        """The next token of each row, int64 (rows,), step by step.

        ``NONE`` stands where a row has ended, and for all rows while nothing has come yet. The
        longest prompt and what is written behind it must fit into the model's positions; the
        other rows end with it.

        Args:
            rows: token ids of the prompts.
            sampling: how tokens are chosen, and how many.
        """
