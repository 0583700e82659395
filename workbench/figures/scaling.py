"""Requests per second against worker processes, and where more of them stop paying."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from workbench.figures.frame import framed
from workbench.figures.palette import LIGHT
from workbench.i18n.numbers import significant
from workbench.i18n.table import text


class ScalingInfo(NamedTuple):
    """What the picture shows: requests per second in 1/s, the fewest workers first.

    Args:
        workers: numbers that were tried.
        rates: (value, low, high) each; the ends are the value where one launch was made.
        hovers: the speed-up of each in words.
        perfect: what each would give if every worker did as much as one alone.
        stop: place of the point that is marked, or None.
        words: what the mark says.
        explained: what is meant by it.
    """

    workers: list[int]
    rates: list[tuple[float, float, float]]
    hovers: list[str]
    perfect: list[float]
    stop: int | None
    words: str
    explained: str


def stop_words(paying: Mapping[str, Any], language: str) -> str:
    """Up to where workers pay, in a few words.

    Args:
        paying: plain data of ``measure.parallel.Paying``.
        language: ``en`` or ``zh``.
    """
    key = f"parallel.{paying['verdict'].replace(' ', '_')}"
    return text(key if paying["workers"] > 1 else f"{key}_one", language, n=paying["workers"])


def scaling_info(
    points: Sequence[Mapping[str, Any]], paying: Mapping[str, Any] | None, language: str
) -> ScalingInfo:
    """Work out the curve, the line of perfect scaling and the place of the mark.

    Args:
        points: plain data of ``measure.parallel.ScalingPoint``, one worker first.
        paying: plain data of ``measure.parallel.Paying``; None draws no mark.
        language: ``en`` or ``zh``.
    """
    workers = [point["workers"] for point in points]
    rates = [point["throughput"] for point in points]
    one = rates[0]["value"] / workers[0] if points else 0.0
    return ScalingInfo(
        workers=workers,
        rates=[_ends(rate) for rate in rates],
        hovers=[_hover(point, language) for point in points],
        perfect=[count * one for count in workers],
        stop=workers.index(paying["workers"]) if paying else None,
        words=stop_words(paying, language) if paying else "",
        explained=text("parallel.explained", language) if paying else "",
    )


def _ends(rate: Mapping[str, Any]) -> tuple[float, float, float]:
    value = rate["value"]
    return (value, rate["low"], rate["high"]) if rate["n"] > 1 else (value, value, value)


def _hover(point: Mapping[str, Any], language: str) -> str:
    if point["workers"] == 1:
        return text("parallel.one", language)
    told = point["speedup"]
    ends = {part: significant(told[part], 3) for part in ("value", "low", "high")}
    key = "parallel.against" if told["n"] > 1 else "parallel.against_once"
    return text(key, language, **ends, n=told["n"])


def draw_scaling(info: ScalingInfo, language: str) -> dict[str, Any]:
    """Draw ``info`` as a plotly figure in plain data."""
    data = [_perfect(info, language), _measured(info, language)]
    marked = info.stop is not None
    if marked:
        data.append(_mark(info))
    across = {
        "title": {"text": text("parallel.x", language)},
        "tickvals": info.workers,
        "rangemode": "tozero",
    }
    up = {"title": {"text": text("parallel.y", language)}, "rangemode": "tozero"}
    notes = [_note(info)] if marked else []
    return {"data": data, "layout": framed(across, up, "scaling", annotations=notes)}


def _perfect(info: ScalingInfo, language: str) -> dict[str, Any]:
    """A straight line from no worker on, whatever numbers were tried."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": text("parallel.perfect", language),
        "x": [0, *info.workers],
        "y": [0.0, *info.perfect],
        "line": {"color": LIGHT.expected, "width": 1.5, "dash": "dot"},
        "hoverinfo": "skip",
    }


def _measured(info: ScalingInfo, language: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": text("parallel.measured", language),
        "x": info.workers,
        "y": [value for value, _, _ in info.rates],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [high - value for value, _, high in info.rates],
            "arrayminus": [value - low for value, low, _ in info.rates],
            "color": LIGHT.bars,
            "thickness": 1,
            "width": 3,
        },
        "text": info.hovers,
        "line": {"color": LIGHT.accent, "width": 1.5},
        "marker": {"color": LIGHT.accent, "size": 7},
        "hovertemplate": text("parallel.hover", language) + "<extra></extra>",
    }


def _mark(info: ScalingInfo) -> dict[str, Any]:
    assert info.stop is not None
    return {
        "type": "scatter",
        "mode": "markers",
        "name": info.words,
        "x": [info.workers[info.stop]],
        "y": [info.rates[info.stop][0]],
        "marker": {
            "color": "rgba(0,0,0,0)",
            "size": 18,
            "line": {"color": LIGHT.reference, "width": 2.5},
        },
        "showlegend": False,  # its words stand in the picture
        "hovertext": [info.explained],
        "hoverinfo": "text",
    }


def _note(info: ScalingInfo) -> dict[str, Any]:
    """The mark's words at the foot on the right, where a curve that begins at nothing is not."""
    return {
        "text": info.words,
        "showarrow": False,
        "xref": "paper",
        "yref": "paper",
        "x": 0.99,
        "y": 0.02,
        "xanchor": "right",
        "yanchor": "bottom",
        "font": {"color": LIGHT.reference, "size": 12},
    }
