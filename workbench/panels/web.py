"""The few browser parts that ipywidgets lack: a live plot, markup with clicks, the address."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import anywidget
from traitlets import Bool, Dict, Unicode

from workbench.figures.palette import DARK, LIGHT
from workbench.figures.script import plotly_module

SERVED = "WORKBENCH_PLOTLY_SERVED"  # set by our Voila launcher: the page brings plotly.js
HERE = Path(__file__).parent


def _source(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


class Shared(anywidget.AnyWidget):
    """What a page needs once, however many panels it shows: plotly.js, the style, the theme.

    A published page has plotly.js from its server, which browsers keep: 0.5 instead of 5.4 MB for
    the states of all widgets, and nothing that takes the place of the page's other modules.
    """

    _css = _source("style.css")

    def __init__(self) -> None:
        served = os.environ.get(SERVED)
        super().__init__(_esm=("" if served else plotly_module()) + _source("page.js"))


@cache
def shared() -> Shared:
    """The one of this kernel."""
    return Shared()


class Woken(anywidget.AnyWidget):
    """A widget that lives even where its module was slow to load; its module calls ``wake``."""

    me = Unicode("", help="the id of its model").tag(sync=True)

    def __init__(self, **state: Any) -> None:
        own = uuid4().hex
        super().__init__(model_id=own, me=own, **state)


class PlotView(Woken):
    """A live plot; what was shown before the page came is drawn when it comes.

    Args:
        on_click: called with the id of a point.
    """

    _esm = _source("wake.js") + _source("plot.js")
    figure = Dict().tag(sync=True)
    swap = Dict(dict(zip(LIGHT, DARK, strict=True))).tag(sync=True)
    label = Unicode("").tag(sync=True)
    short = Unicode("").tag(sync=True)

    def __init__(self, on_click: Callable[[str], None] = lambda _: None) -> None:
        super().__init__()
        self.on_msg(lambda _, content, __: _text(content, "click", on_click))

    def show(self, figure: Mapping[str, Any], label: str = "", short: str = "") -> None:
        """Draw a plotly figure given as plain data.

        Args:
            figure: ``data`` and ``layout``.
            label: what a screen reader says.
            short: title of the x axis where there is little room.
        """
        self.label, self.short = label, short
        self.figure = dict(figure)


class Markup(Woken):
    """Markup made in Python, every foreign text in it escaped there.

    Args:
        on_act: called with (``data-act``, ``data-value``) of what was clicked.
        escapes: whether the Esc key counts as the act ``escape``.
    """

    _esm = _source("wake.js") + _source("markup.js")
    html = Unicode("").tag(sync=True)
    escapes = Bool(False).tag(sync=True)

    def __init__(
        self, on_act: Callable[[str, str], None] = lambda act, value: None, escapes: bool = False
    ) -> None:
        super().__init__(escapes=escapes)
        self._on_act = on_act
        self.on_msg(self._heard)

    def offer(self, name: str, content: str) -> None:
        """Let the reader's browser save ``content`` as a file called ``name``."""
        self.send({"download": content, "name": name})

    def _heard(self, _: Any, content: Any, __: Any) -> None:
        act, value = (content.get(name) for name in ("act", "value"))
        if isinstance(act, str) and isinstance(value, str):
            self._on_act(act[:40], value[:200])


class Address(Woken):
    """The page's address and who visits it.

    Args:
        on_visit: called with (query string, client id) when a page connects.
        owns_page: whether the address is ours to keep current (a published page, not Lab).
    """

    _esm = _source("wake.js") + _source("address.js")
    query = Dict().tag(sync=True)
    owns_page = Bool(False).tag(sync=True)

    def __init__(self, on_visit: Callable[[str, str], None], owns_page: bool) -> None:
        super().__init__(owns_page=owns_page)
        self._on_visit = on_visit
        self.on_msg(self._heard)

    def _heard(self, _: Any, content: Any, __: Any) -> None:
        search, client = (content.get(name) for name in ("search", "client"))
        if isinstance(search, str) and isinstance(client, str):
            self._on_visit(search[:2000], client[:64])


def _text(content: Any, name: str, then: Callable[[str], None]) -> None:
    value = content.get(name) if isinstance(content, dict) else None
    if isinstance(value, str):
        then(value[:200])
