"""Reading CSV, TSV and JSONL, row by row, in any usual encoding; bad rows are told."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from workbench.core.errors import BadInput
from workbench.tasks.limits import CELL_CHARS, COLUMNS, FILE_BYTES, ROWS

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson")
ENCODINGS = ("utf-8-sig", "gb18030")
PROBE = 1 << 20


@dataclass(frozen=True)
class Line:
    """One row of a file: its cells by column, or why it cannot be used."""

    number: int
    cells: dict[str, str]
    reason: str = ""


def check_file(path: Path) -> None:
    """Raise ``BadInput`` unless the file can be read at all."""
    if not path.is_file():
        raise BadInput(f"{path}", "a CSV, TSV or JSONL file that is there", "check the path")
    if path.suffix.lower() not in SUFFIXES:
        raise BadInput(path.name, "a name that ends in .csv, .tsv or .jsonl", "rename the file")
    size = path.stat().st_size
    if size == 0:
        raise BadInput(path.name, "a file with rows; it is empty", "give another file")
    if size > FILE_BYTES:
        raise BadInput(
            f"{path.name} ({size:,} bytes)", f"at most {FILE_BYTES:,} bytes", "take a sample of it"
        )


def encoding_of(path: Path) -> str:
    """UTF-8 (with or without mark), UTF-16 with mark, or GB18030.

    Raises:
        BadInput: if the file is in none of them.
    """
    with path.open("rb") as file:
        head = file.read(PROBE)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if b"\x00" in head:
        raise BadInput(path.name, "text; it holds NUL bytes", "save it as UTF-8")
    for encoding in ENCODINGS:
        if _decodes(path, encoding):
            return encoding
    raise BadInput(path.name, "UTF-8, UTF-16 or GB18030 text", "save it as UTF-8")


def _decodes(path: Path, encoding: str) -> bool:
    try:
        with path.open(encoding=encoding, newline="") as file:
            while file.read(PROBE):
                pass
    except UnicodeError:
        return False
    return True


def columns_of(path: Path, header: bool = True) -> tuple[str, ...]:
    """Names of the columns; without a header ``column 1`` and so on.

    Raises:
        BadInput: for an empty, duplicate or endless header.
    """
    check_file(path)
    with path.open(encoding=encoding_of(path), newline="") as file:
        if path.suffix.lower() in (".jsonl", ".ndjson"):
            return _keys(path, file)
        first: list[str] = next((row for row in _reader(path, file) if row), [])
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
    for line in file:
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
            _objects(file)
            if path.suffix.lower() in (".jsonl", ".ndjson")
            else _cells(path, file, columns, header)
        )
        for count, line in enumerate(rows):
            if count >= ROWS:
                raise BadInput(path.name, f"at most {ROWS:,} rows", "take a sample of it")
            yield line


def _reader(path: Path, file: TextIO) -> Any:
    csv.field_size_limit(50 * CELL_CHARS)
    return csv.reader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")


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


def _objects(file: TextIO) -> Iterator[Line]:
    for number, text in enumerate(file, 1):
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
