"""The fields of an event: typed ones and choices, as many as its type has slots."""

from __future__ import annotations

from functools import partial
from typing import Any

import ipywidgets as w

from case_studies.news_generation.desk_drafts import MOST_FIELDS, Field, fields
from case_studies.news_generation.desk_event import EventState
from workbench.panels.card import options, visible


class SlotForm(w.Box):  # type: ignore[misc]
    """View over the slots of an ``EventState``.

    Every place has a typed field and a choice, of which one is shown: another type of event
    makes no new widgets.
    """

    def __init__(self, state: EventState) -> None:
        self.state = state
        self._showing, self._names = False, [""] * MOST_FIELDS
        self.typed = [w.Text() for _ in range(MOST_FIELDS)]
        self.chosen = [w.Dropdown() for _ in range(MOST_FIELDS)]
        pairs = zip(self.typed, self.chosen, strict=True)
        super().__init__([widget for pair in pairs for widget in pair])
        self.add_class("nd-slots")
        for widgets in (self.typed, self.chosen):
            for place, widget in enumerate(widgets):
                widget.observe(partial(self._heard, place), "value")
        state.observe(self._show, ["event", "told_in", "slots"])
        state.session.observe(self._show, ["language"])
        self._show()

    def _heard(self, place: int, change: Any) -> None:
        if not self._showing and isinstance(change.new, str):
            self.state.set_slot(self._names[place], change.new)

    def _show(self, _: Any = None) -> None:
        state = self.state
        found = fields(state.event, state.told_in, state.session.language)
        self._names = [field.name for field in found] + [""] * (MOST_FIELDS - len(found))
        self._showing = True
        try:
            for place in range(MOST_FIELDS):
                self._place(place, found[place] if place < len(found) else None)
        finally:
            self._showing = False

    def _place(self, place: int, field: Field | None) -> None:
        typed, chosen = self.typed[place], self.chosen[place]
        visible(typed, field is not None and not field.options)
        visible(chosen, field is not None and bool(field.options))
        if field is None:
            return
        value = str(self.state.slots[field.name])
        if field.options:
            chosen.description = field.label
            options(chosen, [(word, word) for word in field.options], value)
            return
        hint = self.state.session.say("news.optional") if field.optional else ""
        typed.description, typed.placeholder = field.label, field.hint or hint
        typed.tooltip = hint or field.label
        if typed.value != value:
            typed.value = value
