"""Briefs from records: phrasings are chosen, filled in, and put together to a text.

The phrasings lie in ``grammar/<type>.<language>.txt``: sections ``headline``, ``lead``, ``detail``
and ``background``, perhaps for one condition; ``{slot}`` is a value, ``[a|b]`` a choice of words.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from case_studies.news_generation.events import Record
from case_studies.news_generation.wording import Style, worded

FOLDER = Path(__file__).parent / "grammar"
SECTIONS = ("headline", "lead", "detail", "background")
SLOT = re.compile(r"\{(\w+)\}")
CHOICE = re.compile(r"\[([^\[\]]*)\]")
MOST = 4  # sentences of a body
REMARK = 0.35  # share of the bodies with room for it that get a remark without facts
TRIES = 500


@dataclass(frozen=True)
class Phrase:
    """One phrasing, as its file has it.

    Args:
        text: with ``{slots}`` and ``[choices]``.
        slots: that it tells.
    """

    text: str
    slots: frozenset[str]


@dataclass(frozen=True)
class Brief:
    """A headline and a body."""

    headline: str
    body: str


Sections = Mapping[tuple[str, str], tuple[Phrase, ...]]


@cache
def phrases(event: str, language: str) -> Sections:
    """Phrasings of a type by section and condition; the condition is empty where none is asked.

    Raises:
        ValueError: for a section that is none; a mistake of ours.
    """
    found: dict[tuple[str, str], list[Phrase]] = {}
    place = ("", "")
    for line in (FOLDER / f"{event}.{language}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("=="):
            name, _, condition = line[2:].strip().partition(" ")
            if name not in SECTIONS:
                raise ValueError(f"{event}.{language}.txt: {line}")
            place = name, condition
        elif line.strip() and not line.startswith("#"):
            text = line.strip()
            found.setdefault(place, []).append(Phrase(text, frozenset(SLOT.findall(text))))
    return {key: tuple(lines) for key, lines in found.items()}


def told(record: Record) -> frozenset[str]:
    """The slots that a text must say; an outcome is told by the verb."""
    return frozenset(name for name in record.slots if not record.event.slot(name).outcome)


class Writer:
    """Writes briefs.

    Args:
        rng: the only source of chance.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def brief(self, record: Record) -> Brief:
        """A headline, and a body that tells every fact in one to four sentences.

        Raises:
            RuntimeError: if the phrasings cannot tell it all; a mistake of ours.
        """
        sections, wanted = phrases(record.type, record.language), told(record)
        for _ in range(TRIES):
            chosen = self._body(record, sections, wanted)
            if chosen is not None:
                break
        else:
            raise RuntimeError(f"no body for {record}")
        remarks = _fitting(record, sections, "background")
        if len(chosen) < MOST and remarks and self._rng.random() < REMARK:
            chosen.append(self._one(remarks))
        style = Style.drawn(self._rng)
        headline = self._one(
            [x for x in _fitting(record, sections, "headline") if x.slots <= wanted]
        )
        gap = " " if record.language == "en" else ""
        body = gap.join(self._filled(phrase, record, style) for phrase in chosen)
        return Brief(self._filled(headline, record, style), body)

    def _body(
        self, record: Record, sections: Sections, wanted: frozenset[str]
    ) -> list[Phrase] | None:
        """A lead, and details for what it leaves out; None where that takes too many."""
        lead = self._one([x for x in _fitting(record, sections, "lead") if x.slots <= wanted])
        left = wanted - lead.slots
        details: list[Phrase] = []
        while left and len(details) < MOST - 1:
            fits = [x for x in _fitting(record, sections, "detail") if x.slots and x.slots <= left]
            if not fits:
                return None
            details.append(self._one(fits))
            left -= details[-1].slots
        return [lead, *details] if not left else None

    def _one(self, of: Sequence[Phrase]) -> Phrase:
        return of[int(len(of) * self._rng.random())]

    def _filled(self, phrase: Phrase, record: Record, style: Style) -> str:
        """A phrase with its words chosen and its values put in."""

        def word(found: re.Match[str]) -> str:
            ways = found[1].split("|")
            return ways[int(len(ways) * self._rng.random())]

        def value(found: re.Match[str]) -> str:
            slot = record.event.slot(found[1])
            return worded(slot, record.slots[slot.name], record.language, style, self._rng)

        text = SLOT.sub(value, CHOICE.sub(word, phrase.text))
        return text[:1].upper() + text[1:]


def _fitting(record: Record, sections: Sections, section: str) -> list[Phrase]:
    return [
        phrase
        for (name, condition), lines in sections.items()
        if name == section and (not condition or record.holds(condition))
        for phrase in lines
    ]


def count(event: str, language: str, of: Iterable[str] = ("lead", "detail")) -> int:
    """How many phrasings a type has for its body."""
    known = phrases(event, language)
    return sum(len(lines) for (name, _), lines in known.items() if name in of)
