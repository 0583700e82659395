"""What an axis says: the metric, its unit, which way is better, where the ticks are."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import Any

from workbench.i18n.numbers import POINTS
from workbench.i18n.table import text

QUALITY = {"accuracy", "macro_f1", "accuracy_change", "fidelity", "fidelity_change"}
QUALITY |= {"distinct_2", "identical"}
BITS = {"bits_per_byte", "bits_per_byte_change"}
BYTES = {"size", "packed_size", "memory"}
RATES = {"throughput", "prefill", "decode_1", "decode_8", "decode_32"}
HIGHER = QUALITY | RATES
HIGHER |= {"speedup_latency", "speedup_throughput", "speedup_8", "speedup_32"}


def unit_of(metric: str, language: str) -> str:
    """As people read it, such as ``ms``."""
    if metric in POINTS:
        return text("unit.points", language)
    if metric.startswith("speedup"):
        return "×"
    if "latency" in metric or metric.startswith("first_token"):
        return "ms"
    if metric in BYTES:
        return "MB"
    plain = {"making": "s", "kl": "nat", "length": "", "invented": ""}
    plain |= dict.fromkeys(RATES, "1/s") | dict.fromkeys(BITS, "bit/B")
    return plain.get(metric, "%")


def log_ticks(values: Sequence[float]) -> dict[str, Any]:
    """Ticks at 1, 2 and 5 of every decade, written out; plotly would write a bare 2."""
    above = [value for value in values if value > 0]
    if not above:
        return {}
    low, high = floor(log10(min(above))) - 1, ceil(log10(max(above))) + 1
    steps = (1, 2, 5) if high - low < 6 else (1,)
    at = [step * 10.0**power for power in range(low, high) for step in steps]
    return {"tickvals": at, "ticktext": [f"{value:,.10g}" for value in at]}


def axis_title(metric: str, unit: str, language: str, across: bool = False) -> str:
    """Name, unit, and for the axis across which way is better."""
    title = text(f"metric.{metric}", language) + (f" [{unit}]" if unit else "")
    if not across:
        return title
    way = "faster_right" if metric in HIGHER else "faster_left"
    way = "better_right" if metric in QUALITY else way
    if metric in BYTES:
        way = "smaller_left"
    return f"{title} — {text(f'explore.{way}', language)}"
