"""Which tensors a torch zip lists: its pickled index is read without running what it asks for."""

from __future__ import annotations

import io
import os
import pickle
import pickletools
import zipfile
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from workbench.core.errors import BadInput
from workbench.models.files import open_plain
from workbench.models.limits import ENTRIES, INDEX_BYTES

STORAGES = {
    **{"FloatStorage": ("F32", 4), "HalfStorage": ("F16", 2), "BFloat16Storage": ("BF16", 2)},
    **{"DoubleStorage": ("F64", 8), "LongStorage": ("I64", 8), "IntStorage": ("I32", 4)},
    **{"ShortStorage": ("I16", 2), "CharStorage": ("I8", 1), "ByteStorage": ("U8", 1)},
    "BoolStorage": ("BOOL", 1),
}
# what torch.save writes for a table of tensors, and no more
OPCODES = {
    *("PROTO", "STOP", "MARK", "FRAME", "EMPTY_DICT", "EMPTY_TUPLE", "EMPTY_LIST", "TUPLE"),
    *("TUPLE1", "TUPLE2", "TUPLE3", "SETITEM", "SETITEMS", "APPEND", "APPENDS", "GLOBAL"),
    *("BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET", "BINUNICODE", "BININT", "BININT1"),
    *("BININT2", "LONG1", "NEWFALSE", "NEWTRUE", "NONE", "REDUCE", "BINPERSID", "BUILD"),
    *("SHORT_BINUNICODE", "MEMOIZE", "STACK_GLOBAL", "BINFLOAT"),
}
CONVERT = "convert it to safetensors where you trust it"


class Stored(NamedTuple):
    """A tensor of the index: type as safetensors spells it, shape, where its bytes begin."""

    dtype: str
    shape: tuple[int, ...]
    start: int = 0


@dataclass(frozen=True)
class _Storage:
    dtype: str
    width: int
    elements: int
    start: int


class _Sparing(io.BufferedReader):
    """Reads little at a time: a zip says itself how long its list of entries is."""

    def read(self, size: int | None = -1, /) -> bytes:
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
            _Sparing(io.FileIO(os.dup(file.fileno()))) as spare,
            zipfile.ZipFile(spare) as archive,
        ):
            found = _read(archive, spare, path)
    except BadInput:
        raise
    except Exception as err:  # a damaged zip or pickle raises nearly anything
        raise BadInput(path.name, "a torch zip with plain tensors", CONVERT) from err
    if not isinstance(found, dict) or not all(isinstance(t, Stored) for t in found.values()):
        raise BadInput(path.name, "a table of plain tensors", CONVERT)
    return {str(name): tensor for name, tensor in found.items()}


def _read(archive: zipfile.ZipFile, file: BinaryIO, path: Path) -> Any:
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
    content = archive.read(index)
    _check_opcodes(content, path)
    storages = {
        name.removeprefix(f"{root}data/"): (entry.file_size, _start(entry, file))
        for name, entry in entries.items()
        if name.startswith(f"{root}data/")
    }
    return _Index(content, path, storages).load()


def _start(entry: zipfile.ZipInfo, file: BinaryIO) -> int:
    """Where the bytes of an entry begin: behind a header whose name and extras vary in length."""
    file.seek(entry.header_offset + 26)
    lengths = file.read(4)
    name, extra = int.from_bytes(lengths[:2], "little"), int.from_bytes(lengths[2:], "little")
    return entry.header_offset + 30 + name + extra


def _check_opcodes(index: bytes, path: Path) -> None:
    """Only what a table of tensors needs; a memo place far out would take all memory."""
    for opcode, argument, _ in pickletools.genops(index):
        far = opcode.name == "LONG_BINPUT" and int(argument or 0) > len(index)
        if opcode.name not in OPCODES or far:
            told = f"{path.name} (pickle operation {opcode.name})"
            raise BadInput(told, "plain tensors only", CONVERT)


class _Index(pickle.Unpickler):
    """Builds ``Stored`` where the pickle asks for a tensor; refuses whatever else it asks for."""

    def __init__(self, index: bytes, path: Path, storages: dict[str, tuple[int, int]]) -> None:
        super().__init__(io.BytesIO(index))
        self._path, self._storages = path, storages

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return _Table
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return self._tensor
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return lambda tensor, *_: tensor
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        told = f"{self._path.name} asks for {module!r:.60}.{name!r:.60}"
        raise BadInput(told, "plain tensors only", CONVERT)

    def persistent_load(self, pid: Any) -> _Storage:
        _, (dtype, width), key, _, elements = pid
        size, start = self._storages.get(str(key), (-1, 0))
        if type(elements) is not int or size != width * elements:
            told = f"{self._path.name}: storage {key!r:.40}"
            raise BadInput(told, "as many bytes as it lists", "download or export it again")
        return _Storage(dtype, width, elements, start)

    def _tensor(self, storage: _Storage, offset: int, shape: Any, stride: Any, *_: Any) -> Stored:
        numbers = (offset, *shape, *stride)
        whole = all(type(x) is int and x >= 0 for x in numbers) and len(shape) == len(stride)
        reach = sum((n - 1) * step for n, step in zip(shape, stride, strict=False)) + 1
        if not whole or offset + max(prod(shape), reach) > storage.elements:
            told = f"{self._path.name}: a tensor of {tuple(shape)!r:.60}"
            raise BadInput(told, "no more than its storage holds", CONVERT)
        return Stored(storage.dtype, tuple(shape), storage.start + offset * storage.width)


class _Table(dict[Any, Any]):
    """An ordered dictionary's keys and values, without what ``BUILD`` would set on it."""

    def __setstate__(self, state: Any) -> None:
        return None
