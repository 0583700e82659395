"""The door for files: ``csv:TRAIN,TEST?text_column=…&label_column=…&header=1``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode

from workbench.core.errors import BadInput
from workbench.core.records import content_hash
from workbench.tasks.preview import choose_columns, why_bad
from workbench.tasks.table import as_path, columns_of, read
from workbench.tasks.task import Rows, Task, completed, indexed

PREFIX = "csv:"
FIELDS = ("text_column", "label_column", "header")


def csv_id(
    train: str | Path,
    test: str | Path | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
    header: bool = True,
) -> str:
    """The task id of one file, or of a training and a test file."""
    paths = ",".join(quote(str(as_path(p).resolve())) for p in (train, test) if p)
    asked = {"text_column": text_column, "label_column": label_column}
    given = {name: value for name, value in asked.items() if value}
    if not header:
        given["header"] = "0"
    return f"{PREFIX}{paths}" + (f"?{urlencode(given)}" if given else "")


def parsed(task_id: str) -> tuple[list[Path], dict[str, str]]:
    """Paths and settings of a task id.

    Raises:
        BadInput: if it is not of that form.
    """
    body, _, query = task_id.removeprefix(PREFIX).partition("?")
    paths = [as_path(unquote(part)) for part in body.split(",") if part.strip()]
    given = dict(parse_qsl(query))
    if given.get("header", "1") not in ("0", "1"):
        raise BadInput(f"header={given['header']!r:.20}", "0 or 1", "leave it out for a header")
    if not 1 <= len(paths) <= 2:
        raise BadInput(f"task {task_id!r:.200}", "csv:TRAIN or csv:TRAIN,TEST", "give one or two")
    for name in given:
        if name not in FIELDS:
            known = ", ".join(FIELDS)
            raise BadInput(f"task setting {name!r:.60}", f"one of {known}", f"remove {name!r:.60}")
    return [path.resolve() for path in paths], given


def find_files(task_id: str) -> Task:
    """The task of a file or two.

    Raises:
        BadInput: for anything about the files that keeps them from being a task.
    """
    paths, given = parsed(task_id)
    if len(set(paths)) < len(paths):
        told = f"{paths[0].name} as training and as test file"
        raise BadInput(told, "two files", "leave the test file out, and rows are held out")
    for path in paths:
        columns_of(path, given.get("header", "1") != "0")
    stamps = tuple((p.stat().st_size, p.stat().st_mtime_ns) for p in paths)
    return _task(task_id, tuple(paths), tuple(sorted(given.items())), stamps)


@lru_cache(maxsize=8)
def _task(
    task_id: str, paths: tuple[Path, ...], given: tuple[tuple[str, str], ...], _: object
) -> Task:
    settings = dict(given)
    sets = [_read(path, settings) for path in paths]
    classes = tuple(sorted(set(sets[0][1])))
    if len(classes) < 2:
        raise BadInput(paths[0].name, "at least two classes", "choose the label column")
    splits = _splits(paths, sets, classes)
    return Task(
        id=task_id,
        title=paths[0].parent.name if paths[0].stem in ("train", "data") else paths[0].stem,
        classes=classes,
        languages=(),
        fingerprint=content_hash(
            classes, *([list(s.texts), s.labels.tolist()] for s in splits.values())
        ),
        load=splits.__getitem__,
    )


def _read(path: Path, settings: Mapping[str, str]) -> tuple[list[str], list[str]]:
    header = settings.get("header", "1") != "0"
    columns = columns_of(path, header)
    chosen = choose_columns(
        path, columns, settings.get("text_column"), settings.get("label_column"), header
    )
    texts, labels = [], []
    for line in read(path, header):
        if not why_bad(line, *chosen):
            texts.append(line.cells[chosen[0]])
            labels.append(line.cells[chosen[1]].strip())
    if not texts:
        raise BadInput(path.name, "at least one usable row", "look at it with workbench preview")
    return texts, labels


def _splits(
    paths: tuple[Path, ...], sets: list[tuple[list[str], list[str]]], classes: tuple[str, ...]
) -> dict[str, Rows]:
    given = {"train": indexed(*sets[0], classes)}
    if len(sets) == 2:
        unseen = sorted(set(sets[1][1]) - set(classes))
        if unseen:
            raise BadInput(
                f"{paths[1].name}: label {unseen[0]!r:.60}",
                f"labels that {paths[0].name} has too",
                "add training rows of that class or remove it from the test file",
            )
        given["test"] = indexed(*sets[1], classes)
    return completed(given, paths[0].name)
