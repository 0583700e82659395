"""Whether a text tells the facts of a record, and no others.

Given are the text and the record, never how the text was made. What is understood: numbers with
units in digits and words, dates, times, names in full and short, who won, who bought, up or down.
What is not: paraphrases of a value ("nearly half"), facts told without a number or a name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from case_studies.news_generation.events import NAMES, Record, Slot
from case_studies.news_generation.facts import choices
from case_studies.news_generation.facts.cues import verdicts
from case_studies.news_generation.facts.days import strays
from case_studies.news_generation.facts.derived import follows
from case_studies.news_generation.facts.marks import Mark, without
from case_studies.news_generation.facts.moments import dates, times
from case_studies.news_generation.facts.names import known, short
from case_studies.news_generation.facts.numbers import BASES, comparable, numbers, same
from case_studies.news_generation.facts.predicates import misplaced
from case_studies.news_generation.facts.sides import Scene
from case_studies.news_generation.facts.strangers import (
    alike,
    in_place,
    nearly,
    other_language,
    strangers,
)

LONGEST = 8_000  # characters of a text
CLOSE = 0.75  # how alike two numbers are, of 1, for one to be a slip of the other
# units of which an event has one number: another one contradicts it
ONLY = ("km", "km_h", "hours", "minutes", "days", "stores", "votes", "homes")


WITH = {"party": ("winner", "runner_up"), "change": ("revenue", "profit")}


@dataclass(frozen=True)
class Fact:
    """What a text says of one slot.

    Args:
        slot: its name.
        status: ``right``, ``wrong`` or ``missing``.
        spans: (start, end) in the text, of what says it.
    """

    slot: str
    status: str
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Checked:
    """A text held against its record.

    Args:
        facts: one for each slot of the record, in its order.
        invented: (start, end) of what belongs to no slot.
    """

    facts: tuple[Fact, ...]
    invented: tuple[tuple[int, int], ...]

    @property
    def fidelity(self) -> float:
        """Facts that are right ÷ (facts of the record + invented ones), in [0, 1]."""
        right = sum(fact.status == "right" for fact in self.facts)
        return right / (len(self.facts) + len(self.invented))


@dataclass
class _Findings:
    """What has been understood so far, while a text is read."""

    status: dict[str, str] = field(default_factory=dict)
    spans: dict[str, list[Mark]] = field(default_factory=dict)
    left: list[Mark] = field(default_factory=list)

    def settle(self, slot: str, status: str, marks: Sequence[Mark] = ()) -> None:
        self.status[slot] = status
        self.spans.setdefault(slot, []).extend(marks)


def checked(record: Record, text: str) -> Checked:
    """Hold a text against a record.

    Args:
        record: what should be told.
        text: headline and body, the headline on a line of its own; what stands behind
            ``LONGEST`` characters is not read.
    """
    text = text[:LONGEST]
    found = _Findings()
    days, clock = _moments(text, record, found)
    rest = without(text, (*days, *clock))
    full = list(known(rest, record))
    rest = without(rest, full)
    found.left += strays(rest, record)
    brief = list(short(rest, record))
    foreign = _names(without(rest, brief), record, full, found)
    counted = list(numbers(without(rest, (*brief, *foreign)), record.language))
    _numbers(record, counted, found)
    _choices(record, text, found)
    _roles(record, Scene(text, (*full, *brief), record), found)
    facts = tuple(
        Fact(name, found.status[name], tuple((m.start, m.end) for m in found.spans[name]))
        for name in record.slots
    )
    invented = sorted({(m.start, m.end) for m in found.left})
    return Checked(facts, tuple(invented))


def _slots(record: Record, *kinds: str) -> list[Slot]:
    return [s for s in record.event.slots if s.kind in kinds and s.name in record.slots]


def _moments(text: str, record: Record, found: _Findings) -> tuple[list[Mark], list[Mark]]:
    """Dates and times."""
    language = record.language
    days = list(dates(text, language))
    clock = list(times(without(text, days), language))
    for kind, marks in (("date", days), ("time", clock)):
        left = list(marks)
        for slot in _slots(record, kind):
            wanted = str(record.slots[slot.name])
            hits = [mark for mark in marks if _says(mark, wanted)]
            left = [mark for mark in left if mark not in hits]
            found.settle(slot.name, "right" if hits else "missing", hits)
        for slot in _slots(record, kind):
            slips = left if found.status[slot.name] == "missing" else _same_day(left, record, slot)
            if slips:
                same_slip = [mark for mark in left if mark.value == slips[0].value]
                found.settle(slot.name, "wrong", same_slip)
                left = [mark for mark in left if mark not in same_slip]
        found.left += left
    return days, clock


def _same_day(left: Sequence[Mark], record: Record, slot: Slot) -> list[Mark]:
    """Dates that differ from the right one in the month or the year only."""
    if slot.kind != "date":
        return []
    day = int(str(record.slots[slot.name])[8:])
    return [mark for mark in left if isinstance(mark.value, tuple) and mark.value[1] == day]


def _says(mark: Mark, wanted: str) -> bool:
    if mark.kind == "time":
        return mark.value == wanted
    year, month, day = map(int, wanted.split("-"))
    assert isinstance(mark.value, tuple)
    return mark.value[:2] == (month, day) and mark.value[2] in (0, year)


def _names(bare: str, record: Record, full: Sequence[Mark], found: _Findings) -> list[Mark]:
    """Names of the record, and others; the others are given back."""
    slots = _slots(record, *NAMES)
    for slot in slots:
        hits = [mark for mark in full if mark.value == slot.name]
        found.settle(slot.name, "right" if hits else "missing", hits)
    foreign = list(strangers(bare, record))
    left = list(foreign)
    # a name that is not told has the first claim on one that is like it
    for slot in sorted(slots, key=lambda slot: found.status[slot.name] != "missing"):
        name, missing = str(record.slots[slot.name]), found.status[slot.name] == "missing"
        slips = [mark for mark in left if alike(str(mark.value), name, missing)]
        place = (
            None if slips or record.language == "en" else nearly(bare, name, slot.kind, missing)
        )
        if place:
            slips = [Mark("name", bare[place[0] : place[1]], *place)]
            foreign += slips
            left = [
                mark
                for mark in left
                if (mark.end <= place[0] or mark.start >= place[1])
                and mark.value != slips[0].value
            ]
        left = [mark for mark in left if mark not in slips]
        if slips:
            found.settle(slot.name, "wrong", slips)
    for slot in slots:  # another name in its place
        other = next((mark for mark in left if in_place(mark, slot, bare, record.language)), None)
        if found.status[slot.name] == "missing" and other is not None:
            found.settle(slot.name, "wrong", [other])
            left = [mark for mark in left if mark.value != other.value]
    found.left += [*left, *other_language(bare, record.language)]
    return [_with_digits(mark, bare) for mark in foreign]


def _with_digits(mark: Mark, text: str) -> Mark:
    """A name together with a number that belongs to it, as in Norvale 60."""
    more = re.compile(r" ?[A-Z]?\d+(?![\d.,%])(?=\s(?:[a-z]+(?:s|ed|ose|ell)\b)|$)").match(
        text, mark.end
    )
    return Mark("name", mark.value, mark.start, more.end()) if more else mark


def _numbers(record: Record, marks: list[Mark], found: _Findings) -> None:
    slots = _slots(record, "number")
    left = list(marks)
    for slot in slots:
        value = float(record.slots[slot.name])
        hits = [m for m in marks if same(m, value, slot.unit, record.language)]
        left = [mark for mark in left if mark not in hits]
        found.settle(slot.name, "right" if hits else "missing", hits)
    # a slot that is not told has the first claim on a number that nobody else says
    for slot in sorted(slots, key=lambda slot: found.status[slot.name] != "missing"):
        slip = _slip(slot, record, left, missing=found.status[slot.name] == "missing")
        if slip is not None:
            again = [m for m in left if (m.value, m.unit) == (slip.value, slip.unit)]
            found.settle(slot.name, "wrong", again)
            left = [mark for mark in left if mark not in again]
    year = {str(record.slots[s.name])[:4] for s in _slots(record, "date")}
    left = [m for m in left if not m.loose and not follows(m, record)]
    found.left += [m for m in left if f"{m.value:.0f}" not in year or m.unit]


def _slip(slot: Slot, record: Record, left: Sequence[Mark], missing: bool) -> Mark | None:
    """The number in a slot's place; where its own is told too, one that contradicts it."""
    value = f"{record.slots[slot.name]:g}"
    scale = BASES[record.language] if slot.unit == "money" else 1.0
    fits = [m for m in left if comparable(m, slot.unit) and (missing or not m.loose)]
    likeness = {mark: _alike(f"{float(mark.value) / scale:g}", value) for mark in fits}  # type: ignore[arg-type]
    if not likeness:
        return None
    near = max(fits, key=likeness.__getitem__)
    alone = slot.unit in ONLY and near.unit == slot.unit
    alone = alone or (slot.name == "magnitude" and not near.unit and float(near.value) % 1 > 0)  # type: ignore[arg-type]
    return near if missing or alone or likeness[near] >= CLOSE else None


