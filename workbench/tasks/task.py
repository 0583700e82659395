"""What a model is measured on: rows with labels, in three splits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from workbench.core.errors import BadInput, visible
from workbench.core.records import content_hash
from workbench.tasks.limits import CLASSES
from workbench.tasks.slices import Column

SPLITS = ("train", "validation", "test")
SHARE = 0.1  # of the training rows, held out for validation (and for test where there is none)


Check = Callable[[Mapping[str, Any], str], Mapping[str, float]]


@dataclass(frozen=True)
class Rows:
    """Rows of one split.

    Args:
        texts: the inputs; prompts, where a model is to write behind them.
        labels: int64 (rows,), index into the task's classes; empty where there are none.
        slices: column name to one value per row, for looking at groups of rows.
        targets: what a person wrote behind each prompt; empty for classification.
        records: the facts that each prompt tells, as plain data; empty where there are none.
        begun: whether each prompt is the beginning of a text, and its target the rest.
        chat: whether a model's chat template has been put around the prompts.
    """

    texts: tuple[str, ...]
    labels: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    slices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    targets: tuple[str, ...] = ()
    records: tuple[Mapping[str, Any], ...] = ()
    begun: bool = False
    chat: bool = False


class Table(NamedTuple):
    """What a reader found for one split: a text and a label per row, and other columns."""

    texts: Sequence[str]
    labels: Sequence[str]
    slices: Mapping[str, Column] = MappingProxyType({})


@dataclass(frozen=True)
class Task:
    """A task: what is asked, and how answers are judged.

    Args:
        id: as commands name it.
        title: as people read it.
        classes: names, in the order of the labels; empty where a model is to write.
        languages: ISO 639-1 codes; empty if not known.
        fingerprint: hash of its content.
        load: ``load(split)`` gives the rows; it remembers them.
        unlabelled: texts without labels, none of them in validation or test; often empty.
        kind: ``classification`` or ``generation``.
        metrics: of quality, the first one first.
        check: ``check(record, text)`` compares what was written with the facts: ``fidelity``,
            ``missing`` and ``wrong`` as shares of them, ``invented`` as a number; None without.
        judged: rows of the validation split that a model writes behind when it is measured, at
            most: writing takes its time. Five times as many on the test split.
    """

    id: str
    title: str
    classes: tuple[str, ...]
    languages: tuple[str, ...]
    fingerprint: str
    load: Callable[[str], Rows] = field(repr=False, compare=False)
    kind: str = "classification"
    metrics: tuple[str, ...] = ("accuracy", "macro_f1")
    unlabelled: tuple[str, ...] = field(default=(), repr=False)
    check: Check | None = field(default=None, repr=False, compare=False)
    judged: int = 0

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


def some(rows: Rows, mask: np.ndarray) -> Rows:
    """The rows where ``mask``, bool (rows,), is true."""
    chosen = np.flatnonzero(mask)
    slices = {
        name: of.taken(chosen) if isinstance(of, Column) else tuple(of[int(i)] for i in chosen)
        for name, of in rows.slices.items()
    }
    return Rows(tuple(rows.texts[i] for i in chosen), rows.labels[chosen], slices)


def completed(given: Mapping[str, Rows], name: str) -> dict[str, Rows]:
    """All three splits: a test and a validation split are cut from train where not given.

    Args:
        given: split to rows; ``train`` is there.
        name: of the data, for the error.

    Raises:
        BadInput: if a split would be empty.
    """
    made = dict(given)
    for split, seed in (("test", 1), ("validation", 0)):
        if split not in made:
            out = held_out(made["train"].labels, SHARE, seed)
            made[split], made["train"] = some(made["train"], out), some(made["train"], ~out)
    for split in SPLITS:
        if not made[split].texts:
            raise BadInput(name, f"enough rows for a {split} split", "add rows of every class")
    return {split: made[split] for split in SPLITS}


def made(task_id: str, title: str, parts: Mapping[str, Table], name: str) -> Task:
    """A task of tables by split; the classes are those of the training split.

    Args:
        task_id: as commands name it.
        title: as people read it; foreign text.
        parts: ``train`` is there; the others are cut from it where not given.
        name: of the data, for errors.

    Raises:
        BadInput: for too few or too many classes or rows, or labels unseen in training.
    """
    classes = tuple(sorted(set(parts["train"].labels)))
    if len(classes) < 2:
        raise BadInput(name, "at least two classes", "choose the label column")
    if len(classes) > CLASSES:
        raise BadInput(name, f"at most {CLASSES:,} classes", "choose the label column")
    for split, table in parts.items():
        if unseen := sorted(set(table.labels) - set(classes)):
            raise BadInput(
                f"{name}: label {unseen[0]!r:.60} in the {split} split",
                "labels that the training rows have too",
                "add training rows of that class or remove it",
            )
    splits = completed({split: indexed(table, classes) for split, table in parts.items()}, name)
    content = ([list(rows.texts), rows.labels.tolist()] for rows in splits.values())
    key = content_hash(classes, *content)
    return Task(task_id, visible(title, 60), classes, (), key, splits.__getitem__)


def indexed(table: Table, classes: Sequence[str]) -> Rows:
    """Rows whose labels are places in ``classes``."""
    place = {name: i for i, name in enumerate(classes)}
    labels = np.array([place[x] for x in table.labels], dtype=np.int64)
    return Rows(tuple(table.texts), labels, table.slices)
