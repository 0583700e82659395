"""The machine's ceiling in the trade-off plot: how far every run is from what is possible."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.figures.axes import log_ticks
from workbench.figures.palette import LIGHT
from workbench.figures.tradeoff import Look, TradeoffInfo
from workbench.i18n.table import text

TIMES = ("latency_mean", "latency_p50", "model_latency_mean", "model_latency_p50")


def with_limits(
    figure: dict[str, Any], info: TradeoffInfo, limits: Mapping[str, float], look: Look
) -> dict[str, Any]:
    """The figure with a line from every run to the least time that the machine allows it.

    Args:
        figure: as ``draw_tradeoff`` gives it.
        info: that it was drawn from.
        limits: run id to seconds.
        look: of the figure.
    """
    marks = [mark for mark in info.marks if mark.id in limits and info.x in TIMES]
    if not marks:
        return figure
    least = [1e3 * limits[mark.id] for mark in marks]
    xs: list[float | None] = []
    ys: list[float | None] = []
    for mark, x in zip(marks, least, strict=True):
        xs += [x, mark.x[0], None]
        ys += [mark.y[0], mark.y[0], None]
    lines = {
        "type": "scatter",
        "x": xs,
        "y": ys,
        "mode": "lines+markers",
        "name": text("explore.limit", look.language),
        "line": {"color": LIGHT.soft, "dash": "dot", "width": 1},
        "marker": {
            "symbol": ["line-ns-open", "circle", "circle"] * len(marks),
            "size": [12, 0, 0] * len(marks),
            "color": LIGHT.soft,
            "line": {"width": 2},
        },
        "hoverinfo": "skip",
    }
    layout = dict(figure["layout"])
    if layout["xaxis"].get("type") == "log":
        ends = [end for mark in info.marks for end in mark.x]
        layout["xaxis"] = {**layout["xaxis"], **log_ticks([*ends, *least])}
    return {**figure, "data": [lines, *figure["data"]], "layout": layout}
