"""What every plot has around its data: grid, colours, margins, the legend above."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.figures.palette import LIGHT

AXIS: Mapping[str, Any] = {
    "gridcolor": LIGHT.line,
    "linecolor": LIGHT.line,
    "zeroline": False,
    "tickfont": {"color": LIGHT.soft},
    "automargin": True,
}


def framed(x: Mapping[str, Any], y: Mapping[str, Any], keep: str, **more: Any) -> dict[str, Any]:
    """A plotly layout in plain data.

    Args:
        x: what the axis across says, beside ``AXIS``.
        y: what the axis up says.
        keep: while this stays the same, so does the reader's zoom.
        more: further keys of the layout.
    """
    return {
        "xaxis": {**AXIS, **x},
        "yaxis": {**AXIS, **y},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": LIGHT.ink, "family": "var(--wb-font)", "size": 12},
        "margin": {"l": 56, "r": 16, "t": 34, "b": 48},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "uirevision": keep,
        **more,
    }
