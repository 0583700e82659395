"""In which encoding a text file is: the usual ones are found, the others are refused."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from workbench.core.errors import BadInput

PROBE = 1 << 20  # characters or bytes read at once


def encoding_of(path: Path) -> str:
    """UTF-8 (with or without mark), UTF-16 with mark, or GB18030.

    Raises:
        BadInput: if the file is in none of them, or cannot be read.
    """
    try:
        status = path.stat()
        return _found(path, status.st_size, status.st_mtime_ns)
    except OSError as err:
        told = f"{path.name} ({err.strerror})"
        raise BadInput(told, "a file that can be read", "check its permissions") from err


@lru_cache(maxsize=16)
def _found(path: Path, *_: int) -> str:
    with path.open("rb") as file:
        head = file.read(PROBE)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        if _decodes(path, "utf-16"):
            return "utf-16"
    elif b"\x00" in head:
        raise BadInput(path.name, "text; it holds NUL bytes", "save it as UTF-8")
    elif _decodes(path, "utf-8-sig"):
        return "utf-8-sig"
    elif _decodes(path, "gb18030") and _looks_chinese(head):
        return "gb18030"
    raise BadInput(path.name, "UTF-8, UTF-16 or GB18030 text", "save it as UTF-8")


def _decodes(path: Path, encoding: str) -> bool:
    try:
        with path.open(encoding=encoding, newline="") as file:
            while file.read(PROBE):
                pass
    except UnicodeError:
        return False
    return True


def _looks_chinese(head: bytes) -> bool:
    """Whether most characters beyond ASCII are common ones.

    GB18030 decodes much of what is Latin-1, into rare characters: accented letters lie where
    it keeps those, 0xE0 to 0xFF, while common characters and punctuation begin with 0xA1 to 0xD7.
    """
    beyond = [c for c in head.decode("gb18030", errors="ignore") if ord(c) > 127]
    common = sum(0xA1 <= c.encode("gb18030")[0] <= 0xD7 for c in beyond)
    return 2 * common > len(beyond)
