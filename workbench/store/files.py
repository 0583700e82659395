"""Writing so that nothing half-written is ever seen: temporary name, fsync, rename, fsync."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from workbench.store.processes import lives, myself

TEMPORARY = ".tmp-"  # prefix of names that a reader passes over and a sweep may remove


def scratch(folder: Path) -> Path:
    """A new temporary name in ``folder``; ``sweep`` removes it once this process is gone."""
    return folder / f"{TEMPORARY}{myself()}-{uuid4().hex[:8]}"


@contextmanager
def replacing(target: Path, scratches: Path | None = None) -> Iterator[Path]:
    """Yield a temporary path; the file or folder made there becomes ``target``.

    A file takes the place of the one at ``target`` in a single step. A folder is written once:
    there is no step that would exchange two folders everywhere, and none of ours changes. After
    an error inside the block ``target`` is as it was.

    Args:
        target: a file or a folder.
        scratches: where the temporary name is, on the same disk; beside ``target`` if None.

    Raises:
        FileExistsError: if a folder is to go where there is one already.
        OSError: if the disk is full or the folder cannot be written.
    """
    make(target.parent)
    temporary = scratch(scratches or target.parent)
    try:
        yield temporary
        _sync(temporary)
        if temporary.is_dir() and target.exists():
            raise FileExistsError(errno.EEXIST, "is written once", str(target))
        temporary.replace(target)
        _sync_one(target.parent)
    finally:
        _remove(temporary)


def write_json(target: Path, data: Any, scratches: Path | None = None) -> None:
    """Write ``data`` as JSON to ``target``, whole or not at all; as ``replacing``."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    with replacing(target, scratches) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def make(folder: Path) -> None:
    """Make a folder, with its parents, so that they too survive a crash."""
    if folder.is_dir():
        return
    make(folder.parent)
    folder.mkdir(exist_ok=True)
    with suppress(PermissionError):  # a parent that lists nothing to us was not made by us
        _sync_one(folder.parent)


def sweep(folder: Path) -> None:
    """Remove what a killed writer left in ``folder``: temporary names whose process is gone."""
    for path in folder.glob(f"{TEMPORARY}*"):
        who = path.name.removeprefix(TEMPORARY).rpartition("-")[0]
        if who and not lives(who):
            _remove(path)


def _remove(path: Path) -> None:
    """Remove a file or a folder as far as the disk allows; a leftover is no reason to fail."""
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Fsync a file, or a folder with all that it holds, deepest first."""
    if path.is_dir():
        for inner in path.iterdir():
            _sync(inner)
    _sync_one(path)


def _sync_one(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
