"""The event on screen: its type, its language, what stands in its fields."""

from __future__ import annotations

from typing import Any

from traitlets import Dict, HasTraits, Tuple, Unicode

from case_studies.news_generation.desk_drafts import drawn, record_of
from case_studies.news_generation.desk_session import DeskSession
from case_studies.news_generation.desk_texts import told
from case_studies.news_generation.events import LANGUAGES, Record, events
from workbench.core.errors import BadInput


class EventState(HasTraits):
    """An event that a person picks and edits.

    Args:
        session: the visit.
    """

    told_in = Unicode("en", help="language of the event, and so of its brief")
    event = Unicode("", help="name of its type")
    slots = Dict(help="slot to what stands in its field; replaced, never changed")
    undo = Tuple(help="(event, language, slots) that another event has replaced; empty for none")
    trouble = Unicode("", help="empty, or why the fields make no record")

    def __init__(self, session: DeskSession) -> None:
        super().__init__()
        self.session = session
        self.fresh = True  # whether nobody has typed or written anything yet
        self._seed = 0
        self._error: BadInput | None = None
        self._draw(next(iter(events())), session.language)
        session.observe(self._language_changed, ["language"])

    def choose(self, event: str, told_in: str = "") -> None:
        """Another type of event, or the same in another language; unknown ones are passed over."""
        wanted = (event, told_in or self.told_in)
        known = event in events() and wanted[1] in LANGUAGES
        if known and wanted != (self.event, self.told_in):
            self._draw(*wanted)

    def another(self) -> None:
        """Another event of the same type; the one before can be had back."""
        before = (self.event, self.told_in, self.slots)
        self._seed += 1
        self._draw(self.event, self.told_in)
        self.undo = before

    def take_back(self) -> None:
        """The event that another one has replaced."""
        if self.undo:
            self.event, self.told_in, self.slots = self.undo
            self.undo = ()
            self._refuse(None)

    def set_slot(self, name: str, value: str) -> None:
        """What a person has typed into a field."""
        if name in self.slots and self.slots[name] != value:
            self.fresh = False
            self.slots = {**self.slots, name: value}
            if self._error is not None:  # a sentence goes as soon as it is no longer true
                self.record()

    def record(self) -> Record | None:
        """The event as a record; why it is none lands in ``trouble``."""
        try:
            record = record_of(self.event, self.told_in, self.slots)
        except BadInput as err:
            self._refuse(err)
            return None
        self._refuse(None)
        return record

    def _draw(self, event: str, told_in: str) -> None:
        self.undo = ()
        with self.hold_trait_notifications():  # fields and their values change together
            self.event, self.told_in = event, told_in
            self.slots = drawn(event, told_in, self._seed)
        self._refuse(None)

    def _language_changed(self, _: Any) -> None:
        """Who reads in another language wants a brief in it, unless there is work on screen."""
        self._refuse(self._error)
        if self.fresh:
            self.choose(self.event, self.session.language)

    def _refuse(self, error: BadInput | None) -> None:
        self._error = error
        self.trouble = "" if error is None else told(error, self.session.language)
