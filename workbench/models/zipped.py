"""Which tensors a torch zip lists: its pickled index is read without running what it asks for."""

from __future__ import annotations

import io
import pickle
import pickletools
import zipfile
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from workbench.core.errors import BadInput
from workbench.models.limits import INDEX_BYTES

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
    """A tensor of the index: type as safetensors spells it, and shape."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class _Storage:
    dtype: str
    elements: int


def torch_zip(path: Path) -> dict[str, Stored]:
    """Name to type and shape of every tensor, checked against the bytes in the zip.

    Raises:
        BadInput: if it is no torch zip, asks for anything but tensors, or claims more than it
            holds.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            found = _read(archive, path)
    except BadInput:
        raise
    except Exception as err:  # a damaged zip or pickle raises nearly anything
        raise BadInput(path.name, "a torch zip with plain tensors", CONVERT) from err
    if not isinstance(found, dict) or not all(isinstance(t, Stored) for t in found.values()):
        raise BadInput(path.name, "a table of plain tensors", CONVERT)
    return {str(name): tensor for name, tensor in found.items()}


def _read(archive: zipfile.ZipFile, path: Path) -> Any:
    entries = {entry.filename: entry for entry in archive.infolist()}
    indices = [name for name in entries if name.rpartition("/")[2] == "data.pkl"]
    packed = any(e.compress_type != zipfile.ZIP_STORED for e in entries.values())
    if len(indices) != 1 or len(entries) != len(archive.infolist()) or packed:
        raise BadInput(path.name, "one index, and nothing packed or twice", CONVERT)
    if sum(entry.file_size for entry in entries.values()) > path.stat().st_size:
        raise BadInput(path.name, "a whole file", "download or export it again")
    if entries[indices[0]].file_size > INDEX_BYTES:
        raise BadInput(path.name, f"an index of at most {INDEX_BYTES:,} bytes", CONVERT)
    index = archive.read(indices[0])
    _check_opcodes(index, path)
    root = indices[0].removesuffix("data.pkl")
    sizes = {name.removeprefix(f"{root}data/"): e.file_size for name, e in entries.items()}
    return _Index(index, path, sizes).load()


def _check_opcodes(index: bytes, path: Path) -> None:
    """Only what a table of tensors needs; a memo place far out would take all memory."""
    for opcode, argument, _ in pickletools.genops(index):
        far = opcode.name == "LONG_BINPUT" and int(argument or 0) > len(index)
        if opcode.name not in OPCODES or far:
            told = f"{path.name} (pickle operation {opcode.name})"
            raise BadInput(told, "plain tensors only", CONVERT)


class _Index(pickle.Unpickler):
    """Builds ``Stored`` where the pickle asks for a tensor; refuses whatever else it asks for."""

    def __init__(self, index: bytes, path: Path, sizes: dict[str, int]) -> None:
        super().__init__(io.BytesIO(index))
        self._path, self._sizes = path, sizes

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
        if self._sizes.get(str(key)) != width * elements:
            told = f"{self._path.name}: storage {key!r:.40}"
            raise BadInput(told, "as many bytes as it lists", "download or export it again")
        return _Storage(dtype, elements)

    def _tensor(self, storage: _Storage, offset: int, shape: Any, *_: Any) -> Stored:
        if min(0, offset, *shape) < 0 or offset + prod(shape) > storage.elements:
            told = f"{self._path.name}: a tensor of {tuple(shape)!r:.60}"
            raise BadInput(told, "no more than its storage holds", CONVERT)
        return Stored(storage.dtype, tuple(shape))


class _Table(dict[Any, Any]):
    """An ordered dictionary's keys and values, without what ``BUILD`` would set on it."""

    def __setstate__(self, state: Any) -> None:
        return None
