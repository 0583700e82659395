"""Layer by layer: time, size and weights of a run beside its original."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from workbench.figures.frame import framed
from workbench.figures.palette import LIGHT
from workbench.i18n.table import text

METRICS = {"seconds": 1e3, "size_bytes": 1e-6, "elements": 1e-3}  # factor to the unit shown


class LayersInfo(NamedTuple):
    """Places of the layers (-1 before the first), and their values in the unit shown.

    A layer that was removed has 0, one whose value nobody measured None; a side without any value
    is empty.
    """

    metric: str
    places: list[int]
    last: int
    mine: list[float | None]
    reference: list[float | None]


def layers_info(
    profile: Mapping[str, Any], reference: Mapping[str, Any] | None, metric: str
) -> LayersInfo:
    """Put two profiles side by side.

    A layer that was removed has no bar. Layers are counted in each model by itself: the third of
    a pruned model need not be the third of its original.

    Args:
        profile: plain data of a ``Profile``.
        reference: of the run compared with, if there is one.
        metric: one of ``METRICS``.
    """
    sides = [_values(side, metric) for side in (profile, reference or {})]
    blocks = max((max(side, default=0) for side in sides), default=0)
    for side in sides:  # the head stands at the end, however many layers are left
        if side and max(side) < blocks and max(side) > 0:
            side[blocks] = side.pop(max(side))
    places = sorted({place for side in sides for place in side})
    return LayersInfo(
        metric,
        places,
        blocks,
        *([side.get(place, 0.0) for place in places] if side else [] for side in sides),
    )


def _values(profile: Mapping[str, Any], metric: str) -> dict[int, float | None]:
    found = {int(part["layer"]): part[metric] for part in profile.get("layers", ())}
    if all(value is None for value in found.values()):
        return {}
    scale = METRICS[metric]
    return {at: None if x is None else float(x) * scale for at, x in found.items()}


def draw_layers(info: LayersInfo, language: str) -> dict[str, Any]:
    """Draw ``info`` as a plotly figure in plain data."""
    names = [_name(place, info.last, language) for place in info.places]
    sides = [("reference", info.reference, LIGHT.reference), ("mine", info.mine, LIGHT.accent)]
    return {
        "data": [
            {
                "type": "bar",
                "name": text(f"layers.{name}", language),
                "x": names,
                "y": values,
                "marker": {"color": colour},
            }
            for name, values, colour in sides
            if values
        ],
        "layout": framed(
            {"type": "category", "title": {"text": text("layers.axis", language)}},
            {"title": {"text": text(f"layers.{info.metric}", language)}},
            info.metric,
            barmode="group",
        ),
    }


def _name(place: int, last: int, language: str) -> str:
    if place < 0:
        return text("layers.before", language)
    return text("layers.head", language) if place == last else str(place + 1)
