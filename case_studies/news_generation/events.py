"""Events that a brief can tell of: their types, their slots, and records that are checked."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput

LANGUAGES = ("en", "zh")
NAMES = ("club", "place", "person", "company", "product", "party", "road", "index", "festival")
LONGEST = 60  # characters of a name
TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
STEER = re.compile(r"[\x00-\x1f\x7f<>|\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
Value = str | int | float


@dataclass(frozen=True)
class Slot:
    """One fact of an event.

    Args:
        name: as records spell it.
        kind: ``number``, ``date``, ``time``, ``choice``, or a kind of name of ``NAMES``.
        low: least value of a number.
        high: largest value of a number.
        decimals: digits after its point.
        unit: how it is worded; empty for a bare number.
        optional: whether a record may lack it.
        outcome: whether the verb tells it, not a word of its own.
        needs: another slot that must be there; empty for none.
        words: of a choice: key to language to the words that may tell it, the first as records
            show it.
    """

    name: str
    kind: str
    low: float = 0
    high: float = 0
    decimals: int = 0
    unit: str = ""
    optional: bool = False
    outcome: bool = False
    needs: str = ""
    words: Mapping[str, Mapping[str, list[str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class EventType:
    """A type of event.

    Args:
        name: as records spell it.
        title: language to name.
        slots: in the order of a record.
        when: conditions that a text may depend on, each ``a < b``, ``a > b`` or ``a is b``.
        beats: (one, other, points of one, points of other) where one side wins; else empty.
        transfer: whether it is held out of training.
    """

    name: str
    title: Mapping[str, str]
    slots: tuple[Slot, ...]
    when: Mapping[str, str] = field(default_factory=dict)
    beats: tuple[str, ...] = ()
    transfer: bool = False

    def slot(self, name: str) -> Slot:
        """The slot of that name, which is there."""
        return next(slot for slot in self.slots if slot.name == name)


@dataclass(frozen=True)
class Record:
    """An event: what happened, as data.

    Args:
        type: name of its type.
        language: ``en`` or ``zh``.
        slots: name to value, in the type's order: numbers as numbers, dates ``YYYY-MM-DD``, times
            ``HH:MM``, choices as the first word of their list.
    """

    type: str
    language: str
    slots: Mapping[str, Value]

    @property
    def event(self) -> EventType:
        """Its type."""
        return events()[self.type]

    def holds(self, condition: str) -> bool:
        """Whether one of its type's conditions is met."""
        left, sign, right = self.event.when[condition].split()
        one = self.slots[left]
        if sign == "is":
            words = self.event.slot(left).words[right]
            return one == words[self.language][0]
        other = self.slots[right]
        return bool(one > other if sign == ">" else one < other)  # type: ignore[operator]

    def to_json(self) -> dict[str, Any]:
        """As files hold it."""
        return {"type": self.type, "language": self.language, "slots": dict(self.slots)}


@cache
def events() -> Mapping[str, EventType]:
    """Every type by its name, those held out for transfer at the end."""
    told = tomllib.loads((Path(__file__).parent / "events.toml").read_text(encoding="utf-8"))
    choices = told.pop("choices")
    return {name: _event(name, data, choices) for name, data in told.items()}


def _event(name: str, data: Mapping[str, Any], choices: Mapping[str, Any]) -> EventType:
    slots = tuple(
        Slot(slot, **{**given, "words": choices[slot] if given["kind"] == "choice" else {}})
        for slot, given in data["slots"].items()
    )
    more = {"beats": tuple(data.get("beats", ())), "transfer": data.get("transfer", False)}
    return EventType(name, data["title"], slots, data.get("when", {}), **more)


