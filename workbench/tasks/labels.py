"""Labels as they are meant: space around and within made even; look-alikes pointed out."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from workbench.core.errors import visible
from workbench.i18n.table import text
from workbench.tasks.encoding import GUESSED

SAID = 3  # groups of look-alikes that are named


class Notice(NamedTuple):
    """Something about a file that a reader should look at, though the file can be used."""

    key: str
    values: Mapping[str, str]

    def told(self, language: str) -> str:
        """One sentence in ``en`` or ``zh``."""
        return text(self.key, language, **self.values)


@lru_cache(maxsize=10_000)
def tidy(label: str) -> str:
    """A label in composed form, with single spaces within and no invisible marks around."""
    words = unicodedata.normalize("NFC", label).replace("\ufeff", "").replace("\u200b", "")
    return " ".join(words.split())


def look_alikes(counts: Mapping[str, int]) -> list[list[str]]:
    """Groups of labels that differ only in case or width."""
    groups = defaultdict(list)
    for label in sorted(counts):
        groups[unicodedata.normalize("NFKC", label).casefold()].append(label)
    return [group for group in groups.values() if len(group) > 1]


def notices(counts: Mapping[str, int], encoding: str) -> tuple[Notice, ...]:
    """What a reader should know of a file with these classes in this encoding."""
    found = []
    if encoding == GUESSED:
        found.append(Notice("preview.encoding", {"encoding": encoding.upper()}))
    groups = look_alikes(counts)
    if groups:
        some = [
            ", ".join(f"{visible(label, 40)!r} ({counts[label]:,})" for label in group[:SAID])
            for group in groups[:SAID]
        ]
        told = "; ".join(some) + ("; …" if len(groups) > SAID else "")
        found.append(Notice("preview.look_alikes", {"labels": told}))
    return tuple(found)
