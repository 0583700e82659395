"""Days that are told without a date: days of the week, the next day."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from case_studies.news_generation.events import Record
from case_studies.news_generation.facts.marks import Mark

WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEEKDAY = {
    "en": rf"\b(?P<day>{'|'.join(WEEK)})\b",
    "zh": r"(?<![每上下一二两三几本])(?:星期|礼拜|周)(?P<day>[一二三四五六日天])",
}
NEXT = {
    "en": r"\b(?:(?:the )?(?:next|following) (?:day|morning|evening)|(?:a|the) day (?:later|after)"
    r"|tomorrow)\b",
    "zh": r"(?<![首每单多一])(?:次日|翌日|隔天|第二天|明天)",
}
SIGNS = "一二三四五六日"


def strays(text: str, record: Record) -> Iterator[Mark]:
    """Days that are none of the record's; those that its event goes on for are its own."""
    dates = (s.name for s in record.event.slots if s.kind == "date" and s.name in record.slots)
    first = next(dates, "")
    weekday = date.fromisoformat(str(record.slots[first])).weekday() if first else -1
    length = _length(record)
    own = {(weekday + i) % 7 for i in range(length)} if first else set()
    for found in re.finditer(WEEKDAY[record.language], text):
        if _number(found["day"]) not in own:
            yield Mark("date", found[0], found.start(), found.end())
    if length == 1:
        for found in re.finditer(NEXT[record.language], text, re.IGNORECASE):
            yield Mark("date", found[0], found.start(), found.end())


def _number(day: str) -> int:
    return WEEK.index(day) if day in WEEK else SIGNS.index(day.replace("天", "日"))


def _length(record: Record) -> int:
    """Days that an event touches."""
    slots = record.slots
    if "reopening" in slots and str(slots["reopening"]) < str(slots["time"]):
        return 2
    if record.type == "weather_warning":
        return 2 + int(slots["hours"]) // 24
    return int(slots.get("days", 1))
