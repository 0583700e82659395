"""The frame of every panel: a card with one heading, styled wherever it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ipywidgets as w

from workbench.panels.foreign import escape, short
from workbench.panels.web import Markup, shared


class Card(w.VBox):
    """A card; alone in a cell it brings the style with it.

    Args:
        step: of the spine, for the CSS class ``wb-step-<step>``.
        children: what is in it, below the heading.
    """

    def __init__(self, step: str, children: Sequence[Any]) -> None:
        self.heading = Markup()
        super().__init__([shared(), self.heading, *children])
        for name in ("wb", "wb-card", f"wb-step-{step}"):
            self.add_class(name)

    def title(self, words: str) -> None:
        """Set the heading."""
        self.heading.html = f"<h2>{escape(words)}</h2>"


def visible(widget: Any, on: bool) -> None:
    """Show or hide a widget."""
    widget.layout.display = None if on else "none"


def classed(widget: Any, *names: str) -> Any:
    """The widget with CSS classes."""
    for name in names:
        widget.add_class(name)
    return widget


def options(dropdown: Any, listed: Sequence[tuple[str, Any]], value: Any) -> None:
    """Set options and value together, and only what changed; names are foreign text."""
    listed = [(short(words), known) for words, known in listed]
    if tuple(dropdown.options) != tuple(listed):
        dropdown.options = listed
    if any(value == known for _, known in listed) and dropdown.value != value:
        dropdown.value = value


def trouble(words: str) -> str:
    """Markup of a failure, or nothing."""
    return f'<p class="wb-trouble" role="alert">{escape(words)}</p>' if words else ""
