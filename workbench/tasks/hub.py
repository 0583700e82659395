"""The door for Hugging Face data sets: ``hf:owner/name?text_column=…&label_column=…``."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import numpy as np

from workbench.core.errors import BadInput
from workbench.core.records import content_hash
from workbench.tasks.preview import LABEL_NAMES, TEXT_NAMES
from workbench.tasks.task import Rows, Task, held_out

PREFIX = "hf:"
SHARE = 0.1


@lru_cache(maxsize=4)
def find_hub(task_id: str) -> Task:
    """The task of a data set on the hub, or in its local cache.

    Args:
        task_id: ``hf:owner/name``, with ``text_column``, ``label_column`` and ``config`` behind
            a question mark where they cannot be guessed; also a local folder of parquet files.

    Raises:
        BadInput: if it cannot be had, or has no such columns.
    """
    name, _, query = task_id.removeprefix(PREFIX).partition("?")
    given = dict(parse_qsl(query))
    loaded = _loaded(name, given.get("config"))
    first = loaded[next(iter(loaded))]
    text = given.get("text_column") or _named(first.column_names, TEXT_NAMES)
    label = given.get("label_column") or _named(first.column_names, LABEL_NAMES)
    for column in (text, label):
        if column not in first.column_names:
            listed = ", ".join(first.column_names)
            raise BadInput(f"column {column!r:.60} of {name}", f"one of {listed}", "choose one")
    parts = {split: _strings(loaded[split], text, label) for split in loaded}
    classes = tuple(sorted({x for _, labels in parts.values() for x in labels}))
    splits = _splits(parts, classes)
    return Task(
        id=task_id,
        title=name.rsplit("/", 1)[-1],
        classes=classes,
        languages=(),
        fingerprint=content_hash(
            classes, *([list(s.texts), s.labels.tolist()] for s in splits.values())
        ),
        load=splits.__getitem__,
    )


def _loaded(name: str, config: str | None) -> Any:
    import datasets

    try:
        return datasets.load_dataset(name, config)
    except Exception as err:  # the library raises many kinds, network errors among them
        cached = ", ".join(_cached()) or "nothing"
        raise BadInput(
            f"hf:{name} ({type(err).__name__})",
            f"a data set that is cached here ({cached}) or a connection to the hub",
            "connect, or export it as CSV and give the file",
        ) from err


def _cached() -> list[str]:
    from pathlib import Path

    import datasets.config

    folders = Path(datasets.config.HF_DATASETS_CACHE).glob("*___*")
    return sorted("hf:" + folder.name.replace("___", "/") for folder in folders)


def _named(columns: list[str], names: tuple[str, ...]) -> str:
    return next((c for name in names for c in columns if c.lower() == name), names[0])


def _strings(split: Any, text: str, label: str) -> tuple[list[str], list[str]]:
    """Texts and label names; class numbers become the names that the data set gives them."""
    feature = split.features[label]
    names = getattr(feature, "names", None)
    labels = [names[x] if names else str(x) for x in split[label]]
    return [str(x) for x in split[text]], labels


def _splits(parts: dict[str, Any], classes: tuple[str, ...]) -> dict[str, Rows]:
    place = {name: i for i, name in enumerate(classes)}
    made = {
        split: Rows(tuple(texts), np.array([place[x] for x in labels]))
        for split, (texts, labels) in parts.items()
    }
    train = made.get("train") or next(iter(made.values()))
    for wanted, seed in (("test", 1), ("validation", 0)):
        if wanted not in made:
            out = held_out(train.labels, SHARE, seed)
            made[wanted], train = _some(train, out), _some(train, ~out)
    return {**made, "train": train}


def _some(rows: Rows, mask: np.ndarray) -> Rows:
    chosen = np.flatnonzero(mask)
    return Rows(tuple(rows.texts[i] for i in chosen), rows.labels[chosen])
