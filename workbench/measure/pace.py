"""Why a model that writes is fast or slow: read off the times of one row and of several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workbench.core.records import Estimate, Record
from workbench.measure.causes import DIFFERENT, FEWER, SMALL_BATCH, SPENT, Cause
from workbench.measure.ceiling import Ceiling, read_rate
from workbench.measure.pacing import TOKENS

PROMPT = 0.30  # of a stretch; of a short prompt it takes a tenth


@dataclass(frozen=True)
class Pace(Record):
    """How one row is written.

    Args:
        first_s: until the first token, the prompt and all, in s.
        token_s: of every further one, in s.
        tokens: of a stretch.
        size_bytes: of the weights.
        gains: rows at once (as text) to how many times as many tokens per second.
    """

    first_s: float
    token_s: float
    tokens: int
    size_bytes: float
    gains: Mapping[str, float] = field(default_factory=dict)

    @property
    def total_s(self) -> float:
        """Of a stretch, in s."""
        return self.first_s + self.writing_s

    @property
    def writing_s(self) -> float:
        """Of the tokens behind the first, in s."""
        return (self.tokens - 1) * self.token_s


def pace(metrics: Mapping[str, Estimate]) -> Pace | None:
    """From the metrics of a run; None if it is not of a model that writes."""
    rates = {x[7:]: told.value for x, told in metrics.items() if x.startswith("decode_")}
    if "first_token_p50" not in metrics or rates.get("1", 0.0) <= 0:
        return None
    gains = {size: rate / rates["1"] for size, rate in rates.items() if size != "1"}
    first, size = metrics["first_token_p50"].value, metrics["size"].value
    return Pace(first, 1 / rates["1"], TOKENS, size, gains)


def pace_causes(mine: Pace, other: Pace | None) -> tuple[Cause, ...]:
    """What the times show, the largest share first.

    Args:
        mine: of the run.
        other: of the run that it is compared with, if there is one.
    """
    found = []
    if mine.first_s >= PROMPT * mine.total_s:
        found.append(Cause("prompt", mine.first_s / mine.total_s, {"seconds": mine.first_s}))
    size = max(mine.gains, key=mine.gains.__getitem__, default="")
    if size and mine.gains[size] >= SMALL_BATCH:
        gain = mine.gains[size]
        found.append(Cause("one_row", 1 - 1 / gain, {"gain": gain, "size": size}))
    if other is not None:
        found += _against(mine, other)
    return tuple(sorted(found, key=lambda cause: -cause.share))


def _against(mine: Pace, other: Pace) -> list[Cause]:
    found = []
    if mine.size_bytes <= FEWER * other.size_bytes:
        found.append(Cause("fewer_bytes", 1 - mine.size_bytes / other.size_bytes))
    gap = other.total_s - mine.total_s
    if abs(gap) < DIFFERENT * other.total_s:
        return found
    parts = {"prompt": other.first_s - mine.first_s, "writing": other.writing_s - mine.writing_s}
    for part, saved in parts.items():
        if saved / gap >= SPENT:
            told: dict[str, float | str] = {"seconds": abs(saved), "part": part}
            found.append(Cause("saved" if gap > 0 else "added", min(1.0, saved / gap), told))
    return found


def floor_s(of: Pace, found: Ceiling) -> float | None:
    """The least time that a token of one row could take here, in s; None where nothing is known.

    Every weight is read once for it: bytes ÷ bytes per second of memory. Arithmetic, attention
    and the engine's own work are left out, so no engine can beat it with these weights.

    Source:
        Pope et al. 2022, "Efficiently Scaling Transformer Inference", arXiv:2211.05102, sec. 2.
    """
    rate = read_rate(found, of.size_bytes)
    return of.size_bytes / rate if rate > 0 else None
