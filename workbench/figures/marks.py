"""The kinds of points on the plot, and how each is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.core.records import Run

NAMED = ("on_front", "reference", "baseline")  # they carry their name, and may lead
KINDS = ("measured", "provisional", *NAMED)
STYLES: Mapping[str, Mapping[str, Any]] = {
    "measured": {"symbol": "circle-open", "size": 10, "line": {"width": 1.5}},
    "provisional": {"symbol": "circle-open-dot", "size": 10, "line": {"width": 1.5}},
    "on_front": {"symbol": "circle", "size": 11},
    "reference": {"symbol": "star", "size": 14},
    "baseline": {"symbol": "square-open", "size": 11, "line": {"width": 2}},
    "expected": {"symbol": "diamond-open", "size": 14, "line": {"width": 2}},
}
COLOURS = {"on_front": "accent", "reference": "reference", "baseline": "reference"}


def kind_of(run: Run, best: set[str]) -> str:
    """One of ``KINDS``.

    Args:
        run: done, or with a first estimate.
        best: ids of the runs that no other run beats.
    """
    if run.recipe.get("runtime", {}).get("name") == "sklearn":
        return "baseline"
    if run.status != "done":
        return "provisional"
    if run.reference is None:
        return "reference"
    return "on_front" if run.id in best else "measured"
