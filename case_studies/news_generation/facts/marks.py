"""Pieces of a text that state something: numbers, dates, times, names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

GONE = "\0"  # stands for what was understood already; no pattern matches it


@dataclass(frozen=True)
class Mark:
    """One piece.

    Args:
        kind: ``number``, ``date``, ``time`` or ``name``.
        value: what it says: a number, ``(month, day, year or 0)``, ``HH:MM``, or the name.
        start: where it begins in the text.
        end: where it ends.
        unit: of a number, as slots name it; empty where none stands there.
        loose: whether it may say a slot's value, but is no fact otherwise, as ``an hour``.
    """

    kind: str
    value: float | str | tuple[int, int, int]
    start: int
    end: int
    unit: str = ""
    loose: bool = False


def without(text: str, marks: Iterable[Mark]) -> str:
    """The text with those pieces blanked out, as long as before."""
    for mark in marks:
        text = text[: mark.start] + GONE * (mark.end - mark.start) + text[mark.end :]
    return text
