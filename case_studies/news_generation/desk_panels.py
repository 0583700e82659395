"""The panels of the news page: the event or prompt, how it is written, the two sides."""

from __future__ import annotations

from functools import partial
from typing import Any

import ipywidgets as w

from case_studies.news_generation.desk_drafts import listed
from case_studies.news_generation.desk_form import SlotForm
from case_studies.news_generation.desk_sides import WAYS
from case_studies.news_generation.desk_state import MODES, DeskState
from case_studies.news_generation.desk_tree import Node, branch, leaf, side_tree
from case_studies.news_generation.desk_view import TreeView
from case_studies.news_generation.events import LANGUAGES, events
from workbench.panels.card import Card, classed, options, visible
from workbench.panels.controls import name, put, slider

KNOBS = ("temperature", "top_p", "tokens")


class AskPanel(Card):
    """View over a ``DeskState``: what to write of, and the one primary button."""

    def __init__(self, state: DeskState) -> None:
        self.state, self._showing = state, False
        self.mode = classed(w.ToggleButtons(options=[(x, x) for x in MODES]), "nd-mode")
        self.type, self.language = w.Dropdown(), w.Dropdown()
        self.form, self.free = SlotForm(state.event), FreeForm(state)
        self.note = TreeView()
        self.button = classed(w.Button(), "wb-primary", "nd-write")
        self.stop = w.Button()
        self.another, self.undo = w.Button(), w.Button()
        chooser = classed(w.Box([self.type, self.language]), "nd-slots")
        self.event = classed(w.VBox([chooser, self.form]), "nd-event")
        buttons = classed(w.HBox([self.button, self.stop]), "wb-row")
        self.more = classed(w.HBox([self.another, self.undo]), "wb-row")
        children = [self.mode, self.event, self.free, self.note, buttons, self.more]
        super().__init__("news", children)
        self._wire()
        self._show()

    def _wire(self) -> None:
        state = self.state
        self.mode.observe(partial(self._chosen, state.choose_mode), "value")
        self.type.observe(partial(self._chosen, state.event.choose), "value")
        self.language.observe(
            partial(self._chosen, lambda x: state.event.choose(state.event.event, x)), "value"
        )
        self.button.on_click(lambda _: state.write())
        self.stop.on_click(lambda _: state.stop())
        self.another.on_click(lambda _: state.event.another())
        self.undo.on_click(lambda _: state.event.take_back())
        state.observe(self._show, ["mode", "sides", "trouble"])
        state.event.observe(self._show, ["event", "told_in", "undo", "trouble"])
        state.models.observe(self._show, ["trouble"])
        state.session.observe(self._show, ["language", "trouble"])

    def _chosen(self, act: Any, change: Any) -> None:
        if not self._showing and change.new:
            act(change.new)

    def _show(self, _: Any = None) -> None:
        self._showing = True
        try:
            self._words()
            free = self.state.mode == "free"
            visible(self.event, not free)
            visible(self.more, not free)
            visible(self.free, free)
            self.button.disabled = self.state.busy
            self.stop.disabled = not self.state.busy
            self.undo.disabled = not self.state.event.undo
            self.note.show(self._note())
        finally:
            self._showing = False

    def _words(self) -> None:
        say, state = self.state.session.say, self.state
        language = state.session.language
        self.title(say("news.event"))
        told = [(say(f"news.from.{mode}"), mode) for mode in MODES]
        options(self.mode, told, state.mode)
        types = [(_begun(event.title[language]), event.name) for event in listed()]
        options(self.type, types, state.event.event)
        spoken = [(say(f"news.language.{code}"), code) for code in LANGUAGES]
        options(self.language, spoken, state.event.told_in)
        self.type.description = say("news.type")
        self.language.description = say("news.language")
        self.button.description = say("news.write" if state.mode == "event" else "news.go_on")
        for button in ("stop", "another"):
            getattr(self, button).description = say(f"news.{button}")
        self.undo.description = say("news.back")

    def _note(self) -> list[Node]:
        state, say = self.state, self.state.session.say
        nodes = []
        if state.mode == "event" and events()[state.event.event].transfer:
            nodes.append(leaf("p", say("news.transfer"), "wb-soft"))
        known = (state.event.trouble if state.mode == "event" else "", state.trouble)
        told = (*known, state.models.trouble, state.session.trouble)
        nodes += [leaf("p", words, "wb-trouble", role="alert") for words in told if words]
        return nodes


def _begun(words: str) -> str:
    """The words with a capital at their beginning."""
    return words[:1].upper() + words[1:]


