"""Numbers in a text, with the unit that stands beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from case_studies.news_generation.facts.lengths import lengths
from case_studies.news_generation.facts.marks import Mark, without
from case_studies.news_generation.facts.numerals import ONES, TENS, chinese, english

# a whole run of digits, well made or not
DIGITS = r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?![\d,])|\d+(?:,\d+)*(?:\.\d+)*"
WORD = "|".join((*ONES[:1], *ONES[3:], *TENS))  # lone "one" and "two" are hardly ever facts
SPELT = (
    rf"(?:{'|'.join((*ONES, *TENS))}|hundred|thousand|million|billion)"
    r"(?:[ -](?:and )?(?:" + "|".join((*ONES, *TENS)) + r"|hundred|thousand|million|billion)\b)+"
)
DECIMALS = rf"(?: point(?: (?:oh|{'|'.join(ONES[:10])})\b)+)"
WELL_MADE = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "m": 1e6, "bn": 1e9, "k": 1e3}
SCALES |= {"mn": 1e6, "mln": 1e6, "b": 1e9, "bln": 1e9}
SIGN = r"US\$|USD[ \u00a0]?|[$€£¥]"
ENGLISH = re.compile(
    rf"(?:(?P<sign>{SIGN})|(?<![\w.]))(?P<digits>{DIGITS})"
    rf"(?:\s?(?P<scale>{'|'.join(sorted(SCALES, key=len, reverse=True))})\b)?"
    rf"|\b(?P<words>{SPELT}{DECIMALS}?|(?:{'|'.join((*ONES, *TENS))}){DECIMALS}|(?:{WORD}))\b",
    re.IGNORECASE,
)
# unit to what may follow a number
AFTER_ENGLISH = {
    "percent": r"[ \u00a0]?(?:%|per ?cent\b|pct\b|percentage points?\b)",
    "km_h": r"[ \u00a0-]?(?:km/h|kmh\b|kph|(?:km|kilomet(?:er|re)s?) (?:an|per) hour)",
    "km": r"[ \u00a0-]?(?:km|kilomet(?:er|re)s?)\b",
    "hours": r"[ \u00a0-]?(?:extra |more |additional )?(?:hours?|hrs?)\b",
    "minutes": r"[ \u00a0-]?(?:extra |more |additional )?(?:minutes?|mins?)\b",
    "days": r"[ \u00a0-]?days?\b",
    "money": r"[ \u00a0]?(?:(?:US |U\.S\. )?dollars?|USD)\b",
    "foreign": r"[ \u00a0]?(?:euros?|EUR|pounds?|GBP|yuan|RMB|CNY|yen)\b",
    "stores": r"[ \u00a0](?:stores?|shops?|outlets?|retailers?)\b",
    "votes": r"[ \u00a0](?:votes?|ballots?)\b",
    "homes": r"[ \u00a0](?:homes?|houses?|households?)\b",
    "points": r"[ \u00a0-]points?\b",
    "people": r"[ \u00a0](?:people|persons?|spectators?|fans|staff|employees|workers|visitors"
    r"|guests|residents)\b",
}
CHINESE = re.compile(
    r"(?P<share>百分之)?(?P<sign>[¥￥$])?(?:(?P<digits>\d{1,3}(?:，\d{3})+(?!\d)|\d+(?:,\d+)*(?:\.\d+)*)(?P<scale>[万亿百]|千(?![米克])|)"
    r"|(?P<tenth>[一二三四五六七八九])成"
    r"|(?P<signs>[零〇一二两三四五六七八九十百千万亿]+(?:点[零〇一二三四五六七八九]+)?))"
)
SCALE_SIGNS = {"万": 1e4, "亿": 1e8, "千": 1e3, "百": 1e2, "": 1.0}
AFTER_CHINESE = {
    "percent": r"\s?(?:%|%|个百分点)",
    "km_h": r"(?:公里/小时|公里每小时|千米/小时)",
    "km": r"(?:公里|千米|km)",
    "hours": r"个?(?:小时|钟头)",
    "minutes": r"分钟",
    "days": r"[天日]",
    "money": r"(?:人民币|元|块)",
    "foreign": "(?:美元|欧元|英镑|日元|港元|港币)",
    "stores": r"(?:多)?家(?:门店|店铺|商店|店|分店)?",
    "votes": r"(?:张选票|张票|票|张)",
    "homes": r"[户幢栋间]|[座套所](?=(?:民|住)?[房宅])",
    "points": r"[点分](?!之)",
    "people": r"[人名位]",
    "": r"级",
}
BASES = {"en": 1e6, "zh": 1e8}  # what a record's money counts in


def numbers(text: str, language: str) -> Iterator[Mark]:
    """Every number, from left to right; one that is part of a word is none."""
    long = list(lengths(text, language))
    yield from long
    rest = without(text, long)
    yield from _english(rest) if language == "en" else _chinese(rest)


def _english(text: str) -> Iterator[Mark]:
    for found in ENGLISH.finditer(text):
        if found["words"]:
            value = float(english(found["words"]))
        else:
            value = _digits(found["digits"]) * SCALES.get((found["scale"] or "").lower(), 1.0)
        unit, end = _unit(text, found.end(), AFTER_ENGLISH)
        sign = found["sign"] or ""
        if sign:
            unit = "foreign" if sign in "€£¥" else "money"
        yield Mark("number", value, found.start(), end, unit)


def _chinese(text: str) -> Iterator[Mark]:
    for found in CHINESE.finditer(text):
        unit, end = _unit(text, found.end(), AFTER_CHINESE)
        if found["tenth"]:
            yield Mark("number", 10 * chinese(found["tenth"]), found.start(), end, "percent")
            continue
        if unit == "km" and re.search(r"(?:每小时|时速)[^\d，。；]{0,4}$", text[: found.start()]):
            unit = "km_h"
        signs = found["signs"]
        if signs and not _says_a_number(text, found, unit):
            continue
        scaled = (found["digits"] or "0", SCALE_SIGNS[found["scale"] or ""])
        value = chinese(signs) if signs else _digits(scaled[0]) * scaled[1]
        if not unit and (found["sign"] or "亿" in (found["scale"] or signs or "")):
            unit = "foreign" if found["sign"] == "$" else "money"  # 840.5亿: 元 without saying
        yield Mark("number", value, found.start(), end, "percent" if found["share"] else unit)


def _digits(told: str) -> float:
    """The value of a run of digits; of one that no number is written like, all of its digits."""
    plain = re.sub(r"[\s\u00a0\u202f，]", "", told)
    if WELL_MADE.fullmatch(plain):
        return float(plain.replace(",", ""))
    return float(re.sub(r"[,.]", "", plain))


def _says_a_number(text: str, found: re.Match[str], unit: str) -> bool:
    """Whether signs such as 一 stand for a number here, not for a word that they are part of."""
    signs, before = found["signs"], text[: found.start()]
    if found["share"]:
        return True
    if signs == "两" and unit in ("stores", "people"):  # both of them
        return False
    if before.endswith(("第", "之", "统", "唯", "同")) or signs in ("千", "万", "百", "亿", "十"):
        return False
    return bool(unit) and signs not in ("一",) if len(signs) == 1 else bool(unit or len(signs) > 2)


def _unit(text: str, place: int, after: dict[str, str]) -> tuple[str, int]:
    """The unit that follows, and where it ends."""
    for unit, pattern in after.items():
        if found := re.compile(pattern, re.IGNORECASE).match(text, place):
            return unit, found.end()
    return "", place


FITS = {
    "": ("", "points"),
    "people": ("people", ""),
    "stores": ("stores", ""),
    "votes": ("votes", "people", ""),
    "homes": ("homes", ""),
    "points": ("points", ""),
    "money": ("money", "foreign"),
}


def same(mark: Mark, value: float, unit: str, language: str) -> bool:
    """Whether a number in a text says a slot's value."""
    if mark.kind != "number":
        return False
    told = float(mark.value)  # type: ignore[arg-type]
    if mark.unit == "foreign":
        return False
    if unit == "money":
        return mark.unit == "money" and abs(told / BASES[language] - value) < 1e-6
    if unit == "hours" and mark.unit == "days":
        return told * 24 == value
    if unit == "minutes" and mark.unit == "hours":
        return told * 60 == value
    if unit in ("hours", "days") and mark.unit == "minutes":
        return told == value * (60 if unit == "hours" else 1440)
    tenth = bool(told % 1) or mark.end - mark.start == len(f"{told:.1f}")
    bare = not mark.unit and tenth  # "27.9" where the unit was said before
    return (comparable(mark, unit) or bare) and abs(told - value) < 1e-6


def comparable(mark: Mark, unit: str) -> bool:
    """Whether a number is of a slot's unit, whatever its value."""
    wanted = "money" if unit == "price" else unit
    return mark.kind == "number" and mark.unit in FITS.get(wanted, (wanted,))
