"""Foreign text on its way to a page: the ``escape`` and ``short`` of panels and report."""

from __future__ import annotations

import html

from workbench.core.errors import SHOWN, visible

MOST = 5_000  # characters; the code of a run is the longest text


def short(words: str, most: int = 80) -> str:
    """A name or a cell for a page: one line of visible characters, not yet escaped."""
    return visible(words, most)


def escape(words: str) -> str:
    """Text for an element or a quoted attribute: markup escaped, nothing in it invisible."""
    return html.escape(visible(words, MOST, SHOWN + "\n"))