def _alike(one: str, other: str) -> float:
    if sorted(one) == sorted(other):
        return 1.0
    return SequenceMatcher(None, one, other).ratio()


def _choices(record: Record, text: str, found: _Findings) -> None:
    for slot in _slots(record, "choice"):
        if not slot.outcome:
            found.settle(slot.name, *choices.told(record, slot, text))


def _roles(record: Record, scene: Scene, found: _Findings) -> None:
    """Winners and losers, numbers at each other's words, outcomes."""
    turned = scene.turned()
    wrong = {name for name in turned or scene.backwards() if found.status[name] == "right"}
    wrong |= {name for name in scene.repeated() if found.status.get(name) == "missing"}
    wrong |= scene.against_itself() & set(found.status)
    for name in wrong:
        found.settle(name, "wrong")
    moved = {} if turned else verdicts(scene, found.spans, found.status)
    for name, status in moved.items():
        found.settle(name, status)
    said = {name: marks for name, marks in found.spans.items() if found.status[name] == "right"}
    for name in misplaced(scene, said, record.type):
        # where two were exchanged, what goes with them was told right of the other one
        if not any(found.status.get(other) == "wrong" for other in WITH.get(name, ())):
            found.settle(name, "wrong")
    at = "top_change" if moved.get("top_change") == "wrong" else "change"
    for slot in _slots(record, "choice"):
        if slot.outcome:
            told = scene.direction(found.spans.get(at, []))
            keys = {words[record.language][0]: key for key, words in slot.words.items()}
            right = told == keys[str(record.slots[slot.name])]
            found.settle(slot.name, "right" if right else "wrong" if told else "missing")


def to_json(told: Checked, text: str) -> dict[str, Any]:
    """As commands and pages show it."""
    return {
        "fidelity": told.fidelity,
        "facts": [{"slot": fact.slot, "status": fact.status} for fact in told.facts],
        "invented": [text[start:end] for start, end in told.invented],
    }
