"""Which changed rows are shown, and in what order: for the page and for the command."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from workbench.ledger.records import KINDS, Flip

SORTS: Mapping[str, Callable[[Flip], Any]] = {
    "drop": lambda flip: (-flip.drop, flip.row),
    "row": lambda flip: flip.row,
    "kind": lambda flip: (KINDS.index(flip.kind), -flip.drop),
    "label": lambda flip: (flip.label, -flip.drop),
    "before": lambda flip: (flip.before, -flip.drop),
    "after": lambda flip: (flip.after, -flip.drop),
    "text": lambda flip: flip.text,
}


def ordered(flips: Iterable[Flip], kind: str = "", sort: str = "drop") -> list[Flip]:
    """Rows of a kind (one of ``KINDS``, or empty for all), in the order of one of ``SORTS``."""
    return sorted((f for f in flips if not kind or f.kind == kind), key=SORTS[sort])
