"""Reading CSV, TSV and JSONL, row by row, in any usual encoding; bad rows are told."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from workbench.core.errors import BadInput
from workbench.tasks.encoding import reading
from workbench.tasks.limits import COLUMNS, LINE_CHARS, ROWS
from workbench.tasks.lines import BadLine, Lines
from workbench.tasks.objects import keys, objects
from workbench.tasks.source import OBJECTS, as_path, check_file


class Line(NamedTuple):
    """One row of a file: its cells by column, or why it cannot be used."""

    number: int
    cells: dict[str, str]
    reason: str = ""


def columns_of(path: str | Path, header: bool = True) -> tuple[str, ...]:
    """Names of the columns; without a header ``column 1`` and so on.

    Raises:
        BadInput: for an empty, duplicate or endless header.
    """
    path = as_path(path)
    check_file(path)
    with reading(path) as file:
        if path.suffix.lower() in OBJECTS:
            return _few(path, keys(path, Lines(path.name, file)))
        _, first, reason = next(_rows(path, Lines(path.name, file)), (1, [], ""))
    if reason:
        told = f"{path.name} ({reason})"
        raise BadInput(told, f"a first line of at most {COLUMNS:,} columns", "mend the first line")
    if not header:
        return _few(path, tuple(f"column {i + 1}" for i in range(len(first))))
    names = _few(path, tuple(name.strip() for name in first))
    seen: set[str] = set()
    for name in names:
        if name in seen or not name:
            told = f"{path.name}: column {name!r:.60} twice" if name else f"{path.name}: a column"
            raise BadInput(told, "a name of its own for every column", "mend the header line")
        seen.add(name)
    return names


def _few(path: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) > COLUMNS:
        told = f"{path.name} ({len(names):,} columns)"
        raise BadInput(told, f"at most {COLUMNS:,} columns", "drop some")
    return names


def read(path: Path, header: bool = True) -> Iterator[Line]:
    """Every row of a file, one at a time.

    Raises:
        BadInput: if the file cannot be read, changes meanwhile, or has more rows than the limit.
    """
    columns = columns_of(path, header)
    rows: Iterator[Line]
    with reading(path) as file:
        lines = Lines(path.name, file)
        rows = _cells(path, lines, columns, header)
        if path.suffix.lower() in OBJECTS:
            rows = (Line(*found) for found in objects(lines))
        for count, line in enumerate(rows):
            if count >= ROWS:
                raise BadInput(path.name, f"at most {ROWS:,} rows", "take a sample of it")
            yield line


def _rows(path: Path, lines: Lines) -> Iterator[tuple[int, list[str], str]]:
    """(number of the first line, cells, why it is bad) of every row that is not empty."""
    csv.field_size_limit(2 * LINE_CHARS)  # ours comes first
    mark = "\t" if path.suffix.lower() == ".tsv" else ","
    reader = csv.reader(lines, delimiter=mark)
    while True:
        start = lines.begin()
        try:
            row = next(reader, None)
            if len(lines.row) > 1:  # a forgotten quote would join rows: these must be perfect
                next(csv.reader(lines.row, delimiter=mark, strict=True))
        except BadLine as err:
            lines.again()
            yield start, [], str(err)
        except csv.Error:
            yield start, [], "a quote in the wrong place"
        else:
            if row is None:
                return
            if row:
                yield start, row, ""


def _cells(path: Path, lines: Lines, columns: tuple[str, ...], header: bool) -> Iterator[Line]:
    rows = _rows(path, lines)
    head = next(rows, (1, [], ""))[1] if header else None
    for start, row, reason in rows:
        if reason:
            yield Line(start, {}, reason)
        elif len(row) != len(columns):
            yield Line(start, {}, f"{len(row)} cells instead of {len(columns)}")
        elif row == head:
            yield Line(start, {}, "the header once more")
        else:
            yield Line(start, dict(zip(columns, row, strict=True)))
