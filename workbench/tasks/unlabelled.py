"""Texts of the user's without labels: distillation learns from them, too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from workbench.core.errors import BadInput
from workbench.core.records import content_hash
from workbench.tasks.limits import TASK_CHARS
from workbench.tasks.preview import why_bad
from workbench.tasks.table import Line, columns_of, read
from workbench.tasks.task import Task

NO_LABEL = "\0"  # no column has this name


def with_unlabelled(task: Task, path: Path, column: str | None, header: bool) -> Task:
    """The task with the texts of a file; those of validation and test are left out.

    Args:
        task: whose splits stay as they are.
        path: of a file as tasks are read from.
        column: of the texts; None if the file has one only, or one that is called ``text``.
        header: whether its first line names the columns.

    Raises:
        BadInput: if the file cannot be read, or has no such column or no text.
    """
    name = _column(path, column, header)
    held = {*task.rows("validation").texts, *task.rows("test").texts}
    texts = tuple(dict.fromkeys(text for text in _usable(path, name, header) if text not in held))
    if not texts:
        raise BadInput(path.name, "at least one text that is in no split", "give another file")
    return replace(task, unlabelled=texts, fingerprint=content_hash(task.fingerprint, texts))


def _usable(path: Path, column: str, header: bool) -> Iterator[str]:
    """Texts that training would take; rows without one are passed over."""
    total = 0
    for line in read(path, header):
        text = line.cells.get(column, "")
        if why_bad(
            Line(line.number, {column: text, NO_LABEL: "-"}, line.reason), column, NO_LABEL
        ):
            continue
        total += len(text)
        if total > TASK_CHARS:
            most = f"at most {TASK_CHARS:,} characters of text in all"
            raise BadInput(path.name, most, "take a sample of it")
        yield text


def _column(path: Path, column: str | None, header: bool) -> str:
    columns = columns_of(path, header)
    for name in (column, "text"):
        if name in columns:
            return str(name)
    if len(columns) == 1:
        return columns[0]
    wanted = column or "text"
    raise BadInput(f"{path.name} (unlabelled)", f"a column called {wanted}", "rename its column")
