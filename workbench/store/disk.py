"""A disk that is full, or that cannot be written, told in one sentence."""

from __future__ import annotations

import errno
import sys
from contextlib import suppress
from pathlib import Path

from workbench.core.errors import BadInput

FULL = (errno.ENOSPC, errno.EDQUOT)
SHUT = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR)
WORDS = ("No space left on device", "Disk quota exceeded", "database or disk is full")


def disk_error(err: BaseException, folder: Path) -> BadInput | None:
    """What to tell when ``err``, or what it came from, is the disk's doing; else None.

    Args:
        err: what was raised, by us or by a library that hides the number in its message.
        folder: what lies on that disk; named in the sentence.
    """
    seen: BaseException | None = err
    while seen is not None:
        code = seen.errno if isinstance(seen, OSError) else None
        if code in FULL or any(words in str(seen) for words in WORDS):
            wanted, remedy = "free space on its disk", "free some space, then try again"
            return BadInput(f"{folder} (disk full)", wanted, remedy)
        if isinstance(seen, OSError) and code in SHUT and _inside(seen.filename, folder):
            remedy = "make it writable, or set WORKBENCH_HOME to another folder"
            return BadInput(f"{folder} ({seen.strerror})", "a folder that can be written", remedy)
        seen = seen.__cause__ or seen.__context__
    return None


def note(words: str) -> None:
    """Say something on standard error, as far as that can be: the log may lie on a full disk."""
    with suppress(OSError):
        print(words, file=sys.stderr, flush=True)


def _inside(name: object, folder: Path) -> bool:
    return isinstance(name, str) and Path(name).is_relative_to(folder)
