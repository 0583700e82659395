"""The door for Hugging Face data sets: ``hf:owner/name?text_column=…&label_column=…``."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from workbench.core.errors import BadInput
from workbench.core.records import content_hash
from workbench.tasks.preview import LABEL_NAMES, TEXT_NAMES
from workbench.tasks.task import Rows, Task, completed, indexed

PREFIX = "hf:"
NAMES = {  # of a split, as data sets call them
    "train": ("train",),
    "validation": ("validation", "dev", "valid"),
    "test": ("test",),
}


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
    parts = {
        split: _strings(loaded[found], text, label)
        for split, names in NAMES.items()
        for found in [next((x for x in names if x in loaded), None)]
        if found
    } or {"train": _strings(first, text, label)}
    classes = tuple(sorted({x for _, labels in parts.values() for x in labels}))
    if len(classes) < 2:
        raise BadInput(f"column {label!r:.60} of {name}", "two classes", "choose another one")
    splits = _splits(parts, classes, name)
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
    """Texts and label names; class numbers become the names that the data set gives them.

    Rows without a label (None, or -1 for a class number) or text are left out.
    """
    names = getattr(split.features[label], "names", None)
    texts, labels = [], []
    for cell, value in zip(split[text], split[label], strict=True):
        if value is None or not str(cell or "").strip() or (names and value < 0):
            continue
        texts.append(str(cell))
        labels.append(names[value] if names else str(value))
    return texts, labels


def _splits(parts: dict[str, Any], classes: tuple[str, ...], name: str) -> dict[str, Rows]:
    given = {split: indexed(texts, labels, classes) for split, (texts, labels) in parts.items()}
    first = next(iter(given))
    return completed(given if "train" in given else {"train": given[first]}, name)
