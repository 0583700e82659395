"""Writing so that nothing half-written is ever seen: temporary name, fsync, rename, fsync."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

TEMPORARY = ".tmp-"  # prefix of names that a reader passes over and a sweep may remove


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a temporary path; the file or folder made there becomes ``target``.

    What was at ``target`` stays until the new content is on disk. After an error inside the block
    ``target`` is as it was.

    Raises:
        OSError: if the disk is full or the folder cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.parent / f"{TEMPORARY}{os.getpid()}-{uuid4().hex[:8]}"
    try:
        yield temporary
        _sync(temporary)
        if temporary.is_dir() and target.exists():
            old = target.parent / f"{TEMPORARY}{os.getpid()}-{uuid4().hex[:8]}"
            target.rename(old)
            temporary.rename(target)
            shutil.rmtree(old, ignore_errors=True)
        else:
            temporary.replace(target)
        _sync_one(target.parent)
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)


def write_json(target: Path, data: Any) -> None:
    """Write ``data`` as JSON to ``target``, whole or not at all."""
    text = json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False)
    with replacing(target) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def sweep(folder: Path) -> None:
    """Remove what a killed writer left in ``folder``: temporary names whose process is gone."""
    for path in folder.glob(f"{TEMPORARY}*"):
        pid = path.name.removeprefix(TEMPORARY).split("-")[0]
        if pid.isdigit() and not _alive(int(pid)):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


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
