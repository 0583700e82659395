"""Numbers that no slot has and that follow from slots: a margin, a move in points."""

from __future__ import annotations

from case_studies.news_generation.events import Record
from case_studies.news_generation.facts.marks import Mark

ROUND = 0.06  # of a number with one decimal; a move in points may be rounded to whole ones


def follows(mark: Mark, record: Record) -> bool:
    """Whether a number is what two slots make together, in the unit that it is told in."""
    told = float(mark.value)  # type: ignore[arg-type]
    return any(
        mark.unit in units and abs(told - value) <= ROUND * max(1.0, unit_size)
        for value, unit_size, units in _made(record)
    )


def _made(record: Record) -> list[tuple[float, float, tuple[str, ...]]]:
    """A value, the coarseness that it may be rounded to in units of 0.06, and its units."""
    slots = {x: float(v) for x, v in record.slots.items() if isinstance(v, int | float)}
    if record.type == "match_result":
        gap = abs(slots["home_points"] - slots["away_points"])
        return [(gap, 1.0, ("points", ""))]
    if record.type == "election_count":
        return [(slots["share"] - slots["runner_share"], 1.0, ("percent", "points"))]
    if record.type == "market_close":
        way = 1 if record.slots["direction"] in ("up", "上升") else -1
        before = slots["close"] / (1 + way * slots["change"] / 100)
        # the change is told to a tenth of a per cent, so is what follows from it
        return [(abs(slots["close"] - before), before * 0.0005 / ROUND, ("points",))]
    return []
