"""The news page as one widget: an event, two models, two briefs, every fact checked."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import ipywidgets as w

from case_studies.news_generation.desk_panels import AskPanel, HowPanel, SidePanel
from case_studies.news_generation.desk_session import DeskSession
from case_studies.news_generation.desk_sides import SIDES
from case_studies.news_generation.desk_state import MODEL, DeskState
from case_studies.news_generation.desk_tree import leaf
from case_studies.news_generation.desk_view import TreeView
from case_studies.news_generation.events import events
from workbench.apps.page import CLIENT, STRANGERS, VISITORS
from workbench.core.client import Client
from workbench.core.home import home
from workbench.i18n.table import LANGUAGES
from workbench.jobs.client import HttpClient
from workbench.jobs.setup import register
from workbench.panels.bar import Bar
from workbench.panels.card import classed
from workbench.panels.seal import seal
from workbench.panels.web import Address, shared


class NewsPage(w.VBox):  # type: ignore[misc]
    """The whole page; its ``state`` can be read and set from a notebook.

    Args:
        client: how work is asked for.
        visitor: whether whoever comes is a stranger.
        model: that writes briefs.
    """

    def __init__(self, client: Client, visitor: bool = False, model: str = MODEL) -> None:
        self.session = DeskSession(client, home(), visitor, bool(os.environ.get(STRANGERS)))
        self.state = DeskState(self.session, model)
        self._visitor, self._first = visitor, model
        self.panels = {"ask": AskPanel(self.state), "how": HowPanel(self.state)}
        self.panels |= {name: SidePanel(self.state, i) for i, name in enumerate(SIDES)}
        self.address = Address(self._visited, owns_page=visitor)
        super().__init__([shared(), self.address, NewsBar(self.session), self._grid()])
        self.add_class("wb")
        self.session.observe(self._keep_address, ["language"])
        self.state.event.observe(self._keep_address, ["event"])
        self.session.start()

    def _grid(self) -> Any:
        left = classed(w.VBox([self.panels["ask"], self.panels["how"]]), "wb-column")
        sides = classed(w.Box([self.panels[name] for name in SIDES]), "nd-columns")
        self.once = classed(TreeView(), "nd-once")
        self.session.observe(self._say_once, ["language"])
        self._say_once()
        right = classed(w.VBox([sides, self.once]), "wb-column")
        return classed(w.Box([left, right]), "wb-grid")

    def _say_once(self, _: Any = None) -> None:
        self.once.show([leaf("p", self.session.say("news.once"), "wb-soft")])

    def _visited(self, search: str, client: str) -> None:
        """A page has connected: who it is, what its address asks for; the model is warmed."""
        asked = {name: values[-1] for name, values in parse_qs(search.lstrip("?")).items()}
        if asked.get("lang") in LANGUAGES:
            self.session.language = asked["lang"]
        if self._visitor and CLIENT.fullmatch(client) and client != self.session.client.id:
            self.session.stop()
            self.session.client.id = client
            self.session.start()
        if asked.get("event") in events():
            self.state.event.choose(asked["event"])
        self.state.warm()
        self._keep_address()

    def _keep_address(self, _: Any = None) -> None:
        event, session = self.state.event.event, self.session
        self.address.query = {
            "lang": session.language if session.language != LANGUAGES[0] else "",
            "event": event if event != next(iter(events())) else "",
        }


class NewsBar(Bar):
    """The top bar: name, jobs, language, theme; no steps."""

    title = "news.title"

    def _steps(self) -> str:
        return ""


def news(client: Client | None = None, model: str = MODEL) -> NewsPage:
    """The news page for a notebook cell or a Voila page.

    Args:
        client: how work is asked for; by default the job server of ``WORKBENCH_HOME``, started
            if there is none.
        model: that writes briefs.
    """
    register()
    visitor = bool(os.environ.get(VISITORS))
    if visitor:
        seal()
    if client is None:
        client = HttpClient(home(), uuid4().hex) if visitor else HttpClient(home())
    return NewsPage(client, visitor, model)
