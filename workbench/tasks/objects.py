"""Reading JSONL: one object per line; numbers stay as they are written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput
from workbench.tasks.limits import COLUMNS
from workbench.tasks.lines import BadLine, Lines

FIRST = 100  # objects that name the columns


def keys(path: Path, lines: Lines) -> tuple[str, ...]:
    """The keys of the first objects, in the order in which they come; no more once too many.

    Raises:
        BadInput: if there is no object.
    """
    found: dict[str, None] = {}
    good = (cells for _, cells, reason in objects(lines) if not reason)
    for cells in islice(good, FIRST):
        found |= dict.fromkeys(name for name in cells if name.strip() and _whole(name))
        if len(found) > COLUMNS:
            break
    if not found:
        raise BadInput(path.name, "one JSON object per line", "export it as JSONL")
    return tuple(found)


def objects(lines: Lines) -> Iterator[tuple[int, dict[str, str], str]]:
    """(number of the line, cells by key, why it is bad) of every line that is not empty."""
    while True:
        start = lines.begin()
        try:
            text = next(lines, None)
            if text is None:
                return
            if text.strip():
                yield start, _cells(text), ""
        except BadLine as err:
            yield start, {}, str(err)


def _cells(text: str) -> dict[str, str]:
    try:
        data = DECODER.decode(text)
    except (ValueError, RecursionError) as err:
        raise BadLine("no JSON") from err
    if not isinstance(data, dict):
        raise BadLine("no JSON object")
    return {name: _plain(value) for name, value in data.items()}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise BadLine("a key twice")
    return made


def _no_number(name: str) -> None:
    raise BadLine(f"{name} is no number")


DECODER = json.JSONDecoder(
    object_pairs_hook=_once, parse_int=str, parse_float=str, parse_constant=_no_number
)


def _plain(value: Any) -> str:
    """A JSON value as a cell; what is nested is not a cell."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, bool) else ""


def _whole(words: str) -> bool:
    try:
        words.encode()
    except UnicodeEncodeError:  # half a character
        return False
    return True
