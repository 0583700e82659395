"""The workbench as one widget: choose, compress, measure and explore on one page."""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import ipywidgets as w

from workbench.core.client import Client
from workbench.core.home import home
from workbench.i18n.table import LANGUAGES
from workbench.jobs.client import HttpClient
from workbench.jobs.setup import register
from workbench.models.catalogue import BUILT_IN
from workbench.panels.bar import Bar
from workbench.panels.choose import ChoosePanel
from workbench.panels.compress import CompressPanel
from workbench.panels.explore import DetailsPanel, ExplorePanel, RunsPanel
from workbench.panels.ledger import LedgerPanel
from workbench.panels.measure import JobsPanel, MeasurePanel
from workbench.panels.operating import OperatingPanel
from workbench.panels.seal import seal
from workbench.panels.web import Address, shared
from workbench.panels.why import WhyPanel
from workbench.recipes.recipe import Recipe
from workbench.recipes.registry import RUNTIMES, TECHNIQUES, missing
from workbench.state.choose import ChooseState
from workbench.state.compress import CompressState
from workbench.state.explore import ExploreState
from workbench.state.ledger import LedgerState
from workbench.state.measure import MeasureState
from workbench.state.operating import OperatingState
from workbench.state.session import Session
from workbench.state.why import WhyState
from workbench.tasks.shopdesk import NAME

VISITORS = "WORKBENCH_VISITORS"  # set by our Voila launcher: whoever comes is a visitor
STRANGERS = "WORKBENCH_STRANGERS"  # set where others than this machine's user may come
LEFT = ("choose", "compress", "measure")
CLIENT = re.compile(r"[0-9a-f]{32}")


class Workbench(w.VBox):  # type: ignore[misc]
    """The whole page; its states can be read and set from a notebook.

    Each of its ``panels`` (by name: ``choose``, ``compress``, ``measure``, ``explore``,
    ``details``, ``why``, ``operating``, ``ledger``, ``runs``, ``jobs``) also works alone in a
    cell, on the same state.

    Args:
        client: how work is asked for.
        visitor: whether whoever comes is a stranger who sees the owner's runs and their own.
    """

    def __init__(self, client: Client, visitor: bool = False) -> None:
        self.session = Session(client, home(), visitor, public=bool(os.environ.get(STRANGERS)))
        self.choose = ChooseState(self.session)
        self.compress = CompressState(self.session, first_recipe())
        self.measure = MeasureState(self.compress)
        self.explore = ExploreState(self.compress)
        self.ledger = LedgerState(self.explore)
        self.why = WhyState(self.explore)
        self.operating = OperatingState(self.why)
        self._visitor = visitor
        self._begin(BUILT_IN, NAME)
        self.panels = self._panels()
        self.address = Address(self._visited, owns_page=visitor)
        super().__init__([shared(), self.address, Bar(self.session), self._grid()])
        self.add_class("wb")
        self.session.observe(self._keep_address, ["model", "task", "selected", "language"])
        self.session.start()

    def _begin(self, model: str, task: str) -> None:
        self.session.model = model
        self.choose.choose_task(task)

    def _panels(self) -> dict[str, Any]:
        return {
            "choose": ChoosePanel(self.choose),
            "compress": CompressPanel(self.compress),
            "measure": MeasurePanel(self.measure),
            "explore": ExplorePanel(self.explore),
            "details": DetailsPanel(self.explore),
            "why": WhyPanel(self.why),
            "operating": OperatingPanel(self.operating),
            "ledger": LedgerPanel(self.ledger),
            "runs": RunsPanel(self.explore),
            "jobs": JobsPanel(self.measure),
        }

    def _grid(self) -> Any:
        left = [self.panels[name] for name in LEFT]
        right = [panel for name, panel in self.panels.items() if name not in LEFT]
        columns = [w.VBox(left), w.VBox(right)]
        for column in columns:
            column.add_class("wb-column")
        grid = w.Box(columns)
        grid.add_class("wb-grid")
        return grid

    def _visited(self, search: str, client: str) -> None:
        """A page has connected: who it is, and what its address asks for."""
        asked = {name: values[-1] for name, values in parse_qs(search.lstrip("?")).items()}
        if asked.get("lang") in LANGUAGES:
            self.session.language = asked["lang"]
        if self._visitor and CLIENT.fullmatch(client) and client != self.session.client.id:
            self.session.stop()
            self.session.client.id = client
            self.session.start()
        if "task" in asked:
            self.choose.ask_for("task", asked["task"])
        if "model" in asked:
            self.choose.ask_for("model", asked["model"])
        if "run" in asked:
            self.session.fetch(asked["run"])
            self.explore.select(asked["run"])
        self._keep_address()

    def _keep_address(self, _: Any = None) -> None:
        session = self.session
        self.address.query = {
            "lang": session.language if session.language != LANGUAGES[0] else "",
            "model": session.model if session.model != BUILT_IN else "",
            "task": session.task if session.task != NAME else "",
            "run": session.selected,
        }


def app(client: Client | None = None) -> Workbench:
    """The workbench for a notebook cell or a Voila page.

    Args:
        client: how work is asked for; by default the job server of ``WORKBENCH_HOME``, started
            if there is none.
    """
    register()
    visitor = bool(os.environ.get(VISITORS))
    if visitor:
        seal()
    if client is None:
        client = HttpClient(home(), uuid4().hex) if visitor else HttpClient(home())
    return Workbench(client, visitor)


def first_recipe() -> Recipe:
    """What the sliders stand at: INT8 on ONNX Runtime, or the plain model where that is absent."""
    wanted: dict[str, Any] = {
        "techniques": [{"name": "dynamic_int8"}],
        "runtime": {"name": "onnxruntime"},
    }
    absent = missing(TECHNIQUES["dynamic_int8"]) or missing(RUNTIMES["onnxruntime"])
    return Recipe.from_json({} if absent else wanted)
