"""From a declared knob to a widget: the domain says which."""

from __future__ import annotations

from collections.abc import Callable
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
        options = [(say(f"option.{option}"), option) for option in domain.options]
        return w.Dropdown(options=options, value=value, tooltip=domain.help)
    return slider(domain, value)


def slider(domain: Span, value: Any) -> Any:
    """A slider that answers to the drag, not to the release."""
    whole = isinstance(domain.step, int)
    kind = w.IntSlider if whole else w.FloatSlider
    return kind(
        value=value,
        min=domain.low,
        max=domain.high,
        step=domain.step,
        continuous_update=True,
        readout_format="d" if whole else ".2f",
        tooltip=domain.help,
    )


def name(widget: Any, words: str) -> None:
    """Label a control, for eyes and for screen readers."""
    widget.description = words
    widget.tooltip = widget.tooltip or words
