"""In which encoding a text file is: the usual ones are found, the others are refused."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TextIO

from workbench.core.errors import BadInput
from workbench.tasks.source import check_head, opened

PROBE = 1 << 20  # characters or bytes read at once
WIDE = {"utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)}  # the shorter mark begins the longer
WIDE |= {"utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)}
GUESSED = "gb18030"


def encoding_of(path: Path) -> str:
    """UTF-8 (with or without mark), UTF-16 or UTF-32 with mark, or GB18030.

    Raises:
        BadInput: if the file is in none of them, is no text, or cannot be read.
    """
    try:
        status = path.stat()
        return _found(path, status.st_size, status.st_mtime_ns)
    except OSError as err:
        raise _unreadable(path, err) from err


@contextmanager
def reading(path: Path) -> Iterator[TextIO]:
    """The text of a file, newlines as they are.

    Raises:
        BadInput: if it cannot be read, or changes while it is read.
    """
    encoding = encoding_of(path)
    stays = BadInput(path.name, "a file that stays as it is while it is read", "try again")
    try:
        with opened(path, encoding=encoding, newline="") as file:
            before = _stamp(file)
            yield file
            if _stamp(file) != before:
                raise stays
    except UnicodeError as err:
        raise stays from err
    except OSError as err:
        raise _unreadable(path, err) from err


def _stamp(file: TextIO) -> tuple[int, int]:
    status = os.fstat(file.fileno())
    return status.st_size, status.st_mtime_ns


def _unreadable(path: Path, err: OSError) -> BadInput:
    told = f"{path.name} ({err.strerror})"
    return BadInput(told, "a file that can be read", "check its permissions")


@lru_cache(maxsize=16)
def _found(path: Path, *_: int) -> str:
    with opened(path, "rb") as file:
        head = file.read(PROBE)
    check_head(path, head)
    marked = next((name for name, marks in WIDE.items() if head.startswith(marks)), None)
    if marked:
        if _decodes(path, marked):
            return marked
    elif b"\x00" in head:
        raise BadInput(path.name, "text; it holds NUL bytes", "save it as UTF-8")
    elif _decodes(path, "utf-8-sig"):
        return "utf-8-sig"
    elif _looks_chinese(head[: PROBE // 16]) and _decodes(path, GUESSED):
        return GUESSED
    raise BadInput(path.name, "UTF-8, UTF-16 or GB18030 text", "save it as UTF-8")


def _decodes(path: Path, encoding: str) -> bool:
    try:
        with opened(path, encoding=encoding, newline="") as file:
            while file.read(PROBE):
                pass
    except UnicodeError:
        return False
    return True


def _looks_chinese(head: bytes) -> bool:
    """Whether nearly all characters beyond ASCII are common ones, and few of them kana.

    GB18030 decodes much of what is something else, into rare characters: it keeps the common
    ones and punctuation where both bytes are from 0xA1 and the first is at most 0xD7. Accented
    letters, Shift-JIS and Big5 fall elsewhere; EUC-JP has its kana in the same place.
    """
    text = head.decode(GUESSED, errors="ignore")
    pairs = [c.encode(GUESSED) for c in text if ord(c) > 127]
    common = sum(len(p) == 2 and 0xA1 <= p[0] <= 0xD7 and p[1] >= 0xA1 for p in pairs)
    kana = sum(p[0] in (0xA4, 0xA5) for p in pairs)
    return common > 0.8 * len(pairs) and kana < 0.2 * len(pairs)
