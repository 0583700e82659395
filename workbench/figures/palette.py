"""Colours of the plots, the same values as the page's variables in ``panels/style.css``.

Figures are drawn in ``LIGHT``; on a dark page the browser puts ``DARK`` in its place.
"""

from __future__ import annotations

from typing import NamedTuple


class Palette(NamedTuple):
    """Colours as CSS strings."""

    ink: str
    soft: str
    line: str
    accent: str
    reference: str
    expected: str
    bars: str
    card: str


LIGHT = Palette(
    *("#1f2933", "#5b6875", "#e3e7ec", "#0b69c7"),
    *("#7048c6", "#b5179e", "#b9c2cc", "#ffffff"),
)
DARK = Palette(
    *("#e6eaee", "#9aa7b4", "#303a45", "#5aa9f5"),
    *("#b197fc", "#f07be0", "#4c5967", "#1c232b"),
)
