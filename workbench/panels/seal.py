"""On a published page a visitor sets values; every other trait of a widget is Python's alone.

A slider's ends, a list's options, markup and layout are synced traits too, so a page could write
them. What it writes here is checked by the widget itself against ends and options that stand.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import ipywidgets as w

from workbench.panels.limits import TEXT_CHARS

WRITABLE = ("value", "index")
_set_state = w.Widget.set_state


def seal() -> None:
    """Seal every widget of this process."""
    w.Widget.set_state = _set_values


def _set_values(widget: Any, state: Any) -> None:
    """Take in what a page may write; the rest is passed over."""
    if isinstance(widget, w.DOMWidget) and isinstance(state, Mapping):
        values = {k: v for k, v in state.items() if k in WRITABLE and _plain(v)}
        if values:
            _set_state(widget, values)


def _plain(value: Any) -> bool:
    """A finite number, a choice or a text of some length: no list, no object."""
    if isinstance(value, str):
        return len(value) <= TEXT_CHARS
    return isinstance(value, int | float) and abs(value) < math.inf
