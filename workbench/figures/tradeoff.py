"""Accuracy against speed: every run a point with its intervals, the frontier a dotted line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from workbench.core.errors import visible
from workbench.core.records import Estimate, Run
from workbench.figures.axes import HIGHER, QUALITY, axis_title, log_ticks, unit_of
from workbench.figures.frame import framed
from workbench.figures.marks import COLOURS, KINDS, NAMED, STYLES, kind_of
from workbench.figures.palette import LIGHT, Palette
from workbench.i18n.numbers import figure, interval, lonely, scaled
from workbench.i18n.table import text
from workbench.stats.pareto import pareto_front

NAME = 120  # characters of a recipe in words


@dataclass(frozen=True)
class Mark:
    """One point, in the units of the axes: (value, low, high) each."""

    id: str
    kind: str
    x: tuple[float, float, float]
    y: tuple[float, float, float]
    name: str
    hover: str


@dataclass(frozen=True)
class TradeoffInfo:
    """What the picture shows.

    Args:
        x: metric across.
        y: metric up.
        x_unit: as people read it, such as ``ms``.
        y_unit: such as ``%``.
        marks: the runs, in the order given.
        expected: where the sliders point, or None.
        result: id of the run that the expectation became, or empty.
        selected: id of the chosen run, or empty.
    """

    x: str
    y: str
    x_unit: str
    y_unit: str
    marks: tuple[Mark, ...]
    expected: Mark | None = None
    selected: str = ""
    result: str = ""


@dataclass(frozen=True)
class Look:
    """How it is shown: language, axes, and the key of what an empty plot says."""

    language: str = "en"
    log: bool = True
    empty: str = "explore.empty"


def tradeoff_info(
    runs: Sequence[Run],
    x: str,
    y: str,
    name: Callable[[Mapping[str, Any]], str],
    *,
    language: str = "en",
    expected: Mapping[str, Estimate] | None = None,
    selected: str = "",
    result: str = "",
) -> TradeoffInfo:
    """Work out the points, and which of them no other run beats on both metrics.

    Args:
        runs: done, or running with a first estimate; those without both metrics are left out.
        x: metric across, a name of ``Run.metrics``.
        y: metric up.
        name: words for a recipe.
        language: of the hover texts.
        expected: metrics that the sliders promise.
        selected: id of the run that is looked at.
        result: id of the run that the promise became, or empty.
    """
    shown = [run for run in runs if x in run.metrics and _y(run, y) is not None]
    done = [run for run in shown if run.status == "done"]
    front = pareto_front([[_cost(x, run.metrics[x]), _cost(y, _y(run, y))] for run in done])
    best = {run.id for run, on in zip(done, front, strict=True) if on}
    marks = tuple(_mark(run, x, y, best, name, language) for run in shown)
    promise = None
    if expected and x in expected and y in expected:
        at = _ends(x, expected[x]), _ends(y, expected[y])
        promise = Mark("", "expected", *at, text("explore.expected", language), "")
    return TradeoffInfo(
        x, y, unit_of(x, language), unit_of(y, language), marks, promise, selected, result
    )


def _y(run: Run, metric: str) -> Estimate | None:
    """The metric; the reference's change against itself is zero by definition."""
    if metric.endswith("_change") and run.reference is None and run.status == "done":
        return Estimate(0.0, 0.0, 0.0, 1, "1", 1.0, "exact")
    return run.metrics.get(metric)


def _cost(metric: str, estimate: Estimate | None) -> float:
    assert estimate is not None
    return -estimate.value if metric in HIGHER else estimate.value


def _ends(metric: str, estimate: Estimate) -> tuple[float, float, float]:
    value, low, high, _ = scaled(metric, estimate)
    return (value, value, value) if lonely(estimate) else (value, low, high)


def _mark(
    run: Run, x: str, y: str, best: set[str], name: Callable[[Any], str], language: str
) -> Mark:
    across, up = run.metrics[x], _y(run, y)
    assert up is not None
    words = name(run.recipe)
    lines = [f"<b>{_plain(words)}</b>"]
    for metric, estimate in ((y, up), (x, across)):
        told = f"{figure(metric, estimate, language)} ({interval(metric, estimate, language)})"
        lines.append(f"{text(f'metric.{metric}', language)}: {told}")
    kind = kind_of(run, best)
    return Mark(run.id, kind, _ends(x, across), _ends(y, up), words, "<br>".join(lines))


def _plain(words: str) -> str:
    """Foreign text for plotly, which reads a little markup, and formulas between dollars."""
    return escape(visible(words, NAME), quote=False).replace("$", "&#36;")


