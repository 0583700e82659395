"""Reading CSV, TSV and JSONL, row by row, in any usual encoding; bad rows are told."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from workbench.core.errors import BadInput
from workbench.tasks.encoding import encoding_of
from workbench.tasks.limits import CELL_CHARS, COLUMNS, FILE_BYTES, LINE_CHARS, ROWS

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson")
OBJECTS = (".jsonl", ".ndjson")


@dataclass(frozen=True)
class Line:
    """One row of a file: its cells by column, or why it cannot be used."""

    number: int
    cells: dict[str, str]
    reason: str = ""


def as_path(name: str | Path) -> Path:
    """A path as a user types it, with ``~``; an unknown user's stays as it is."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)


def check_file(path: Path) -> None:
    """Raise ``BadInput`` unless the file can be read at all."""
    try:
        there = path.is_file()
    except OSError:  # a name too long for a path
        there = False
    if not there:
        raise BadInput(
            f"{path!s:.200}", "a CSV, TSV or JSONL file that is there", "check the path"
        )
    if path.suffix.lower() not in SUFFIXES:
        raise BadInput(path.name, "a name that ends in .csv, .tsv or .jsonl", "rename the file")
    size = path.stat().st_size
    if size == 0:
        raise BadInput(path.name, "a file with rows; it is empty", "give another file")
    if size > FILE_BYTES:
        raise BadInput(
            f"{path.name} ({size:,} bytes)", f"at most {FILE_BYTES:,} bytes", "take a sample of it"
        )


def columns_of(path: Path, header: bool = True) -> tuple[str, ...]:
    """Names of the columns; without a header ``column 1`` and so on.

    Raises:
        BadInput: for an empty, duplicate or endless header.
    """
    check_file(path)
    with path.open(encoding=encoding_of(path), newline="") as file:
        if path.suffix.lower() in OBJECTS:
            return _keys(path, file)
        try:
            first: list[str] = next((row for row in _reader(path, file) if row), [])
        except csv.Error as err:
            raise BadInput(f"{path.name} ({err})", "a first line", "mend the first line") from err
    if len(first) > COLUMNS:
        raise BadInput(
            f"{path.name} ({len(first):,} columns)", f"at most {COLUMNS:,}", "drop some"
        )
    if not header:
        return tuple(f"column {i + 1}" for i in range(len(first)))
    names = tuple(name.strip() for name in first)
    for name in names:
        if names.count(name) > 1 or not name:
            told = f"{path.name}: column {name!r:.60} twice" if name else f"{path.name}: a column"
            raise BadInput(told, "a name of its own for every column", "mend the header line")
    return names


def _keys(path: Path, file: TextIO) -> tuple[str, ...]:
    for line in _lines(path, file):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(data, dict) and data:
            return tuple(str(name) for name in list(data)[:COLUMNS])
    raise BadInput(path.name, "one JSON object per line", "export it as JSONL")


def read(path: Path, header: bool = True) -> Iterator[Line]:
    """Every row of a file, one at a time.

    Raises:
        BadInput: if the file cannot be read, or has more rows than the limit.
    """
    columns = columns_of(path, header)
    with path.open(encoding=encoding_of(path), newline="") as file:
        rows = (
            _objects(path, file)
            if path.suffix.lower() in OBJECTS
            else _cells(path, file, columns, header)
        )
        for count, line in enumerate(rows):
            if count >= ROWS:
                raise BadInput(path.name, f"at most {ROWS:,} rows", "take a sample of it")
            yield line


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    """The physical lines of a file; a line without end must not fill the memory."""
    number = 0
    while line := file.readline(LINE_CHARS + 1):
        number += 1
        if len(line) > LINE_CHARS:
            told = f"{path.name}: line {number}"
            raise BadInput(told, f"at most {LINE_CHARS:,} characters", "break it into rows")
        yield line


def _reader(path: Path, file: TextIO) -> Any:
    csv.field_size_limit(2 * CELL_CHARS)
    tabs = path.suffix.lower() == ".tsv"
    return csv.reader(_lines(path, file), delimiter="\t" if tabs else ",")


def _cells(path: Path, file: TextIO, columns: tuple[str, ...], header: bool) -> Iterator[Line]:
    reader = _reader(path, file)
    skipped = not header
    while True:
        start = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as err:
            yield Line(start, {}, str(err))
            continue
        if row is None:
            return
        if not row:
            continue
        if not skipped:
            skipped = True
            continue
        if len(row) != len(columns):
            yield Line(start, {}, f"{len(row)} cells instead of {len(columns)}")
            continue
        yield Line(start, dict(zip(columns, row, strict=True)))


def _objects(path: Path, file: TextIO) -> Iterator[Line]:
    for number, text in enumerate(_lines(path, file), 1):
        if not text.strip():
            continue
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            yield Line(number, {}, "no JSON")
            continue
        if not isinstance(data, dict):
            yield Line(number, {}, "no JSON object")
            continue
        yield Line(number, {str(k): _plain(v) for k, v in data.items()})


def _plain(value: Any) -> str:
    """A JSON value as a cell; what is nested is not a cell."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return str(value)
    return ""
