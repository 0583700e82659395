"""The door for Hugging Face data sets: ``hf:owner/name?text_column=…&label_column=…``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from sys import intern
from typing import Any
from urllib.parse import parse_qsl

from workbench.core.errors import BadInput
from workbench.tasks.labels import tidy
from workbench.tasks.limits import ROWS, TASK_CHARS
from workbench.tasks.parquet import columns_of, light
from workbench.tasks.preview import LABEL_NAMES, TEXT_NAMES, why_bad
from workbench.tasks.slices import Collector
from workbench.tasks.source import as_path
from workbench.tasks.table import Line
from workbench.tasks.task import Table, Task, made

PREFIX = "hf:"
NAME = re.compile(r"[\w.-]{1,96}(/[\w.-]{1,96})?")
FIELDS = ("text_column", "label_column", "config")
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
    name, given = _parsed(task_id)
    loaded = _loaded(name, given)
    first = loaded[next(iter(loaded))]
    text, label = _chosen(first.column_names, name, given)
    for split in loaded.values():
        if len(split) > ROWS:
            raise BadInput(name, f"at most {ROWS:,} rows", "take a sample of it")
    parts = {
        split: _strings(loaded[found], text, label, name)
        for split, names in NAMES.items()
        for found in [next((x for x in names if x in loaded), None)]
        if found
    }
    if "train" not in parts:
        parts = {"train": _strings(first, text, label, name), **parts}
    return made(task_id, name.rsplit("/", 1)[-1], parts, name)


def _parsed(task_id: str) -> tuple[str, dict[str, str]]:
    name, _, query = task_id.removeprefix(PREFIX).partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    for setting, _ in pairs:
        if setting not in FIELDS or sum(setting == other for other, _ in pairs) > 1:
            told = f"task setting {setting!r:.60}"
            known = ", ".join(FIELDS)
            raise BadInput(told, f"each of {known} at most once", f"remove {setting!r:.60}")
    if not NAME.fullmatch(name) and not _folder(name):
        raise BadInput(f"hf:{name}", "hf:owner/name or a folder that is there", "check the name")
    return name, {setting: value for setting, value in pairs if value}


def _chosen(columns: list[str], name: str, given: Mapping[str, str]) -> tuple[str, str]:
    """The columns of texts and labels, as given or by their names."""
    text = given.get("text_column") or _named(columns, TEXT_NAMES)
    label = given.get("label_column") or _named(columns, LABEL_NAMES)
    for column in (text, label):
        if column not in columns:
            listed = ", ".join(columns)[:300]
            raise BadInput(f"column {column!r:.60} of {name}", f"one of {listed}", "choose one")
    return text, label


def _loaded(name: str, given: Mapping[str, str]) -> Any:
    import datasets

    try:
        if folder := _folder(name):  # its own settings may name files elsewhere: not read
            files = _parquet(folder)
            chosen = _chosen(columns_of(next(iter(files.values()))[0]), name, given)
            columns = light(files, chosen, name)
            return datasets.load_dataset("parquet", data_files=files, columns=columns)
        return datasets.load_dataset(name, given.get("config"))
    except BadInput:
        raise
    except Exception as err:  # the library raises many kinds, network errors among them
        cached = ", ".join(_cached()) or "nothing"
        raise BadInput(
            f"hf:{name} ({type(err).__name__})",
            f"a data set that is cached here ({cached}) or a connection to the hub",
            "connect, or export it as CSV and give the file",
        ) from err


def _folder(name: str) -> Path | None:
    try:
        return as_path(name) if as_path(name).is_dir() else None
    except (OSError, ValueError):  # a name that cannot be one
        return None


def _parquet(folder: Path) -> dict[str, list[str]]:
    """The parquet files of a folder by split, as their names begin; what has none is training."""
    found: dict[str, list[str]] = {}
    for path in sorted([*folder.glob("*.parquet"), *folder.glob("*/*.parquet")]):
        if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
            names = [name for known in NAMES.values() for name in known]
            split = next((name for name in names if path.stem.startswith(name)), "train")
            found.setdefault(split, []).append(str(path))
    if not found:
        raise BadInput(folder, "a folder with parquet files", "export it as parquet or CSV")
    return found


def _cached() -> list[str]:
    import datasets.config

    folders = Path(datasets.config.HF_DATASETS_CACHE).glob("*___*")
    return sorted("hf:" + folder.name.replace("___", "/") for folder in folders)


def _named(columns: list[str], names: tuple[str, ...]) -> str:
    return next((c for name in names for c in columns if c.lower() == name), names[0])


def _strings(split: Any, text: str, label: str, name: str) -> Table:
    """Texts and label names; class numbers become the names that the data set gives them.

    Rows that a file's would be left out for are left out here.
    """
    for column in (text, label):
        if type(split.features[column]).__name__ not in ("Value", "ClassLabel"):
            # of a picture or a sound: to look at it would open the file that it names
            told = f"column {column!r:.60} of {name}"
            raise BadInput(told, "a column of words or numbers", "choose another")
    names = getattr(split.features[label], "names", None)
    texts: list[str] = []
    labels: list[str] = []
    further = {
        c: split[c] for c in split.column_names if c not in (text, label) and _plain(split, c)
    }
    others = Collector(further)
    held = 0
    for row, (cell, value) in enumerate(zip(split[text], split[label], strict=True)):
        if names and value is not None:
            value = names[value] if 0 <= value < len(names) else None
        cells = {"text": cell, "label": value}
        cells = {column: "" if x is None else str(x) for column, x in cells.items()}
        if why_bad(Line(0, cells), "text", "label"):
            continue
        texts.append(cells["text"])
        labels.append(intern(tidy(cells["label"])))
        others.add({c: "" if of[row] is None else str(of[row]) for c, of in further.items()})
        held += len(texts[-1])
        if held > TASK_CHARS:
            most = f"at most {TASK_CHARS:,} characters of text in all"
            raise BadInput(name, most, "take a sample of it")
    return Table(texts, labels, others.columns())


def _plain(split: Any, column: str) -> bool:
    """Whether a column holds words or whole numbers, not pictures, lists or measurements."""
    kind = str(getattr(split.features[column], "dtype", ""))
    return kind.startswith(("string", "large_string", "bool", "int", "uint"))
