"""The loss of a training while it runs, with the accuracy on validation beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from workbench.figures.frame import AXIS, framed
from workbench.figures.palette import LIGHT
from workbench.i18n.table import text


class LossInfo(NamedTuple):
    """Steps and losses; steps and accuracies in per cent."""

    steps: list[int]
    losses: list[float]
    looks: list[int]
    accuracy_pct: list[float]


def loss_info(points: Sequence[tuple[int, float, float | None]]) -> LossInfo:
    """Sort (step, loss, accuracy or None) into two lines."""
    looked = [(step, 100 * accuracy) for step, _, accuracy in points if accuracy is not None]
    return LossInfo(
        steps=[step for step, _, accuracy in points if accuracy is None],
        losses=[loss for _, loss, accuracy in points if accuracy is None],
        looks=[step for step, _ in looked],
        accuracy_pct=[accuracy for _, accuracy in looked],
    )


def draw_loss(info: LossInfo, language: str) -> dict[str, Any]:
    """Draw ``info`` as a plotly figure in plain data."""
    colours = LIGHT
    accuracy = f"{text('metric.accuracy', language)} [%]"
    loss = text("loss.axis", language)
    line = {"type": "scatter", "mode": "lines", "name": loss, "line": {"color": colours.accent}}
    looks = {"type": "scatter", "mode": "lines+markers", "name": accuracy, "yaxis": "y2"}
    return {
        "data": [
            {**line, "x": info.steps, "y": info.losses},
            {
                **looks,
                "x": info.looks,
                "y": info.accuracy_pct,
                "line": {"color": colours.expected},
            },
        ],
        "layout": framed(
            {"title": {"text": text("loss.step", language)}},
            {"title": {"text": loss}, "rangemode": "tozero"},
            "loss",
            yaxis2={
                **AXIS,
                "overlaying": "y",
                "side": "right",
                "showgrid": False,
                "title": {"text": accuracy},
            },
        ),
    }