def draw_tradeoff(info: TradeoffInfo, look: Look) -> dict[str, Any]:
    """Draw ``info`` as a plotly figure in plain data; the reader's zoom stays."""
    colours = LIGHT
    traces = [_frontier(info, look, colours)]
    traces += [_points(info, kind, look, colours) for kind in KINDS]
    traces += [_kept(info, colours), _expected(info, look, colours)]
    return {
        "data": [trace for trace in traces if trace["x"]],
        "layout": _layout(info, look, colours),
    }


def _frontier(info: TradeoffInfo, look: Look, colours: Palette) -> dict[str, Any]:
    at = sorted((m.x[0], m.y[0]) for m in info.marks if m.kind in NAMED)
    signs = [-1 if metric in HIGHER else 1 for metric in (info.x, info.y)]
    best = pareto_front([[signs[0] * x, signs[1] * y] for x, y in at])
    front = [p for p, on in zip(at, best, strict=True) if on]
    return {
        "type": "scatter",
        "x": [p[0] for p in front],
        "y": [p[1] for p in front],
        "mode": "lines",
        "name": text("explore.frontier", look.language),
        "line": {"color": colours.accent, "dash": "dot", "width": 1.5, "shape": "hv"},
        "hoverinfo": "skip",
    }


def _points(info: TradeoffInfo, kind: str, look: Look, colours: Palette) -> dict[str, Any]:
    marks = [mark for mark in info.marks if mark.kind == kind]
    colour = getattr(colours, COLOURS.get(kind, "soft"))
    named = kind in NAMED
    return {
        **_scatter(marks, colours),
        "mode": "markers+text" if named else "markers",
        "name": text(f"explore.{kind}", look.language),
        "text": [_plain(m.name) for m in marks],
        "textposition": "top right" if kind == "on_front" else "bottom left",
        "textfont": {"size": 11, "color": colours.soft},
        "customdata": [m.id for m in marks],
        "hovertext": [m.hover for m in marks],
        "hoverinfo": "text",
        "marker": {
            **STYLES[kind],
            "color": colour,
            "size": [STYLES[kind]["size"] + 5 * (m.id == info.selected) for m in marks],
        },
    }


def _kept(info: TradeoffInfo, colours: Palette) -> dict[str, Any]:
    """A line from the promise to what it became."""
    became = [mark for mark in info.marks if mark.id == info.result]
    ends = [info.expected, *became] if info.expected and became else []
    return {
        "type": "scatter",
        "x": [mark.x[0] for mark in ends],
        "y": [mark.y[0] for mark in ends],
        "mode": "lines",
        "line": {"color": colours.expected, "width": 1.5},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _expected(info: TradeoffInfo, look: Look, colours: Palette) -> dict[str, Any]:
    marks = [info.expected] if info.expected else []
    trace = _scatter(marks, colours)
    for axis in ("error_x", "error_y"):
        trace[axis]["color"] = colours.expected
    return {
        **trace,
        "mode": "markers",
        "name": text("explore.expected", look.language),
        "hoverinfo": "name",
        "marker": {**STYLES["expected"], "color": colours.expected},
    }


def _scatter(marks: Sequence[Mark], colours: Palette) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": [m.x[0] for m in marks],
        "y": [m.y[0] for m in marks],
        "error_x": _bars([m.x for m in marks], colours),
        "error_y": _bars([m.y for m in marks], colours),
    }


def _bars(ends: Sequence[tuple[float, float, float]], colours: Palette) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - value for value, _, high in ends],
        "arrayminus": [value - low for value, low, _ in ends],
        "color": colours.bars,
        "thickness": 1,
        "width": 3,
    }


def _layout(info: TradeoffInfo, look: Look, colours: Palette) -> dict[str, Any]:
    across: dict[str, Any] = {
        "title": {"text": axis_title(info.x, info.x_unit, look.language, True)}
    }
    if look.log and info.x not in QUALITY:  # a change may be zero, and shares need no decades
        across |= {"type": "log", **log_ticks([end for mark in _drawn(info) for end in mark.x])}
    up: dict[str, Any] = {"title": {"text": axis_title(info.y, info.y_unit, look.language)}}
    empty = not info.marks and info.expected is None
    if empty:  # axes of nothing would only look broken
        across, up = {"visible": False}, {"visible": False}
    return framed(
        across,
        up,
        f"{info.x} {info.y} {look.log}",
        hoverlabel={
            "align": "left",
            "bgcolor": colours.card,
            "bordercolor": colours.line,
            "font": {"color": colours.ink},
        },
        annotations=[_empty(look, colours)] if empty else [],
    )


def _drawn(info: TradeoffInfo) -> list[Mark]:
    return [*info.marks, *([info.expected] if info.expected else [])]


def _empty(look: Look, colours: Palette) -> dict[str, Any]:
    return {
        "text": text(look.empty, look.language),
        "showarrow": False,
        "xref": "paper",
        "yref": "paper",
        "x": 0.5,
        "y": 0.5,
        "font": {"size": 14, "color": colours.soft},
    }
