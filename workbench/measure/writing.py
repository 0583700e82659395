"""Text behind prompts, as it comes: pieces per prompt, tokens, and the seconds they took."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from workbench.core.knobs import build
from workbench.formats.prompts import Told
from workbench.runtimes.decoder import NONE, Decoder, Sampling

PIECE_S = 0.05  # of writing between two pieces, so that a reader sees it flow


class Writing:
    """One answer under way.

    Args:
        session: an open decoder.
        prompts: what it goes on from.
        sampling: settings of ``Sampling``.

    Raises:
        BadInput: for a setting outside its domain, or a prompt that does not fit.
    """

    def __init__(self, session: Decoder, prompts: Sequence[str], sampling: dict[str, Any]) -> None:
        rows = [session.prompts.encode(prompt) for prompt in prompts]
        self.given = [len(row) for row in rows]
        self._told = [Told(session.prompts, row) for row in rows]
        self._tokens = [0] * len(rows)
        self._began = time.perf_counter()
        self._first: float | None = None
        self._steps = session.generate(rows, build(Sampling, sampling))

    def more(self) -> dict[str, Any]:
        """Write for a moment.

        Returns:
            ``{"pieces": [text], "tokens": [count so far], "first_s", "seconds", "done"}``;
            ``first_s`` is None until the first token.
        """
        pieces, done = [""] * len(self._told), True
        until = time.perf_counter() + PIECE_S
        for step in self._steps:
            if self._first is None and (step != NONE).any():
                self._first = time.perf_counter() - self._began
            for place, token in enumerate(step.tolist()):
                if token != NONE:
                    self._tokens[place] += 1
                    pieces[place] += self._told[place].add(token)
            if time.perf_counter() > until:
                done = False
                break
        if done:
            pieces = [a + b.rest() for a, b in zip(pieces, self._told, strict=True)]
        seconds = time.perf_counter() - self._began
        found = {"pieces": pieces, "tokens": self._tokens, "first_s": self._first}
        return {**found, "seconds": seconds, "done": done}
