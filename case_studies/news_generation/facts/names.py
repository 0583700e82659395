"""Where the names of a record stand in a text, in full or short."""

from __future__ import annotations

import re
from collections.abc import Iterator

from case_studies.news_generation.events import NAMES, Record, Slot
from case_studies.news_generation.facts.headlines import titled
from case_studies.news_generation.facts.marks import Mark
from case_studies.news_generation.facts.words import (
    HAN,
    ORDINARY,
    QUALIFIERS,
    SITES,
    TITLES,
    plain,
)

NEXT = re.compile(r" ([A-Z][\w’'-]*)")
MODEL = re.compile(
    r" (?:\d{1,2}(?![\d.,%]| [a-z])|[A-Z]?\d+\b|Pro|Max|Mini|Plus|Air|Ultra|Lite|One)\b"
)


def known(text: str, record: Record) -> Iterator[Mark]:
    """Where the record's names stand in full; the value is the slot."""
    slots = [(s.name, str(record.slots[s.name])) for s in _names(record)]
    title = titled(text)
    taken: list[tuple[int, int]] = []
    for slot, name in sorted(slots, key=lambda x: -len(x[1])):  # a name may be part of another
        edge = (r"(?<!\w)", r"(?!\w)") if record.language == "en" else ("", "")
        ways = "|".join({re.escape(name): 1, re.escape(name.upper()): 1})
        if name[-1].isascii():  # a product's number goes on with any digit or letter
            edge = edge[0], r"(?![A-Za-z0-9])"
        for found in re.finditer(f"{edge[0]}(?:{ways}){edge[1]}", text):
            start, end = found.span()
            if (
                record.language == "en"
                and start >= title
                and _part(text, start, end, record.event.slot(slot), [n for _, n in slots])
            ):
                continue
            if all(end <= a or start >= b for a, b in taken):
                taken.append(found.span())
                yield Mark("name", slot, found.start(), found.end())


def short(text: str, record: Record) -> Iterator[Mark]:
    """Where they stand in a short form; ``text`` is without the full ones."""
    title = titled(text)
    for slot in _names(record):
        name = str(record.slots[slot.name])
        for form in _forms(slot.kind, name, record.language):
            for found in re.finditer(_pattern(form, slot.kind, record.language), text):
                start, end = found.span()
                if record.language == "zh" and _miscopied(text, start, name, form):
                    continue
                if record.language == "en" and start >= title and _within(text, start, end):
                    continue
                yield Mark("name", slot.name, start, end)


def _pattern(form: str, kind: str, language: str) -> str:
    if language == "en":
        number = r"(?! \d)" if kind in ("index", "product") else ""
        return rf"(?<![\w’'-]){re.escape(form)}(?!\w){number}"
    after = {
        "company": "(?!集团|科技|实业|能源|食品|汽车|银行|制药|软件|航空|物流|传媒"
        "|电子|保险|化工|钢铁)",
        "place": f"(?![市县镇]|区(?![域间])|[{HAN}]{{2}}队)",
    }
    return re.escape(form) + after.get(kind, "")


def _within(text: str, start: int, end: int) -> bool:
    """Whether a short English name is part of a longer name, which is another one."""
    more = NEXT.match(text, end)
    if more and not plain(more[1]):
        return True
    before = text[max(0, start - 24) : start]
    if before.endswith("\n"):
        return False
    if not re.search(r"[a-z,;:] $", before) and re.search(r"[A-Z]\w $|\w $", before):
        return True
    return _goes_on((before.split() or [""])[-1])


def _miscopied(text: str, start: int, name: str, form: str) -> bool:
    """Whether the rest of a Chinese name stands beside its short form, but with a sign wrong."""
    if name.startswith(form):
        rest, end = name[len(form) :], start + len(form)
        return _some(text[end : end + len(rest)], rest)
    if not name.endswith((form, form + "队")):
        return False
    rest = name[: name.index(form)]
    return _some(text[max(0, start - len(rest)) : start][::-1], rest[::-1])


def _some(told: str, rest: str) -> bool:
    """Whether one of the signs is where it should be."""
    return any(a == b for a, b in zip(told, rest, strict=False))


def _goes_on(word: str) -> bool:
    """Whether a word before a short name makes it part of a longer one."""
    return word[:1].isupper() and not plain(word.rstrip(","))


def _part(text: str, start: int, end: int, slot: Slot, names: list[str]) -> bool:
    """Whether a record's name stands within a longer English name, which is another one."""
    if slot.kind == "product":
        return bool(MODEL.match(text, end))
    if slot.kind == "place" and text[:start].endswith(tuple(f"{x} " for x in QUALIFIERS)):
        return True
    more = NEXT.match(text, end)
    if more is None or slot.kind in ("road", "index", "festival"):
        return False
    word = more[1].removesuffix("'s").removesuffix("’s")
    own = any(text.startswith(name.split()[0], more.start(1)) for name in names)
    return not (own or plain(word) or word in SITES or word.lower() in TITLES or word in ORDINARY)


def _names(record: Record) -> list[Slot]:
    return [s for s in record.event.slots if s.kind in NAMES and s.name in record.slots]


def _forms(kind: str, name: str, language: str) -> list[str]:
    """Short forms of a name, longest first."""
    words = name.split()
    if language == "zh":
        cut = {
            "person": [name[:n] + title for n in (2, 1) for title in ("先生", "女士", "氏")],
            "company": [name[:-2]],
            "club": [name[:-1], name[-3:], name[-3:-1]],
            "place": [name[:-1]],
        }
        return [form for form in cut.get(kind, []) if len(form) > 1]
    cut = {
        "person": words[-1:],
        "club": [" ".join(words[:-1]), words[-1]],
        "company": [" ".join(words[:-1])],
        "product": words[:1],
        "index": words[:1],
        "party": words[-1:],
        "festival": [" ".join(words[1:])],
    }
    return [form for form in cut.get(kind, []) if len(form) > 2 and len(words) > 1]
