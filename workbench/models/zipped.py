"""Which tensors a torch zip lists: its pickled index is read without running what it asks for."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import BinaryIO

from workbench.core.errors import BadInput
from workbench.models.files import open_plain
from workbench.models.limits import ENTRIES, INDEX_BYTES
from workbench.models.pickled import CONVERT, Index, Stored


class Sparing(io.BufferedReader):
    """Reads little at a time: a zip says itself how long its list of entries is."""

    def read(self, size: int | None = -1, /) -> bytes:
        """At most twice what an index may have."""
        most = 2 * INDEX_BYTES.most
        if size is not None and size > most:
            raise ValueError(f"{size:,} bytes together")
        return super().read(most if size is None or size < 0 else size)


def torch_zip(path: Path) -> dict[str, Stored]:
    """Name to type and shape of every tensor, checked against the bytes in the zip.

    Raises:
        BadInput: if it is no torch zip, asks for anything but tensors, or claims more than it
            holds.
    """
    try:
        with (
            open_plain(path) as file,
            Sparing(io.FileIO(os.dup(file.fileno()))) as spare,
            zipfile.ZipFile(spare) as archive,
        ):
            return _read(archive, spare, path)
    except BadInput:
        raise
    except Exception as err:  # a damaged zip or pickle raises nearly anything
        raise BadInput(path.name, "a torch zip with plain tensors", CONVERT) from err


def _read(archive: zipfile.ZipFile, file: BinaryIO, path: Path) -> dict[str, Stored]:
    listed = archive.infolist()
    ENTRIES.check(len(listed), path.name)
    # torch looks entries up without regard to case, below the folder of the first one
    root = listed[0].filename.partition("/")[0] + "/" if listed else ""
    entries = {entry.filename: entry for entry in listed}
    alone = len({name.lower() for name in entries}) == len(listed)
    packed = any(e.compress_type != zipfile.ZIP_STORED or e.flag_bits & 1 for e in listed)
    index = entries.get(f"{root}data.pkl")
    if index is None or not alone or packed or not all(n.startswith(root) for n in entries):
        raise BadInput(path.name, "one index, and nothing packed or twice", CONVERT)
    if sum(entry.file_size for entry in listed) > os.fstat(file.fileno()).st_size:
        raise BadInput(path.name, "a whole file", "download or export it again")
    INDEX_BYTES.check(index.file_size, path.name)
    storages = {
        name.removeprefix(f"{root}data/"): (entry.file_size, _start(entry, file))
        for name, entry in entries.items()
        if name.startswith(f"{root}data/")
    }
    return Index(path.name, storages).load(archive.read(index))


def _start(entry: zipfile.ZipInfo, file: BinaryIO) -> int:
    """Where the bytes of an entry begin: behind a header whose name and extras vary in length."""
    file.seek(entry.header_offset + 26)
    lengths = file.read(4)
    name, extra = int.from_bytes(lengths[:2], "little"), int.from_bytes(lengths[2:], "little")
    return entry.header_offset + 30 + name + extra
