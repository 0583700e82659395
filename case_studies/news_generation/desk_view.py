"""The browser part of the news page: a tree of texts that no text can turn into markup."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from traitlets import List

from workbench.panels.web import HERE as SHARED
from workbench.panels.web import Woken

HERE = Path(__file__).parent


def _source(folder: Path, name: str) -> str:
    return (folder / name).read_text(encoding="utf-8")


class TreeView(Woken):
    """Shows nodes of ``desk_tree``."""

    _esm = _source(SHARED, "wake.js") + _source(HERE, "desk.js")
    _css = _source(HERE, "news.css")
    nodes: Any = List().tag(sync=True)

    def show(self, nodes: Sequence[Any]) -> None:
        """Replace what is shown; what is the same stays in the page."""
        self.nodes = list(nodes)
