"""Numbers that are written in words, in English and Chinese."""

from __future__ import annotations

ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    "nineteen",
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
WORDS = {word: i for i, word in enumerate(ONES)} | {w: 20 + 10 * i for i, w in enumerate(TENS)}
DIGITS = {
    **{sign: i for i, sign in enumerate("零一二三四五六七八九")},
    **{"〇": 0, "两": 2},
}
STEPS = {"十": 10, "百": 100, "千": 1_000}
LARGE = {"万": 10_000, "亿": 100_000_000}


MOST = 30  # words or signs of a number; longer ones say none


def english(words: str) -> float:
    """The number in words such as ``two hundred and forty-one``; infinite if it has no end."""
    total, part = 0, 0
    words, _, rest = words.lower().replace("-", " ").partition(" point ")
    decimals = "".join(str(WORDS[word]) for word in rest.replace("oh", "zero").split())
    split = words.split()
    if len(split) > MOST:
        return float("inf")
    for word in split:
        if word in WORDS:
            part += WORDS[word]
        elif word == "hundred":
            part = max(1, part) * 100
        elif word in SCALES:
            total += max(1, part) * SCALES[word]
            part = 0
    return total + part + (float(f"0.{decimals}") if decimals else 0)


def chinese(signs: str) -> float:
    """The number in signs such as ``一万二千八百四十``, ``四点二``; infinite if it has no end."""
    if len(signs) > MOST or signs.count("亿") > 1:
        return float("inf")
    whole, _, rest = signs.partition("点")
    decimals = "".join(str(DIGITS[sign]) for sign in rest)
    if len(whole) > 1 and all(sign in DIGITS for sign in whole):
        found = int("".join(str(DIGITS[sign]) for sign in whole))
    else:
        found = _counted(whole)
    return found + (float(f"0.{decimals}") if decimals else 0)


def _counted(signs: str) -> int:
    total, part, digit = 0, 0, 0
    for sign in signs:
        if sign in DIGITS:
            digit = DIGITS[sign]
        elif sign in STEPS:
            part += max(1, digit) * STEPS[sign]
            digit = 0
        else:
            total = (total + part + digit) * LARGE[sign]
            part, digit = 0, 0
    return total + part + digit
