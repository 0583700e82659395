"""A figure as a table of words: what the picture shows, for whoever reads rather than looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.i18n.table import text

MOST = 500  # rows


def table_of(figure: Mapping[str, Any], language: str) -> tuple[list[str], list[list[str]]]:
    """Heads and rows: what kind of point, its name if any has one, and both values with ends.

    Args:
        figure: a plotly figure as plain data; lines that only join points are left out.
        language: of the heads.
    """
    layout = figure.get("layout", {})
    heads = [text("plot.kind", language), text("plot.name", language)]
    heads += [_title(layout, axis) for axis in ("xaxis", "yaxis")]
    rows = [
        [str(trace.get("name", "")), _name(trace, i), *(_value(trace, axis, i) for axis in "xy")]
        for trace in figure.get("data", ())
        if trace.get("hoverinfo") != "skip"
        for i in range(len(trace["x"]))
    ]
    if any(name for _, name, *_ in rows):
        return heads, rows[:MOST]
    return [heads[0], *heads[2:]], [[kind, *values] for kind, _, *values in rows[:MOST]]


def _title(layout: Mapping[str, Any], axis: str) -> str:
    return str(layout.get(axis, {}).get("title", {}).get("text", "")).split(" — ")[0]


def _name(trace: Mapping[str, Any], place: int) -> str:
    names = trace.get("text")
    return str(names[place]) if isinstance(names, list) and place < len(names) else ""


def _value(trace: Mapping[str, Any], axis: str, place: int) -> str:
    """``1.37 (1.31 to 1.43)``; without ends where there are none; a category as it is."""
    told, bars = trace[axis][place], trace.get(f"error_{axis}")
    if told is None or isinstance(told, str):
        return told or ""
    value = float(told)
    if not bars:
        return f"{value:.4g}"
    low, high = value - bars["arrayminus"][place], value + bars["array"][place]
    return f"{value:.4g}" if low == high else f"{value:.4g} ({low:.4g} – {high:.4g})"
