"""The fastest of several settings whose answers still come in time."""

from __future__ import annotations

from collections.abc import Sequence


def fastest_within(rates: Sequence[float], tails: Sequence[float], ceiling: float) -> int | None:
    """Place of the highest rate among those whose tail is at most the ceiling, or None.

    Args:
        rates: such as texts per second.
        tails: such as the p95 of a batch, in s; one for each rate.
        ceiling: in the unit of the tails.
    """
    within = [place for place, tail in enumerate(tails) if tail <= ceiling]
    return max(within, key=lambda place: rates[place], default=None)
