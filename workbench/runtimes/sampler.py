"""From logits to the next token: the likeliest, or drawn."""

from __future__ import annotations

import numpy as np

from workbench.runtimes.decoder import Sampling

COLDEST = 0.01  # temperatures below draw nothing: the likeliest token is taken


class Sampler:
    """Chooses tokens by the settings; the same seed draws the same.

    Args:
        sampling: settings.
    """

    def __init__(self, sampling: Sampling) -> None:
        self._sampling = sampling
        self._rng = np.random.default_rng(sampling.seed)

    def __call__(self, logits: np.ndarray) -> np.ndarray:
        """Tokens int64 (rows,) from logits (rows, vocabulary)."""
        if self._sampling.temperature < COLDEST:
            return np.asarray(logits.argmax(axis=1))
        return np.array([self._drawn(row) for row in logits], dtype=np.int64)

    def _drawn(self, logits: np.ndarray) -> int:
        """One token: of the smallest set of likeliest ones that has the share ``top_p``."""
        warm = logits.astype(np.float64) / self._sampling.temperature
        order = np.argsort(-warm, kind="stable")
        shares = np.exp(warm[order] - warm[order[0]])
        shares /= shares.sum()
        kept = 1 + int((shares.cumsum() < self._sampling.top_p).sum())
        shares = shares[:kept] / shares[:kept].sum()
        return int(order[min(self._rng.choice(len(shares), p=shares), kept - 1)])
