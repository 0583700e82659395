"""Lengths of time of more than one word: an hour and a half, 1小时30分, 一天半."""

from __future__ import annotations

import re
from collections.abc import Iterator

from case_studies.news_generation.facts.marks import Mark
from case_studies.news_generation.facts.numerals import ONES, TENS, chinese, english

WORD = "|".join((*ONES, *TENS))
COUNT = rf"(?P<{{}}>\d{{{{1,3}}}}|(?:{WORD})(?:[ -](?:{WORD}))?)"
SIGNS = r"(?P<{}>\d{{1,3}}|[一二两三四五六七八九十]{{1,3}})"
MINUTES = r"(?:minutes?|mins?)\b"
# a pattern, minutes of its "whole" and of its half, whether it is no fact where no slot says it
PATTERNS: dict[str, tuple[tuple[str, int, bool], ...]] = {
    "en": (
        (rf"\b(?:an|{COUNT.format('whole')})[ -]?(?:hours?|hrs?|h)(?:,? and |,? |)"
         rf"{COUNT.format('minutes')}[ -]?(?:{MINUTES}|m\b)", 60, False),
        (rf"\b(?:an|{COUNT.format('whole')}) hours? and a (?P<half>half)\b", 60, False),
        (rf"\b{COUNT.format('whole')} and a (?P<half>half) hours\b", 60, False),
        (r"\b(?P<half>half) an hour\b|\b(?P<half2>half)[ -]hour\b", 0, True),
        (r"\b(?P<quarters>three[ -]quarters) of an hour\b", 0, True),
        (r"(?<!kilometres )(?<!kilometers )(?<!km )\ban hour\b", 60, True),
        (rf"\b(?:a|{COUNT.format('whole')}) days? and a (?P<half>half)\b", 1440, False),
        (rf"\b{COUNT.format('whole')} and a (?P<half>half) days\b", 1440, False),
        (r"\b(?P<whole>one|two) hours?\b", 60, False),
        (r"\b(?P<whole>one|two) days?\b", 1440, True),
        (rf"\b(?:a|{COUNT.format('whole')}) weeks?\b", 10080, True),
        (r"\b(?P<whole>fort)night\b", 20160, True),
        (rf"\b{COUNT.format('whole')} months\b", 43200, True),
    ),
    "zh": (
        (rf"{SIGNS.format('whole')}个?(?:小时|钟头)零?{SIGNS.format('minutes')}分钟?", 60, False),
        (rf"{SIGNS.format('whole')}个(?P<half>半)(?:小时|钟头)", 60, False),
        (r"(?P<half>半)个?(?:小时|钟头)", 0, True),
        (rf"{SIGNS.format('whole')}天(?P<half>半)", 1440, False),
        (r"(?<![一二三四五六七八九十])(?P<whole>一)个?(?:小时|钟头)", 60, True),
        (rf"{SIGNS.format('whole')}个?(?:星期|周)(?![一二三四五六日年岁])", 10080, True),
    ),
}  # fmt: skip


def lengths(text: str, language: str) -> Iterator[Mark]:
    """Every length of time that a number and its unit do not say alone, in minutes."""
    taken: list[tuple[int, int]] = []
    for pattern, whole, loose in PATTERNS[language]:
        for found in re.finditer(pattern, text, re.IGNORECASE):
            if all(found.end() <= a or found.start() >= b for a, b in taken):
                taken.append(found.span())
                value = _minutes(found.groupdict(), whole)
                yield Mark("number", value, found.start(), found.end(), "minutes", loose)


def _minutes(told: dict[str, str | None], whole: int) -> float:
    many = told.get("whole") or "one"
    value = whole * (1 if many == "fort" else _count(many))
    if told.get("half") or told.get("half2"):
        value += (whole or 60) / 2
    if told.get("quarters"):
        value += 45
    return value + _count(told.get("minutes") or "0")


def _count(told: str) -> float:
    if told.isdecimal():
        return int(told)
    told = told.lower()
    return english(told) if told.isascii() else chinese(told)
