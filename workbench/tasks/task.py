"""What a model is measured on: rows with labels, in three splits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from workbench.core.errors import BadInput

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Rows:
    """Rows of one split.

    Args:
        texts: the inputs.
        labels: int64 (rows,), index into the task's classes.
        slices: column name to one value per row, for looking at groups of rows.
    """

    texts: tuple[str, ...]
    labels: np.ndarray
    slices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """A classification task.

    Args:
        id: as commands name it.
        title: as people read it.
        classes: names, in the order of the labels.
        languages: ISO 639-1 codes; empty if not known.
        fingerprint: hash of its content.
        load: ``load(split)`` gives the rows; it remembers them.
    """

    id: str
    title: str
    classes: tuple[str, ...]
    languages: tuple[str, ...]
    fingerprint: str
    load: Callable[[str], Rows] = field(repr=False, compare=False)
    kind: str = "classification"
    metrics: tuple[str, ...] = ("accuracy", "macro_f1")

    def rows(self, split: str) -> Rows:
        """Rows of ``train``, ``validation`` or ``test``.

        Raises:
            BadInput: for another split.
        """
        if split not in SPLITS:
            raise BadInput(f"split {split!r}", "train, validation or test", "choose one of them")
        return self.load(split)

    def score(self, logits: np.ndarray, rows: Rows) -> np.ndarray:
        """Whether each row was answered right, bool (rows,), from logits (rows, classes)."""
        return np.asarray(np.asarray(logits).argmax(axis=1) == rows.labels)


def held_out(labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Which rows to hold out: a seeded ``share`` of every class, bool (rows,).

    A class keeps at least one row on either side where it has two.
    """
    rng = np.random.default_rng(seed)
    chosen = np.zeros(len(labels), dtype=bool)
    for name in np.unique(labels):
        rows = np.flatnonzero(labels == name)
        count = min(max(1, round(share * len(rows))), len(rows) - 1)
        chosen[rng.permutation(rows)[:count]] = True
    return chosen
