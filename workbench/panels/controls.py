"""From a declared knob to a widget: the domain says which."""

from __future__ import annotations

from collections.abc import Callable
from math import floor, log10
from typing import Any

import ipywidgets as w

from workbench.core.knobs import Choice, Knob, Span


def control(knob: Knob, value: Any, say: Callable[[str], str]) -> Any:
    """A slider for a span, a dropdown for a choice.

    Args:
        knob: name, domain, default.
        value: to start with.
        say: text of a key, in the language of the visit.
    """
    domain = knob.domain
    if isinstance(domain, Choice):
        return w.Dropdown(options=worded(domain, say), value=value, tooltip=domain.help)
    return slider(domain, value)


def worded(domain: Choice, say: Callable[[str], str]) -> list[tuple[str, Any]]:
    """What a dropdown shows for each option of a choice."""
    return [(say(f"option.{option}"), option) for option in domain.options]


def slider(domain: Span, value: Any) -> Any:
    """A slider that answers to the drag, not to the release."""
    whole = isinstance(domain.step, int)
    kind = w.IntSlider if whole else w.FloatSlider
    digits = max(2, -floor(log10(domain.step)))
    return kind(
        value=value,
        min=domain.low,
        max=domain.high,
        step=domain.step,
        continuous_update=True,
        readout_format="d" if whole else f".{digits}f",
        tooltip=domain.help,
    )


def put(widget: Any, value: Any) -> None:
    """Show a value, on a slider at its nearest step.

    A browser moves a handle to the nearest step by itself, and tells of that as if a hand had
    moved it: two sliders that follow each other would then chase each other for ever.
    """
    if isinstance(widget, w.FloatSlider):
        steps = round((value - widget.min) / widget.step)
        value = min(widget.max, round(widget.min + steps * widget.step, 6))
    if not same(widget.value, value):
        widget.value = value


def same(one: Any, other: Any) -> bool:
    """Whether two values are one: what a browser counts in steps differs in the last bits."""
    if isinstance(one, float) or isinstance(other, float):
        return bool(abs(one - other) < 1e-6)
    return bool(one == other)


def name(widget: Any, words: str) -> None:
    """Label a control, for eyes and for screen readers."""
    widget.description = words
    widget.tooltip = widget.tooltip or words
