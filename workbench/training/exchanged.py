"""A few pairs read many ways: names and numbers of a prompt exchanged, in its target as well."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np

# a value behind its name, up to the end of its line or to a special token
VALUE = re.compile(
    r"^(?P<name>[^:：\n<>|]{1,40}[:：] ?)(?P<value>[^\n]{1,80}?)(?=\n|<\||$)", re.MULTILINE
)
STRANGE = re.compile("[\ue000-\ue1ff]")
NUMBER = re.compile(r"\d{1,12}(?:\.\d{1,6})?")
HAN = re.compile(r"[\u3400-\u9fff]")
# characters of no script, which stand for values (and, behind those, for values with commas)
# while others are exchanged
HELD, COMMAS = 0xE000, 0xE100
# between sentences, and around special tokens
SENTENCE = re.compile(r"(?<=[。！？])|(?<=[.!?])(?= )|(?<=\|>)|(?=<\|)")
DIGITS = re.compile(r"\d")
# numbers of days, months and hours, told apart from others that are written like them
MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
MOMENT = re.compile(
    rf"\d+(?= ?(?:{MONTH}|[年月日号时点:：]))|(?<=[年月日时点:：])\d+|{MONTH} (\d+)", re.ASCII
)
LEFT_OUT = 0.3  # of the values that can be: how many a variant leaves out
TRIES = 50  # draws of numbers in the order that they had, and of names that fit


def exchanged(
    texts: Sequence[str], targets: Sequence[str], seed: int
) -> tuple[list[str], list[str]]:
    """Every pair with other values, and fewer, where its prompt has lines of ``name: value``.

    A name is exchanged for one put together from those that stand behind the same word in other
    prompts, a number for another with as many digits; the numbers of a prompt keep their order.
    Only what the target says to the letter (digits with or without commas) is exchanged, there
    and in the prompt; what it says in other words, dates for one, stays in both. Now and then a
    value is left out, with the sentence that tells it and nothing else.

    Args:
        texts: prompts.
        targets: what stands behind each.
        seed: of the draws.

    Returns:
        As many prompts and targets; those without such a value as they were.

    Source:
        "Mention replacement": Dai and Adel 2020, "An Analysis of Simple Data Augmentation for
        Named Entity Recognition", arXiv:2010.11683, sec. 3.
    """
    rng = np.random.default_rng(seed)
    names: dict[str, list[str]] = {}
    for text in texts:
        for name, value in _values(text):
            names.setdefault(name, []).append(value)
    made = [_pair(*pair, names, rng) for pair in zip(texts, targets, strict=True)]
    return [text for text, _ in made], [target for _, target in made]


def _shorter(text: str, target: str, rng: np.random.Generator) -> tuple[str, str]:
    """The pair without some of the values that have a sentence of their own."""
    for match in list(VALUE.finditer(text)):
        value, line = match["value"], f"{match[0]}\n"
        first, *others = SENTENCE.split(target)
        telling = [part for part in others if _said(value, part)]
        if line not in text or len(telling) != 1 or _said(value, first):
            continue
        rest = telling[0]
        for way in _ways(value):
            rest = _where(way).sub("", rest)
        alone = not DIGITS.search(rest) and not any(v in rest for _, v in _values(text))
        if alone and _told(value, target) and rng.random() < LEFT_OUT:
            text, target = text.replace(line, "", 1), target.replace(telling[0], "", 1)
    return text, target


def _values(text: str) -> list[tuple[str, str]]:
    """At most as many as there are characters to hold them."""
    found = [(match["name"], match["value"]) for match in VALUE.finditer(text)]
    return found[: COMMAS - HELD]


def _pair(
    text: str, target: str, names: Mapping[str, Sequence[str]], rng: np.random.Generator
) -> tuple[str, str]:
    text, target = _shorter(text, target, rng)
    told = {value: name for name, value in _values(text) if _told(value, target)}
    if not told or STRANGE.search(text + target):
        return text, target
    values = sorted(told, key=len, reverse=True)  # one that lies within another comes later
    new = _numbers([value for value in values if NUMBER.fullmatch(value)], rng)
    new |= {value: _name(value, names[told[value]], rng) for value in values if value not in new}
    held = {value: chr(HELD + place) for place, value in enumerate(values)}
    text = VALUE.sub(lambda m: m["name"] + held.get(m["value"], m["value"]), text)
    for place, value in enumerate(values):
        for said in _ways(value):
            if said in target:
                stands = chr((COMMAS if "," in said else HELD) + place)
                target = _where(said).sub(stands, target)
    for place, value in enumerate(values):
        text = text.replace(held[value], new[value])
        target = target.replace(held[value], new[value])
        target = target.replace(chr(COMMAS + place), _ways(new[value])[-1])
    return text, target


def _told(value: str, target: str) -> bool:
    """Whether a value is a name or a number that the target says to the letter."""
    name = value != value.lower() or (HAN.search(value) and len(value) > 1)
    if not name and not NUMBER.fullmatch(value):
        return False
    if any(value in (m[0], m[1]) for m in MOMENT.finditer(target)):
        return False
    return _said(value, target)


def _said(value: str, text: str) -> bool:
    return any(way in text and _where(way).search(text) for way in _ways(value))


def _ways(value: str) -> list[str]:
    """How a value may be written: a number without and with commas."""
    if not NUMBER.fullmatch(value):
        return [value]
    whole, dot, part = value.partition(".")
    grouped = f"{int(whole):,}{dot}{part}"
    return [value] if grouped == value or whole != str(int(whole)) else [value, grouped]


@lru_cache(maxsize=4096)
def _where(said: str) -> re.Pattern[str]:
    """Where it stands by itself, no part of a longer word or number."""
    if NUMBER.fullmatch(said.replace(",", "")):
        return re.compile(rf"(?<![\d.,]){re.escape(said)}(?!\d|[.,]\d)")
    before, after = (r"(?<![A-Za-z])", r"(?![A-Za-z])")
    first, last = (x.isascii() and x.isalpha() for x in (said[0], said[-1]))
    return re.compile((before if first else "") + re.escape(said) + (after if last else ""))


def _numbers(values: Sequence[str], rng: np.random.Generator) -> dict[str, str]:
    """Others with as many digits, in the order that these have; themselves if none is found."""
    order = sorted(values, key=float)
    for _ in range(TRIES):
        new = {value: _digits(value, rng) for value in values}
        sizes = [float(new[value]) for value in order]
        if all(a < b for a, b in pairwise(sizes)):
            return new
    return {value: value for value in values}


def _digits(value: str, rng: np.random.Generator) -> str:
    drawn = "".join(str(rng.integers(10)) if c.isdigit() else c for c in value)
    return f"{rng.integers(1, 10)}{drawn[1:]}" if value[0] != "0" else f"0{drawn[1:]}"


def _name(value: str, others: Sequence[str], rng: np.random.Generator) -> str:
    """One put together from two others of its kind: words in Latin, characters in Chinese."""
    if HAN.search(value):
        one, two = (_other(value, others, lambda x: len(x) > 1, rng) for _ in range(2))
        return one[: -(len(one) // 2)] + two[-(len(two) // 2) :]
    words = value.split()
    like = [
        _other(value, others, lambda x: len(x.split()) == len(words), rng).split() for _ in words
    ]
    return " ".join(other[place] for place, other in enumerate(like))


def _other(
    value: str, others: Sequence[str], fits: Callable[[str], bool], rng: np.random.Generator
) -> str:
    """One of the others in the same script that fits; itself if none is found soon."""
    han = bool(HAN.search(value))
    for _ in range(TRIES):
        drawn = others[int(rng.integers(len(others)))]
        if bool(HAN.search(drawn)) == han and fits(drawn):
            return drawn
    return value
