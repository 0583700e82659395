"""The door for files: ``csv:TRAIN,TEST?text_column=…&label_column=…&header=1&unlabelled=…``.

With ``kind=generation`` models write: whole texts, or behind prompts (``target_column``).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from sys import intern
from urllib.parse import parse_qsl, quote, unquote, urlencode

from workbench.core.errors import BadInput
from workbench.tasks.labels import tidy
from workbench.tasks.limits import ID_CHARS, TASK_CHARS
from workbench.tasks.preview import choose_columns, why_bad
from workbench.tasks.slices import Collector
from workbench.tasks.source import resolved
from workbench.tasks.table import columns_of, read
from workbench.tasks.task import Table, Task, made
from workbench.tasks.unlabelled import with_unlabelled
from workbench.tasks.written import written

PREFIX = "csv:"
ESCAPED = "surrogateescape"  # a file's name may be no UTF-8
FIELDS = ("text_column", "label_column", "target_column", "header", "kind", "unlabelled")
KINDS = ("classification", "generation")


def csv_id(
    train: str | Path,
    test: str | Path | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
    header: bool = True,
    unlabelled: str | Path | None = None,
    **more: str,
) -> str:
    """The task id of one file, or of a training and a test file; ``unlabelled`` is a third.

    ``more`` are the other settings: ``kind`` and ``target_column``.
    """
    paths = ",".join(quote(str(resolved(p)), errors=ESCAPED) for p in (train, test) if p)
    asked = {"text_column": text_column, "label_column": label_column}
    given = {name: value for name, value in {**asked, **more}.items() if value}
    if not header:
        given["header"] = "0"
    if unlabelled:
        given["unlabelled"] = str(resolved(unlabelled))
    return f"{PREFIX}{paths}" + (f"?{urlencode(given, errors=ESCAPED)}" if given else "")


def parsed(task_id: str) -> tuple[list[Path], dict[str, str]]:
    """Paths and settings of a task id.

    Raises:
        BadInput: if it is not of that form.
    """
    if len(task_id) > ID_CHARS:
        raise BadInput(task_id, f"at most {ID_CHARS:,} characters", "use shorter paths")
    body, _, query = task_id.removeprefix(PREFIX).partition("?")
    names = [unquote(part, errors=ESCAPED) for part in body.split(",") if part.strip()]
    pairs = parse_qsl(query, keep_blank_values=True, errors=ESCAPED)
    given = {name: value for name, value in pairs if value}
    if given.get("header", "1") not in ("0", "1"):
        raise BadInput(f"header={given['header']!r:.20}", "0 or 1", "leave it out for a header")
    if given.get("kind", KINDS[0]) not in KINDS:
        raise BadInput(f"kind={given['kind']!r:.40}", " or ".join(KINDS), "choose one of them")
    if not 1 <= len(names) <= 2:
        raise BadInput(f"task {task_id!r:.200}", "csv:TRAIN or csv:TRAIN,TEST", "give one or two")
    for name, _ in pairs:
        if name not in FIELDS or sum(name == other for other, _ in pairs) > 1:
            known = ", ".join(FIELDS)
            told = f"task setting {name!r:.60}"
            raise BadInput(told, f"each of {known} at most once", f"remove {name!r:.60}")
    return [resolved(name) for name in names], given


def find_files(task_id: str) -> Task:
    """The task of a file or two.

    Raises:
        BadInput: for anything about the files that keeps them from being a task.
    """
    paths, given = parsed(task_id)
    if len(set(paths)) < len(paths):
        told = f"{paths[0].name} as training and as test file"
        raise BadInput(told, "two files", "leave the test file out, and rows are held out")
    more = [resolved(given["unlabelled"])] if "unlabelled" in given else []
    for path in (*paths, *more):
        columns_of(path, given.get("header", "1") != "0")
    stamps = tuple((p.stat().st_size, p.stat().st_mtime_ns) for p in (*paths, *more))
    return _task(task_id, tuple(paths), tuple(sorted(given.items())), stamps)


@lru_cache(maxsize=3)  # each may hold TASK_CHARS
def _task(
    task_id: str, paths: tuple[Path, ...], given: tuple[tuple[str, str], ...], _: object
) -> Task:
    settings = dict(given)
    title = paths[0].parent.name if paths[0].stem in ("train", "data") else paths[0].stem
    if settings.get("kind") == KINDS[1]:
        return written(task_id, title, paths, settings)
    parts = {"train": _read(paths[0], settings)}
    if len(paths) == 2:
        parts["test"] = _read(paths[1], settings)
    task = made(task_id, title, parts, " and ".join(path.name for path in paths))
    if "unlabelled" not in settings:
        return task
    path, header = resolved(settings["unlabelled"]), settings.get("header", "1") != "0"
    return with_unlabelled(task, path, settings.get("text_column"), header)


def _read(path: Path, settings: Mapping[str, str]) -> Table:
    header = settings.get("header", "1") != "0"
    columns = columns_of(path, header)
    chosen = choose_columns(
        path, columns, settings.get("text_column"), settings.get("label_column"), header
    )
    texts: list[str] = []
    labels: list[str] = []
    others = Collector(name for name in columns if name not in chosen)
    held = 0
    for line in read(path, header):
        if why_bad(line, *chosen):
            continue
        texts.append(line.cells[chosen[0]])
        labels.append(intern(tidy(line.cells[chosen[1]])))
        others.add(line.cells)
        held += len(texts[-1])
        if held > TASK_CHARS:
            most = f"at most {TASK_CHARS:,} characters of text in all"
            raise BadInput(path.name, most, "take a sample of it")
    if not texts:
        raise BadInput(path.name, "at least one usable row", "look at it with workbench preview")
    return Table(texts, labels, others.columns())
