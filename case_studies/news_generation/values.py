"""Values for records: names and numbers, of which a part never occurs in training.

Every distinctive part of a name and every number, date and time belongs to one split, decided by
a hash of it: a model that is right about the test split has copied, not remembered.
"""

from __future__ import annotations

import random
import tomllib
import zlib
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from case_studies.news_generation.events import EventType, Record, Slot, Value

SHARES = {"test": 2, "validation": 1}  # of 16; the rest is for training
PARTS = 16
FIRST_DAY, DAYS = date(2024, 1, 1), 1461
OPTIONAL = 0.55  # share of records that hold an optional slot
# values that must suit those before them
GO_TOGETHER: Mapping[tuple[str, str], Callable[[Any, Mapping[str, Any]], bool]] = {
    ("match_result", "away_points"): lambda value, found: abs(value - found["home_points"]) <= 25,
    ("company_results", "profit"): lambda value, found: value < found["revenue"] / 2,
    ("election_count", "runner_share"): lambda value, found: value + found["share"] <= 99,
}


def part_of(stem: str) -> str:
    """The split that a distinctive part of a value belongs to."""
    place = zlib.crc32(stem.encode("utf-8")) % PARTS
    if place < SHARES["test"]:
        return "test"
    return "validation" if place < SHARES["test"] + SHARES["validation"] else "train"


@cache
def _parts() -> Mapping[str, Mapping[str, list[str]]]:
    return tomllib.loads((Path(__file__).parent / "names.toml").read_text(encoding="utf-8"))


class Values:
    """Draws values of one language for one split.

    Args:
        language: ``en`` or ``zh``.
        split: ``train``, ``validation`` or ``test``.
        rng: the only source of chance.
    """

    def __init__(self, language: str, split: str, rng: random.Random) -> None:
        self._parts, self._language = _parts()[language], language
        self._split, self._rng = split, rng

    def record(self, event: EventType) -> Record:
        """An event of a type; some optional slots are left out."""
        found: dict[str, Value] = {}
        for slot in event.slots:
            if slot.needs:
                there = slot.needs in found
            else:
                there = not slot.optional or self._rng.random() < OPTIONAL
            if there:
                found[slot.name] = self._other(slot, found, event)
        return Record(event.name, self._language, found)

    def _other(self, slot: Slot, found: Mapping[str, Value], event: EventType) -> Value:
        """A value that no slot of the record has yet, and that goes with those it has."""
        fits = GO_TOGETHER.get((event.name, slot.name))
        while True:
            value = self._value(slot)
            if value not in found.values() and (fits is None or fits(value, found)):
                return value

    def _value(self, slot: Slot) -> Value:
        if slot.kind == "choice":
            return str(self._one([words[self._language][0] for words in slot.words.values()]))
        draw: Callable[[], tuple[str, Value]] = {
            "number": lambda: self._number(slot),
            "date": self._date,
            "time": self._time,
        }.get(slot.kind) or getattr(self, f"_{slot.kind}")
        while True:
            stem, value = draw()
            if all(part_of(x) == self._split for x in stem.split("|")):
                return value

    def _one(self, of: Any) -> Any:
        return of[int(len(of) * self._rng.random())]

    def _between(self, low: float, high: float) -> int:
        return int(low + (high - low + 1) * self._rng.random())

    def _number(self, slot: Slot) -> tuple[str, Value]:
        scale = 10**slot.decimals
        drawn = self._between(round(slot.low * scale), round(slot.high * scale))
        value = drawn / scale if slot.decimals else drawn
        return f"{value}", value

    def _date(self) -> tuple[str, Value]:
        day = FIRST_DAY + timedelta(days=self._between(0, DAYS - 1))
        return day.strftime("%m-%d"), day.isoformat()

    def _time(self) -> tuple[str, Value]:
        value = f"{self._between(0, 23):02d}:{self._between(0, 59):02d}"
        return value, value

    def _stem(self, kind: str) -> str:
        return str(self._one(self._parts[f"{kind}_a"]) + self._one(self._parts[f"{kind}_b"]))

    def _place(self) -> tuple[str, Value]:
        stem = self._stem("place")
        return stem, self._one(self._parts["place_around"]).format(stem)

    def _person(self) -> tuple[str, Value]:
        if self._language == "zh":
            given = "".join(self._one(self._parts["given"]) for _ in range(self._between(1, 2)))
            name = self._one(self._parts["last"]) + given
            return name, name
        # a few dozen real ones would be learnt by heart, and others not copied
        real = self._split != "train"
        first = self._one(self._parts["first"]) if real else self._stem("first")
        last = self._stem("last")
        return f"{first}|{last}", f"{first} {last}"

    def _company(self) -> tuple[str, Value]:
        stem, kind = self._stem("company"), self._one(self._parts["company_kind"])
        return stem, f"{stem}{' ' if self._language == 'en' else ''}{kind}"

    def _club(self) -> tuple[str, Value]:
        stem, nick = self._stem("place"), self._one(self._parts["nick"])
        return stem, f"{stem} {nick}" if self._language == "en" else f"{stem}{nick}队"

    def _product(self) -> tuple[str, Value]:
        stem = self._stem("product" if self._language == "zh" else "company")
        return stem, self._one(self._parts["product_kind"]).format(stem, d=self._between(2, 19))

    def _party(self) -> tuple[str, Value]:
        gap = " " if self._language == "en" else ""
        name = self._one(self._parts["party_a"]) + gap + self._one(self._parts["party_b"])
        return name, name

    def _road(self) -> tuple[str, Value]:
        stem, number = self._stem("place"), self._between(11, 998)
        form = self._one(self._parts["road"])
        return str(number) if "{n}" in form else stem, form.format(stem, n=number)

    def _index(self) -> tuple[str, Value]:
        stem = self._stem("place")
        return stem, self._one(self._parts["index"]).format(stem)

    def _festival(self) -> tuple[str, Value]:
        stem = self._stem("place")
        return stem, self._one(self._parts["festival"]).format(stem)