def checked(given: Any) -> Record:
    """A record that somebody wrote.

    Args:
        given: ``{"type", "language", "slots"}``; numbers may be written as text, a choice as any
            of its words or by its key.

    Raises:
        BadInput: naming the slot that is missing, unknown or mistyped.
    """
    data = given if isinstance(given, Mapping) else {}
    event = events().get(str(data.get("type")))
    if event is None:
        known = ", ".join(events())
        raise BadInput(f"type {data.get('type')!r:.60}", f"one of {known}", "name one of them")
    language = data.get("language", "en")
    if language not in LANGUAGES:
        raise BadInput(f"language {language!r:.60}", "en or zh", "choose one of them")
    slots = data.get("slots")
    if not isinstance(slots, Mapping):
        raise BadInput("slots of the record", "an object of names and values", "add them")
    known_names = [slot.name for slot in event.slots]
    if strange := [name for name in slots if name not in known_names]:
        wanted = f"slots of {event.name}: {', '.join(known_names)}"
        raise BadInput(f"slot {strange[0]!r:.60}", wanted, "remove it or correct its name")
    found = {
        slot.name: _value(slot, slots[slot.name], language)
        for slot in event.slots
        if _is_there(slot, slots)
    }
    return _whole(Record(event.name, language, found))


def _is_there(slot: Slot, slots: Mapping[str, Any]) -> bool:
    """Whether a slot has a value; one that must be there has."""
    there = slots.get(slot.name) not in (None, "")
    if not there and not slot.optional and not slot.needs:
        raise BadInput(f"slot {slot.name} (missing)", _wanted(slot), "add it to the record")
    return there


def _wanted(slot: Slot, language: str = "en") -> str:
    if slot.kind == "number":
        form = f"{{:.{slot.decimals}f}}"
        return f"a number from {form.format(slot.low)} to {form.format(slot.high)}"
    if slot.kind == "choice":
        return f"one of {', '.join(words[language][0] for words in slot.words.values())}"
    wanted = {"date": "a date such as 2026-03-07", "time": "a time such as 14:35"}
    return wanted.get(slot.kind, f"a name of at most {LONGEST} characters")


def _value(slot: Slot, given: Any, language: str) -> Value:
    """A value in the form that records have.

    Raises:
        BadInput: if it is none of its kind.
    """
    try:
        if slot.kind == "number":
            return _number(slot, given)
        text = str(given).strip()
        if not isinstance(given, str) or STEER.search(text):
            raise ValueError(given)
        if slot.kind == "date":
            return date.fromisoformat(text).isoformat()
        if slot.kind == "choice":
            return next(
                words[language][0]
                for key, words in slot.words.items()
                if text in (key, *words[language])
            )
        if not text or len(text) > LONGEST or (slot.kind == "time" and not TIME.fullmatch(text)):
            raise ValueError(given)
        return text
    except (ValueError, TypeError, StopIteration, OverflowError) as err:
        told = f"slot {slot.name} = {given!r:.80}"
        raise BadInput(told, _wanted(slot, language), "correct it") from err


def _number(slot: Slot, given: Any) -> int | float:
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise TypeError(given)
    number = round(float(given), slot.decimals)
    if abs(number - float(given)) > 1e-9 or not slot.low <= number <= slot.high:
        raise ValueError(given)
    return number if slot.decimals else int(number)


def _whole(record: Record) -> Record:
    """A record whose slots go together.

    Raises:
        BadInput: if they do not.
    """
    slots = record.slots
    for slot in record.event.slots:
        if slot.needs and (slot.name in slots) != (slot.needs in slots):
            pair = f"{slot.needs} and {slot.name}"
            raise BadInput(f"only one of {pair}", "both or neither", "add the other one")
    if record.event.beats:
        one, other, most, least = record.event.beats
        if slots[most] == slots[least] or slots[one] == slots[other]:
            told = f"{one}, {other}, {most} and {least}"
            raise BadInput(told, "two sides, one of which wins", "correct the record")
        if record.type == "election_count" and slots[most] < slots[least]:  # type: ignore[operator]
            raise BadInput(f"{least} = {slots[least]}", f"less than {most}", "correct the record")
    return record
