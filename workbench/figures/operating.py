"""Throughput against the tail, batch by batch: where a model runs best under a ceiling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.figures.axes import log_ticks
from workbench.figures.frame import framed
from workbench.figures.palette import LIGHT
from workbench.i18n.table import text

DASHES = ("solid", "dash", "dot", "dashdot")


def setting(point: Mapping[str, Any], language: str) -> str:
    """Threads, streams and the order of texts of a point, in words.

    Args:
        point: plain data of ``measure.operating.Point``, or of ``Unmeasured``.
        language: ``en`` or ``zh``.
    """
    one = "operating.thread" if point["threads"] == 1 else "operating.threads"
    words = [text(one, language, n=point["threads"])]
    if point["streams"] > 1:
        words.append(text("operating.streams", language, n=point["streams"]))
    if not point.get("bucketed", True):
        words.append(text("operating.unsorted", language))
    return " · ".join(words)


def failure_words(one: Mapping[str, Any], why: str, language: str) -> str:
    """What could not be measured, and why, in one line.

    Args:
        one: plain data of ``measure.operating.Unmeasured``.
        why: its error as a sentence.
        language: ``en`` or ``zh``.
    """
    words = setting(one, language)
    if one["batch"] is not None:
        words = f"{text('operating.batch', language, n=one['batch'])} · {words}"
    return text("operating.failed", language, setting=words, why=why)


def draw_operating(
    points: Sequence[Mapping[str, Any]], best: int | None, ceiling_ms: float, language: str
) -> dict[str, Any]:
    """Draw points as a plotly figure in plain data: a line for every setting but the batch.

    Args:
        points: plain data of ``measure.operating.Point``.
        best: place of the one that is marked, or None.
        ceiling_ms: drawn as an upright line.
        language: ``en`` or ``zh``.
    """
    lines: dict[str, list[int]] = {}
    for place, point in enumerate(points):
        lines.setdefault(setting(point, language), []).append(place)
    data = [
        _line(name, [points[i] for i in places], DASHES[number % len(DASHES)], language)
        for number, (name, places) in enumerate(lines.items())
    ]
    if best is not None:
        data.append(_mark(points[best], language))
    top = max((point["throughput"]["value"] for point in points), default=1.0)
    data.append(
        {
            "type": "scatter",
            "mode": "lines",
            "name": text("operating.ceiling", language),
            "x": [ceiling_ms, ceiling_ms],
            "y": [0, 1.1 * top],
            "line": {"color": LIGHT.expected, "width": 1.5, "dash": "dot"},
            "hoverinfo": "skip",
        }
    )
    across = [ceiling_ms, *(1e3 * point["latency_p95"]["value"] for point in points)]
    return {
        "data": data,
        "layout": framed(
            {
                "type": "log",
                **log_ticks(across),
                "title": {"text": text("operating.x", language)},
            },
            {"rangemode": "tozero", "title": {"text": text("operating.y", language)}},
            "operating",
        ),
    }


def _line(
    name: str, points: Sequence[Mapping[str, Any]], dash: str, language: str
) -> dict[str, Any]:
    rates = [point["throughput"] for point in points]
    return {
        "type": "scatter",
        "mode": "lines+markers+text",
        "name": name,
        "x": [1e3 * point["latency_p95"]["value"] for point in points],
        "y": [rate["value"] for rate in rates],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [rate["high"] - rate["value"] for rate in rates],
            "arrayminus": [rate["value"] - rate["low"] for rate in rates],
            "visible": all(rate["n"] > 1 for rate in rates),
            "color": LIGHT.bars,
            "thickness": 1,
        },
        "text": [str(point["batch"]) for point in points],
        "textposition": "top left",
        "line": {"color": LIGHT.accent, "dash": dash, "width": 1.5},
        "marker": {"color": LIGHT.accent, "size": 7},
        "hovertemplate": text("operating.hover", language) + "<extra>%{fullData.name}</extra>",
    }


def _mark(point: Mapping[str, Any], language: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": text("operating.best", language),
        "x": [1e3 * point["latency_p95"]["value"]],
        "y": [point["throughput"]["value"]],
        "marker": {
            "color": "rgba(0,0,0,0)",
            "size": 18,
            "line": {"color": LIGHT.reference, "width": 2.5},
        },
        "hoverinfo": "skip",
    }
