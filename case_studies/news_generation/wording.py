"""How a value is worded: numbers with their units, dates, times, in either language."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from case_studies.news_generation.events import Slot, Value

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
# unit to the ways of writing it; {} is the number
UNITS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "en": {
        "": ("{}",),
        "people": ("{} people",),
        "money": ("${} million", "{} million dollars"),
        "percent": ("{}%", "{} per cent"),
        "price": ("${}", "{} dollars"),
        "km": ("{} km", "{} kilometres"),
        "km_h": ("{} km/h", "{} kilometres an hour"),
        "hours": ("{} hours",),
        "minutes": ("{} minutes",),
        "days": ("{} days",),
        "stores": ("{} stores", "{} shops"),
        "votes": ("{} votes",),
        "homes": ("{} homes",),
        "points": ("{} points",),
    },
    "zh": {
        "": ("{}",),
        "people": ("{}人",),
        "money": ("{}亿元",),
        "percent": ("{}%", "百分之{}"),
        "price": ("{}元",),
        "km": ("{}公里", "{}千米"),
        "km_h": ("每小时{}公里",),
        "hours": ("{}小时",),
        "minutes": ("{}分钟",),
        "days": ("{}天",),
        "stores": ("{}家门店",),
        "votes": ("{}票",),
        "homes": ("{}户",),
        "points": ("{}点",),
    },
}


@dataclass(frozen=True)
class Style:
    """The habits of one brief, each in [0, 1): the same value is worded alike throughout it."""

    unit: float
    date: float
    time: float
    thousands: float

    @staticmethod
    def drawn(rng: random.Random) -> Style:
        """A style by chance."""
        return Style(rng.random(), rng.random(), rng.random(), rng.random())


def worded(slot: Slot, value: Value, language: str, style: Style, rng: random.Random) -> str:
    """A value as a text shows it."""
    if slot.kind == "number":
        ways = UNITS[language][slot.unit]
        grouped = style.thousands < (0.8 if language == "en" else 0.3)
        return _of(ways, style.unit).format(number(value, slot.decimals, grouped))
    if slot.kind == "date":
        return _of(dates(str(value), language), style.date)
    if slot.kind == "time":
        return _of(times(str(value), language), style.time)
    if slot.kind == "choice":
        told = next(w[language] for w in slot.words.values() if w[language][0] == value)
        return _of(told, rng.random())
    return str(value)


def _of(ways: tuple[str, ...] | list[str], place: float) -> str:
    return ways[int(len(ways) * place)]


def number(value: Value, decimals: int, grouped: bool = False) -> str:
    """Digits, with a comma at the thousands if ``grouped``."""
    return f"{value:{',' if grouped else ''}.{decimals}f}"


def dates(value: str, language: str) -> tuple[str, ...]:
    """Ways of writing a date."""
    day = date.fromisoformat(value)
    if language == "zh":
        plain = f"{day.month}月{day.day}日"
        return plain, f"{day.year}年{plain}"
    month = MONTHS[day.month - 1]
    first, other = f"{day.day} {month}", f"{month} {day.day}"
    return first, other, f"{first} {day.year}", f"{other}, {day.year}"


def times(value: str, language: str) -> tuple[str, ...]:
    """Ways of writing a time of day."""
    hour, minute = int(value[:2]), value[3:]
    half = hour % 12 or 12
    if language == "zh":
        part = "凌晨" if hour < 6 else "上午" if hour < 12 else "下午" if hour < 18 else "晚上"
        return f"{hour}时{minute}分", f"{hour}:{minute}", f"{part}{half}时{minute}分"
    end = "am" if hour < 12 else "pm"
    return f"{hour}:{minute}", f"{half}:{minute} {end}", f"{half}.{minute} {end}"