class FreeForm(w.VBox):  # type: ignore[misc]
    """A prompt of one's own, for any model that writes; a stranger names no files."""

    def __init__(self, state: DeskState) -> None:
        self.state, self._showing = state, False
        self.model, self.path, self.load = w.Dropdown(), w.Text(), w.Button()
        self.prompt = w.Textarea(rows=7)
        other = classed(w.HBox([self.path, self.load]), "wb-row", "wb-field")
        own = () if state.session.public else (other,)
        super().__init__([self.model, *own, self.prompt])
        self.add_class("nd-free-form")
        self.model.observe(self._chosen, "value")
        self.prompt.observe(lambda change: setattr(state, "prompt", change.new), "value")
        self.load.on_click(lambda _: state.open_model(self.path.value))
        state.observe(self._show, ["mode"])
        state.models.observe(self._show, ["models"])
        state.session.observe(self._show, ["language", "model"])
        self._show()

    def _chosen(self, change: Any) -> None:
        if not self._showing and change.new:
            self.state.choose_model(change.new)

    def _show(self, _: Any = None) -> None:
        self._showing = True
        try:
            say, session = self.state.session.say, self.state.session
            cards = [(card.title, card.id) for card in self.state.models.models]
            options(self.model, [("–", ""), *cards], session.model)
            self.model.description = say("news.model")
            self.path.description = say("news.another_model")
            self.path.placeholder, self.load.description = (
                say("news.other_model"),
                say("news.open"),
            )
            self.prompt.description = say("news.prompt")
            self.prompt.placeholder = say("news.prompt_hint")
        finally:
            self._showing = False


class HowPanel(Card):
    """View over a ``ModelState``: how the right side is made, how tokens are chosen."""

    def __init__(self, state: DeskState) -> None:
        self.state, self._showing = state, False
        self.way = w.Dropdown()
        self.absent, self.note = TreeView(), TreeView()
        self.more = w.ToggleButton(icon="")
        models = state.models
        self.knobs = {
            knob: slider(models.span(knob), getattr(models.sampling, knob)) for knob in KNOBS
        }
        self.inner = classed(w.VBox([*self.knobs.values(), self.note]), "nd-knobs")
        super().__init__("newsway", [self.way, self.absent, self.more, self.inner])
        self.way.observe(self._chosen, "value")
        for knob, widget in self.knobs.items():
            widget.observe(partial(self._turned, knob), "value")
        self.more.observe(lambda change: visible(self.inner, change.new), "value")
        models.observe(self._show, ["way", "sampling", "longest"])
        state.session.observe(self._show, ["language"])
        visible(self.inner, False)
        self._show()

    def _chosen(self, change: Any) -> None:
        if not self._showing and change.new:
            self.state.models.choose_way(change.new)
            self._show()  # one that cannot be taken springs back

    def _turned(self, knob: str, change: Any) -> None:
        if not self._showing:
            value = change.new if knob == "tokens" else round(change.new, 2)
            self.state.models.set_sampling(**{knob: value})

    def _show(self, _: Any = None) -> None:
        self._showing = True
        try:
            self._copy()
        finally:
            self._showing = False

    def _copy(self) -> None:
        say, models = self.state.session.say, self.state.models
        self.title(say("news.how"))
        why = {way: models.why_not(way) for way in WAYS}
        ways = [(say(f"news.way.{way}") + (" ✕" if why[way] else ""), way) for way in WAYS]
        options(self.way, ways, models.way)
        self.way.description = say("news.compressed_as")
        lines = [
            say("news.way_missing", way=say(f"news.way.{way}"), why=reason)
            for way, reason in why.items()
            if reason
        ]
        self.absent.show([leaf("p", line, "wb-soft") for line in lines])
        self.more.description = say("news.sampling")
        self.knobs["tokens"].max = models.longest
        for knob, widget in self.knobs.items():
            name(widget, say(f"news.knob.{knob}"))
            put(widget, getattr(models.sampling, knob))
        cold = "news.warm" if models.sampling.temperature else "news.cold"
        self.note.show([leaf("p", say(cold), "wb-soft")])


class SidePanel(w.VBox):  # type: ignore[misc]
    """View over one side of a ``DeskState``.

    Args:
        state: the desk.
        place: 0 for the original, 1 for the compressed model.
    """

    def __init__(self, state: DeskState, place: int) -> None:
        self.state, self.place, self.tree = state, place, TreeView()
        super().__init__([self.tree])
        for css in ("wb", "wb-card", "nd-side"):
            self.add_class(css)
        state.observe(self._show, ["sides", "mode"])
        state.models.observe(self._show, ["way"])
        state.session.observe(self._show, ["language"])
        self._show()

    def _show(self, _: Any = None) -> None:
        session, side = self.state.session, self.state.shown(self.place)
        nodes = side_tree(side, session.say, session.language)
        if side.status == "empty":
            free = self.state.mode == "free"
            button = session.say("news.go_on" if free else "news.write")
            words = session.say("news.empty_free" if free else "news.empty", button=button)
            nodes.append(branch("p", [leaf("span", words)], "wb-soft nd-empty"))
        self.tree.show(nodes)
