"""Everything that lies in a model folder: only plain files, inside it, with plain names."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.core.errors import BadInput
from workbench.models.files import shown
from workbench.models.limits import FILES, TRUST


def entries(folder: Path) -> tuple[Path, ...]:
    """Files and folders below a folder, sorted; links to folders are not followed.

    Raises:
        BadInput: if there are too many, or the folder cannot be listed.
    """
    found: list[Path] = []
    waiting = [folder]
    while waiting:
        try:
            for entry in _inside(waiting.pop()):
                found.append(Path(entry.path))
                FILES.check(len(found), shown(folder.name))
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(found[-1])
        except OSError as err:  # no right to, gone, or nested so far that the path is too long
            told = f"{shown(folder.name)} ({err.strerror})"
            raise BadInput(told, "a folder that can be listed", TRUST) from err
    return tuple(sorted(found))


@contextmanager
def steady(folder: Path) -> Iterator[None]:
    """What cannot be read while a folder is looked at is a fault of the folder.

    Raises:
        BadInput: for any error of the file system.
    """
    try:
        yield
    except OSError as err:
        told = f"{shown(folder.name)} ({err.strerror})"
        raise BadInput(
            told, "a folder that stays as it is", "try again once it is written"
        ) from err


def _inside(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as listed:
        yield from listed


def check_entries(folder: Path, found: tuple[Path, ...]) -> None:
    """Only plain files, inside the folder (or, in a Hugging Face cache, its blobs).

    Raises:
        BadInput: for a link that leads out, a pipe, a device, or a name that deceives the eye.
    """
    here = folder.resolve()
    allowed = (here, *blobs(here))
    for path in found:
        if not path.name.isprintable() or {"<", ">"} & set(path.name):
            raise BadInput(shown(path.name), "files with plain names", TRUST)
        try:
            target, mode = path.resolve(strict=True), path.stat().st_mode
        except (OSError, RuntimeError) as err:  # it leads nowhere, or in a circle
            raise BadInput(shown(path.name), "a file that is there", TRUST) from err
        if not any(target.is_relative_to(root) for root in allowed):
            told = f"{shown(path.name)} (a link out of the folder)"
            raise BadInput(told, "files of the folder", TRUST)
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise BadInput(shown(path.name), "plain files only", TRUST)


def blobs(here: Path) -> tuple[Path, ...]:
    """Where the files of a folder lie that is a snapshot in a hub cache; else nothing."""
    if here.parent.name != "snapshots":
        return ()
    return (here.parent.parent / "blobs",)  # as it is: what is a link itself leads elsewhere


def stamp(folder: Path) -> tuple[tuple[object, ...], ...]:
    """What tells one state of a folder from another: every write and every swap changes it.

    The time of the last change to a file's record (``ctime``) cannot be set back by its owner.
    """
    kept: list[tuple[object, ...]] = []
    for path in (folder, *(entries(folder) if folder.is_dir() else ())):
        try:
            for status in (path.lstat(), path.stat()):
                kept.append((path.name, status.st_dev, status.st_ino, status.st_mode))
                kept.append((status.st_size, status.st_mtime_ns, status.st_ctime_ns))
        except OSError:
            kept.append((path.name, "gone"))
    return tuple(kept)
