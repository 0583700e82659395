"""A data file before it is read: a path as typed, an ordinary file, text and nothing packed."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput
from workbench.tasks.limits import FILE_BYTES

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson")
OBJECTS = (".jsonl", ".ndjson")
MAGIC = {  # first bytes of what people rename to .csv
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip or xlsx",
    b"PK\x05\x06": "zip",
    b"BZh91AY&SY": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a\x07": "rar",
    b"PAR1\x15": "parquet",
    b"ARROW1\x00": "arrow",
    b"\xff\xff\xff\xff": "arrow",
    b"\xd0\xcf\x11\xe0": "xls",
    b"SQLite format 3\x00": "SQLite",
    b"\x89HDF\r\n": "HDF5",
    b"\x93NUMPY": "NumPy",
    b"%PDF-": "PDF",
    **{bytes((0x80, protocol)): "pickle" for protocol in range(2, 6)},
    b"<!doctype html": "HTML",
    b"<html": "HTML",
}


def as_path(name: str | Path) -> Path:
    """A path as a user types it, with ``~``; an unknown user's stays as it is."""
    try:
        return Path(name).expanduser()
    except (RuntimeError, ValueError):
        return Path(name)


def resolved(name: str | Path) -> Path:
    """The absolute path, links followed; links in a loop stay as they are."""
    path = as_path(name)
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return Path(os.path.abspath(path))


def check_file(path: Path) -> None:
    """Raise ``BadInput`` unless it is an ordinary file of a size and name that are read."""
    try:
        status = path.stat()
        there = stat.S_ISREG(status.st_mode)
    except (OSError, ValueError):  # a name that cannot be one, links in a loop
        there = False
    if not there:
        raise BadInput(path, "a CSV, TSV or JSONL file that is there", "check the path")
    if path.suffix.lower() not in SUFFIXES:
        raise BadInput(path.name, "a name that ends in .csv, .tsv or .jsonl", "rename the file")
    if status.st_size == 0:
        raise BadInput(path.name, "a file with rows; it is empty", "give another file")
    if status.st_size > FILE_BYTES:
        told = f"{path.name} ({status.st_size:,} bytes)"
        raise BadInput(told, f"at most {FILE_BYTES:,} bytes", "take a sample of it")


def check_head(path: Path, head: bytes) -> None:
    """Raise ``BadInput`` if the first bytes are those of a packed or binary file."""
    start = head[:64].lstrip().lower() if head[:1] in b"< \r\n\t" else head
    kind = next((kind for magic, kind in MAGIC.items() if start.startswith(magic)), None)
    if kind:
        told = f"{path.name} (it is {kind} inside)"
        raise BadInput(told, "plain text", "unpack it, or export it as CSV")


def opened(path: Path, mode: str = "r", **how: Any) -> Any:
    """Open a file; one that became a pipe meanwhile is refused and not waited for."""

    def at_once(name: str, flags: int) -> int:
        return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))

    file = open(path, mode, opener=at_once, **how)  # noqa: SIM115
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(0, "no ordinary file")
    return file
