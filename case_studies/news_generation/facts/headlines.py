"""Headlines in Title Case, in which a capital does not make a name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from case_studies.news_generation.events import NAMES, Record
from case_studies.news_generation.facts.marks import Mark

SMALL = re.compile(
    r"(?:an?|the|in|on|at|by|for|from|of|to|and|or|but|as|with|over|after|amid|near|into|up|down)$"
)
PLACED = re.compile(r"\b(?:in|at|near|to|of|from|for) $")
TYPO = 0.84  # how alike a word and a name's are, of 1, for the word to be a slip of it
LEAST = 6  # letters of such a word


def titled(text: str) -> int:
    """Where a headline in title case ends; 0 if it is in sentence case, or none.

    Args:
        text: whole, or with the record's names blanked out.
    """
    headline, broken, _ = text.partition("\n")
    words = [x for x in re.finditer(r"[A-Za-z][\w’'-]+", headline) if not SMALL.match(x[0])]
    high = [x for x in words if x[0][0].isupper() and x.start() > 0]
    low = [x for x in words if x[0][0].islower()]
    lone = len(high) == 1 and PLACED.search(headline[: high[0].start()])
    if not broken or not high or lone or (low and len(high) < 4 * len(low)):
        return 0
    return len(headline)


def slips(headline: str, record: Record) -> Iterator[Mark]:
    """Words of such a headline that are those of a name, written wrong."""
    names = [
        str(record.slots[s.name])
        for s in record.event.slots
        if s.kind in NAMES and s.name in record.slots
    ]
    for found in re.finditer(r"[A-Z][\w-]*", headline):
        for name in names:
            for word in name.split():
                if _typo(found[0], word):
                    yield Mark("name", name.replace(word, found[0]), found.start(), found.end())


def _typo(told: str, word: str) -> bool:
    if min(len(told), len(word)) < LEAST or told.casefold() == word.casefold():
        return False
    likeness = SequenceMatcher(None, told.casefold(), word.casefold()).ratio()
    return told[0] == word[0] and likeness >= TYPO
