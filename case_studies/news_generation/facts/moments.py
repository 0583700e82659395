"""Dates and times of day in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from case_studies.news_generation.facts.marks import Mark
from case_studies.news_generation.facts.numerals import ONES, TENS, chinese, english

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
MONTH = "|".join((*MONTHS, r"Sept\.?", *(rf"{name[:3]}\.?" for name in MONTHS)))
SIGNS = "零〇一二两三四五六七八九十"
SPELT = "|".join((*ONES, *TENS))
YEAR_AFTER = r"(?:,? (?P<year>(?:19|20)\d\d)(?![\d,]*\d))?"
ISO = r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"
DATES = {
    "en": (
        rf"(?:the )?(?<![\d:.,])(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)?"
        rf" (?P<month>{MONTH})(?!\w)" + YEAR_AFTER,
        rf"\b(?P<month>{MONTH}) (?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)" + YEAR_AFTER,
        ISO,
    ),
    "zh": (
        rf"(?:(?P<year>\d{{4}}|[{SIGNS}]{{4}})年)?(?P<month>\d{{1,2}}|[{SIGNS}]{{1,2}})月"
        rf"(?P<day>\d{{1,2}}|[{SIGNS}]{{1,3}})[日号]",
        ISO,
    ),
}
PARTS = {
    **dict.fromkeys(("凌晨", "清晨", "早上", "早晨", "上午", "早"), "am"),
    **dict.fromkeys(("中午", "午后", "下午", "傍晚", "晚上", "晚间", "当晚", "晚"), "pm"),
    **dict.fromkeys(("深夜", "夜里", "夜间", "入夜后"), "night"),
}
PLAIN = r"(?<![\d.:])(?P<hour>\d{1,2})"
# the last dot of "p.m." before a capital is that of the sentence
END = (
    r"(?P<end>(?i:[ap]\.m)(?:\.(?! [A-Z]|$|\n))?|(?i:[ap]m\b)"
    r"|(?:in the|this) (?:morning|afternoon|evening)|(?:to|last |at )night)"
)
DAWN = 6  # o'clock; a night's hours before it are of the new day
HOUR, MINUTE = rf"(?P<hour>\d{{1,2}}|[{SIGNS}]{{1,3}})", rf"(?P<minute>\d{{1,2}}|[{SIGNS}]{{1,3}})"
TIMES = {
    "en": (
        rf"{PLAIN}[:.](?P<minute>\d{{2}})\s?{END}",
        rf"{PLAIN}:(?P<minute>\d{{2}})(?!\d)",
        rf"{PLAIN}\s?{END}",
        rf"\b(?P<past>half|(?:a )?quarter|{SPELT}) past (?P<hour>{SPELT})\b"
        r"(?: in the (?P<end>morning|afternoon|evening)| at (?P<night>night))?",
        rf"\b(?P<hour>{SPELT}) (?P<minute>(?:oh )?(?:{SPELT})(?:[ -](?:{SPELT}))?) "
        r"(?:in the (?P<end>morning|afternoon|evening)|at (?P<night>night))",
        rf"\b(?P<hour>{SPELT}) in the (?P<end>morning|afternoon|evening)",
    ),
    "zh": (
        rf"(?P<end>{'|'.join(PARTS)}){HOUR}(?:[时点:：](?:(?P<past>半|[一三]刻)|{MINUTE}分?)?)整?",
        rf"{HOUR}[时点](?P<past>半|[一三]刻)",
        rf"{HOUR}[时点](?:{MINUTE}分)",
        rf"{PLAIN}[:：](?P<minute>\d{{2}})(?!\d)",
    ),
}


def dates(text: str, language: str) -> Iterator[Mark]:
    """Every day of a month, with its year where it stands there."""
    for found in _each(text, DATES[language]):
        month = found["month"]
        number = next((i for i, m in enumerate(MONTHS, 1) if m[:3] == month[:3]), 0)
        day, year = int(_value(found["day"])), int(_value(found["year"] or "0"))
        value = (number or int(_value(month)), day, year)
        yield Mark("date", value, found.start(), found.end())


def times(text: str, language: str) -> Iterator[Mark]:
    """Every time of day, as ``HH:MM``."""
    for found in _each(text, TIMES[language]):
        told = found.groupdict()
        hour, minute = int(_value(told["hour"])), int(_value(told.get("minute") or "0"))
        minute = _past(told["past"]) if told.get("past") else minute
        end = (told.get("end") or "").lower().replace(".", "")
        end = re.sub("^(?:in the|this) ", "", end)
        if end.endswith("night") or PARTS.get(end) == "night":  # of either day
            end = "pm" if hour >= DAWN else "am"
        late = end in ("pm", "afternoon", "evening") or PARTS.get(end) == "pm"
        late = late or bool(told.get("night"))
        early = end in ("am", "morning") or PARTS.get(end) == "am"
        if late and hour < 12 and (told.get("end") or told.get("night")):
            hour += 12
        if early and hour == 12:
            hour = 0
        if hour < 24 and minute < 60:
            yield Mark("time", f"{hour:02d}:{minute:02d}", found.start(), found.end())


PAST = {"half": 30, "半": 30, "quarter": 15, "a quarter": 15, "一刻": 15, "三刻": 45}


def _past(told: str) -> int:
    """Minutes past the hour."""
    return PAST[told] if told in PAST else int(_value(told))


def _value(told: str) -> float:
    """Digits, signs or words as a number."""
    if told.isdecimal():
        return int(told)
    if told[0] in SIGNS:
        return chinese(told)
    return english(told.replace("oh ", ""))


def _each(text: str, patterns: tuple[str, ...]) -> Iterator[re.Match[str]]:
    """Matches of the patterns, earlier ones first, none within another."""
    taken: list[tuple[int, int]] = []
    for pattern in patterns:
        for found in re.finditer(pattern, text):
            if all(found.end() <= a or found.start() >= b for a, b in taken):
                taken.append(found.span())
                yield found
