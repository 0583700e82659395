"""Reading files that nobody vouches for: plain, small, JSON without surprises, or refused."""

from __future__ import annotations

import json
import os
import stat
from collections import Counter
from pathlib import Path
from typing import Any, BinaryIO

from workbench.core.errors import BadInput
from workbench.models.limits import DEPTH, JSON_BYTES, TRUST, VALUES, Limit

AGAIN = "download or export the model again"


def shown(name: object) -> str:
    """A foreign name as text for a message: short, marks and control characters spelled out."""
    words = str(name)
    return words[:80] if words.isprintable() else repr(words)[1:81]


def open_plain(path: Path) -> BinaryIO:
    """Open a file to read, if it is a plain one; a pipe or a device is not waited for.

    Raises:
        OSError: if it cannot be opened.
        BadInput: if it is no plain file.
    """
    # the links of a hub cache are followed once, here: what they lead to may be no link itself
    target = path.resolve(strict=True)
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    number = os.open(target, flags | getattr(os, "O_CLOEXEC", 0))
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise BadInput(shown(path.name), "plain files only", TRUST)
    return os.fdopen(number, "rb")


def read_small(path: Path, limit: Limit = JSON_BYTES) -> bytes:
    """All bytes of a file.

    Raises:
        OSError: if it cannot be read.
        BadInput: if it is larger than the limit, or no plain file.
    """
    with open_plain(path) as file:
        size = os.fstat(file.fileno()).st_size
        limit.check(size, shown(path.name))
        return file.read(limit.most)


def read_json(path: Path, limit: Limit = JSON_BYTES) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        BadInput: if the file is missing, too large, damaged, or no object.
    """
    try:
        data = parse_json(read_small(path, limit), shown(path.name))
    except OSError as err:
        raise _unreadable(shown(path.name), err) from err
    if not isinstance(data, dict):
        raise BadInput(shown(path.name), "a JSON object", AGAIN)
    return data


def parse_json(content: bytes, name: str) -> Any:
    """What bytes say in JSON: no key twice, no NaN, not deep, not more than fits.

    Readers disagree about keys that are there twice: what was checked may not be what is used.

    Raises:
        BadInput: if it is anything else; the message begins with ``name``.
    """
    VALUES.check(sum(map(content.count, (b",", b"[", b"{"))), name)
    try:
        data = json.loads(
            content.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number
        )
    except (ValueError, RecursionError) as err:
        raise _unreadable(name, err) from err
    _check_depth(data, name)
    return data


def _unreadable(name: str, err: Exception) -> BadInput:
    said = shown(" ".join(str(err).split()))
    return BadInput(f"{name} ({type(err).__name__}: {said})", "readable JSON", AGAIN)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"{shown(twice)} is there twice")
    return data


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _check_depth(data: Any, name: str) -> None:
    """Without recursion, since a stranger nests it."""
    level, depth = [data], 0
    while level:
        DEPTH.check(depth, name)
        inside = (x.values() if isinstance(x, dict) else x for x in level)
        level = [x for values in inside for x in values if isinstance(x, dict | list)]
        depth += 1
