"""Foreign text on its way to a page: the ``escape`` and ``short`` of panels and report."""

from __future__ import annotations

import html

from workbench.core.errors import SHOWN, visible

MOST, CODE = 1_000, 10_000  # characters of a text, and of the code of a run


def short(words: str, most: int = 80) -> str:
    """A name or a cell for a page: one line of visible characters, not yet escaped."""
    return visible(words, most)


def escape(words: str, most: int = MOST) -> str:
    """Text for an element or a quoted attribute: markup escaped, nothing in it invisible."""
    return html.escape(visible(words, most, SHOWN + "\n"))
