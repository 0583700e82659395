"""The data set of the package: customers of an online shop, 24 intents, English."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from workbench.core.records import content_hash
from workbench.tasks.table import read
from workbench.tasks.task import SPLITS, Rows, Task

NAME = "shopdesk"
FOLDER = Path(__file__).parent / "data" / NAME
SLICES = ("style", "length", "channel")


@cache
def shopdesk() -> Task:
    """The task; its data card lies beside the data."""
    tables = {split: _table(FOLDER / f"{split}.tsv") for split in SPLITS}
    classes = tuple(sorted(set(tables["train"]["intent"])))
    place = {name: i for i, name in enumerate(classes)}
    splits = {
        split: Rows(
            tuple(table["text"]),
            np.array([place[x] for x in table["intent"]], dtype=np.int64),
            {name: tuple(table[name]) for name in SLICES},
        )
        for split, table in tables.items()
    }
    key = content_hash([[list(r.texts), r.labels.tolist()] for r in splits.values()])
    return Task(NAME, NAME, classes, ("en",), key, splits.__getitem__)


def _table(path: Path) -> dict[str, list[str]]:
    columns: dict[str, list[str]] = {}
    for line in read(path):
        assert not line.reason, f"{path.name}:{line.number}: {line.reason}"
        for name, cell in line.cells.items():
            columns.setdefault(name, []).append(cell)
    return columns
