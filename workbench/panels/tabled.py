"""A live plot with the same as a table beside it, on demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as w

from workbench.figures.table import table_of
from workbench.i18n.table import text
from workbench.panels.foreign import escape
from workbench.panels.web import Markup, PlotView


class TabledPlot(w.VBox):
    """A ``PlotView`` and its table.

    Args:
        on_click: called with the id of a point.
    """

    def __init__(self, on_click: Callable[[str], None] = lambda _: None) -> None:
        self.plot, self.table = PlotView(on_click), Markup()
        self.asked = w.ToggleButton(description=text("plot.table", "en"))
        self._language = "en"
        super().__init__([self.plot, self.asked, self.table])
        self.add_class("wb-tabled")
        self.asked.observe(self._tell, "value")

    def show(
        self, figure: Mapping[str, Any], language: str, label: str = "", short: str = ""
    ) -> None:
        """Draw a figure, and tell it in the table if that is asked for; as ``PlotView.show``."""
        self._language = language
        self.asked.description = text("plot.table", language)
        self.plot.show(figure, label, short)
        self._tell()

    def _tell(self, _: Any = None) -> None:
        if not self.asked.value:
            self.table.html = ""
            return
        heads, rows = table_of(self.plot.figure, self._language)
        head = "".join(f"<th>{escape(word)}</th>" for word in heads)
        body = "".join(
            f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
        )
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        self.table.html = f'<div class="wb-scroll" tabindex="0">{table}</div>'
