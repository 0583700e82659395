"""``newsdesk``: records and their briefs, made anew bit by bit from a seed.

    python -m case_studies.news_generation.corpus FOLDER

writes every part as JSON lines and prints their SHA-256.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from case_studies.news_generation.events import LANGUAGES, Record, checked, events
from case_studies.news_generation.grammar import Brief, Writer
from case_studies.news_generation.values import Values

SEED = "newsdesk-1"
# pairs of each type and language
SIZES = {"train": 4_000, "validation": 50, "test": 50}
TRANSFER_SIZES = {"train": 500, "validation": 50, "test": 200}


@dataclass(frozen=True)
class Pair:
    """An event and what was written about it."""

    record: Record
    brief: Brief

    def to_json(self) -> dict[str, Any]:
        """As files hold it."""
        told = {"headline": self.brief.headline, "body": self.brief.body}
        return {**self.record.to_json(), **told}


def pairs(split: str, event: str, language: str, count: int) -> Iterator[Pair]:
    """The first ``count`` pairs of a split of one type in one language, no record twice."""
    rng = random.Random(f"{SEED}/{split}/{event}/{language}")
    values, writer = Values(language, split, rng), Writer(rng)
    seen: set[tuple[Any, ...]] = set()
    while len(seen) < count:
        record = values.record(events()[event])
        key = tuple(record.slots.items())
        if key not in seen:
            seen.add(key)
            yield Pair(record, writer.brief(record))


def corpus(split: str, transfer: bool = False) -> tuple[Pair, ...]:
    """A split of all types that are trained on, or of those held out for transfer.

    Args:
        split: ``train``, ``validation`` or ``test``; no value of one occurs in another.
        transfer: whether of the types held out.
    """
    sizes = TRANSFER_SIZES if transfer else SIZES
    found = [
        list(pairs(split, event.name, language, sizes[split]))
        for event in events().values()
        if event.transfer == transfer
        for language in LANGUAGES
    ]
    # one of each type in turn, so that any first part of a split is balanced
    return tuple(pair for turn in zip(*found, strict=True) for pair in turn)


def linearised(record: Record) -> str:
    """A record as the model reads it: a line for the type, one for each slot."""
    from case_studies.news_generation.wording import number

    lines = [record.event.title[record.language]]
    for name, value in record.slots.items():
        slot = record.event.slot(name)
        shown = number(value, slot.decimals) if slot.kind == "number" else str(value)
        lines.append(f"{name.replace('_', ' ')}: {shown}")
    return "\n".join(lines)


def read(path: Path) -> tuple[Pair, ...]:
    """Pairs of a file of JSON lines.

    Raises:
        BadInput: for a record that is none.
    """
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        found.append(Pair(checked(told), Brief(str(told["headline"]), str(told["body"]))))
    return tuple(found)


def lines(split: str, transfer: bool = False) -> bytes:
    """A split as JSON lines."""
    rows = (json.dumps(x.to_json(), ensure_ascii=False) for x in corpus(split, transfer))
    return ("\n".join(rows) + "\n").encode("utf-8")


def write(folder: Path) -> dict[str, str]:
    """Write every part; file name to SHA-256."""
    folder.mkdir(parents=True, exist_ok=True)
    hashes = {}
    for transfer, sizes in ((False, SIZES), (True, TRANSFER_SIZES)):
        for split in sizes:
            path = folder / f"{'transfer-' if transfer else ''}{split}.jsonl"
            content = lines(split, transfer)
            path.write_bytes(content)
            hashes[path.name] = hashlib.sha256(content).hexdigest()
    return hashes


def main(given: Sequence[str]) -> None:
    """Write the data set into the folder that is named."""
    for name, digest in write(Path(given[0])).items():
        print(digest, name)


if __name__ == "__main__":
    main(sys.argv[1:])
