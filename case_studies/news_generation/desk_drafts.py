"""An event on its way to a record: fields that a form shows, strings that a person edits."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from case_studies.news_generation.desk_words import slot_name, unit_name
from case_studies.news_generation.events import EventType, Record, Slot, checked, events
from case_studies.news_generation.values import Values
from case_studies.news_generation.wording import number

MOST_FIELDS = max(len(event.slots) for event in events().values())


@dataclass(frozen=True)
class Field:
    """One slot as a form shows it.

    Args:
        name: of the slot.
        label: its name and unit in the language of the page.
        hint: what is expected where nothing stands.
        options: of a choice, in the language of the event; empty for anything typed.
        optional: whether it may be left empty.
    """

    name: str
    label: str
    hint: str
    options: tuple[str, ...]
    optional: bool


def fields(event: str, told_in: str, language: str) -> tuple[Field, ...]:
    """The fields of a type of event.

    Args:
        event: name of the type.
        told_in: language of the event.
        language: of the page.
    """
    return tuple(_field(slot, told_in, language) for slot in events()[event].slots)


def _field(slot: Slot, told_in: str, language: str) -> Field:
    unit = unit_name(slot.unit, language, told_in)
    label = slot_name(slot.name, language)
    if unit:
        label += f"（{unit}）" if language == "zh" else f", {unit}"
    hints = {"date": "2026-03-07", "time": "14:35"}
    if slot.kind == "number":
        ends = (number(end, slot.decimals) for end in (slot.low, slot.high))
        hints["number"] = " – ".join(ends)
    options = tuple(words[told_in][0] for words in slot.words.values())
    optional = slot.optional or bool(slot.needs)
    return Field(slot.name, label, hints.get(slot.kind, ""), options, optional)


def drawn(event: str, told_in: str, seed: int) -> dict[str, str]:
    """An event of a type with values of the test split, as a form holds it.

    Args:
        event: name of the type.
        told_in: language of the event.
        seed: another one gives another event.
    """
    rng = random.Random(f"desk/{seed}/{event}/{told_in}")
    return written(Values(told_in, "test", rng).record(events()[event]))


def written(record: Record) -> dict[str, str]:
    """The slots of a record as strings; what it lacks is empty."""
    return {slot.name: shown(record, slot.name) for slot in record.event.slots}


def shown(record: Record, name: str) -> str:
    """A value of a record as a person would type it."""
    slot, value = record.event.slot(name), record.slots.get(name, "")
    if slot.kind == "number" and value != "":
        return number(value, slot.decimals)
    return str(value)


def record_of(event: str, told_in: str, slots: Mapping[str, str]) -> Record:
    """The record of a form.

    Raises:
        BadInput: naming the slot that is missing or mistyped.
    """
    given = {name: value.strip() for name, value in slots.items()}
    return checked({"type": event, "language": told_in, "slots": given})


def listed() -> tuple[EventType, ...]:
    """Every type, in the order of the form."""
    return tuple(events().values())
