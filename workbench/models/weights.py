"""What the weight files hold, from their headers; no tensor is loaded and nothing is executed."""

from __future__ import annotations

import json
import pickle
import zipfile
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from workbench.core.errors import BadInput
from workbench.models.files import read_json
from workbench.models.limits import HEADER_BYTES, INDEX_BYTES

WIDTHS = {
    **dict.fromkeys(("F64", "I64", "U64"), 8),
    **dict.fromkeys(("F32", "I32", "U32"), 4),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 2),
    **dict.fromkeys(("I8", "U8", "BOOL", "F8_E4M3", "F8_E5M2"), 1),
}
AGAIN = "download or export the model again"
CHUNK = 1 << 24  # bytes looked at together when searching for NaN


@dataclass(frozen=True)
class Tensor:
    """One entry of a header: type as safetensors spells it, shape, and where its bytes lie."""

    dtype: str
    shape: tuple[int, ...]
    file: Path
    start: int = 0

    @property
    def size_bytes(self) -> int:
        """Bytes of its elements."""
        return prod(self.shape) * WIDTHS[self.dtype]


def weight_files(folder: Path) -> tuple[str, list[Path]]:
    """(``safetensors`` or ``torch``, files); safetensors win where both are there.

    Raises:
        BadInput: if there are none, or the index names a file outside the folder.
    """
    for kind, stem, suffix in (
        ("safetensors", "model", "safetensors"),
        ("torch", "pytorch_model", "bin"),
    ):
        single, index = folder / f"{stem}.{suffix}", folder / f"{stem}.{suffix}.index.json"
        if single.is_file():
            return kind, [single]
        if index.is_file():
            return kind, _indexed(folder, index)
    raise BadInput(
        folder.name,
        "model.safetensors (or pytorch_model.bin with plain tensors)",
        "give a folder that holds the weights",
    )


def _indexed(folder: Path, index: Path) -> list[Path]:
    named = read_json(index).get("weight_map")
    if not isinstance(named, dict) or not named:
        raise BadInput(index.name, "a weight_map from tensors to files", AGAIN)
    files = []
    for name in sorted({str(value) for value in named.values()}):
        if "/" in name or "\\" in name or name.startswith("."):
            raise BadInput(f"{index.name} names {name!r:.60}", "files of the folder", AGAIN)
        if not (folder / name).is_file():
            raise BadInput(f"{name} (named by {index.name})", "a file that is there", AGAIN)
        files.append(folder / name)
    return files


def tensors(folder: Path) -> dict[str, Tensor]:
    """Every tensor of a folder by name, checked against the files' sizes.

    Raises:
        BadInput: for a file that is truncated, damaged, or not what its name says.
    """
    kind, files = weight_files(folder)
    found: dict[str, Tensor] = {}
    for path in files:
        found |= _header(path) if kind == "safetensors" else _torch_index(path)
    return found


def _header(path: Path) -> dict[str, Tensor]:
    """A safetensors header.

    Source:
        https://github.com/huggingface/safetensors#format
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(8)
        if head[:2] == b"PK" or head[:1] == b"\x80":
            raise BadInput(path.name, "safetensors, not a pickle under that name", AGAIN)
        length = int.from_bytes(head, "little")
        if len(head) < 8 or length > min(HEADER_BYTES, size - 8):
            told = f"{path.name} ({size:,} bytes)"
            raise BadInput(told, f"a whole safetensors file with its header of {length:,}", AGAIN)
        try:
            data = json.loads(file.read(length))
        except (ValueError, RecursionError) as err:
            raise BadInput(path.name, "a safetensors header in JSON", AGAIN) from err
    if not isinstance(data, dict):
        raise BadInput(path.name, "a safetensors header that is an object", AGAIN)
    data.pop("__metadata__", None)
    return _checked(path, data, 8 + length, size)


def _checked(path: Path, data: dict[str, Any], base: int, size: int) -> dict[str, Tensor]:
    found, spans = {}, []
    for name, entry in data.items():
        try:
            start, end = (int(x) for x in entry["data_offsets"])
            shape = tuple(int(x) for x in entry["shape"])
            tensor = Tensor(entry["dtype"], shape, path, base + start)
            fits = min((*shape, start), default=start) >= 0 and end - start == tensor.size_bytes
        except (KeyError, TypeError, ValueError) as err:
            raise BadInput(f"{path.name}: {name!r:.60}", "type, shape and offsets", AGAIN) from err
        if not fits:
            raise BadInput(f"{path.name}: {name!r:.60}", "offsets that fit its shape", AGAIN)
        found[name] = tensor
        spans.append((start, end))
    edge = 0
    for start, end in sorted(spans):
        if start != edge:
            raise BadInput(path.name, "tensors one behind the other, without overlap", AGAIN)
        edge = end
    if base + edge != size:
        told = f"{path.name} ({size:,} bytes)"
        raise BadInput(told, f"{base + edge:,} bytes as its header says", AGAIN)
    return found


STORAGES = {
    **{"FloatStorage": "F32", "HalfStorage": "F16", "BFloat16Storage": "BF16"},
    **{"DoubleStorage": "F64", "LongStorage": "I64", "IntStorage": "I32"},
    **{"ShortStorage": "I16", "CharStorage": "I8", "ByteStorage": "U8", "BoolStorage": "BOOL"},
}


class _Index(pickle.Unpickler):
    """Reads which tensors a torch zip lists; whatever else it asks for is refused, not run."""

    def __init__(self, file: Any, path: Path) -> None:
        super().__init__(file)
        self._path = path

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return dict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, *_: Tensor(storage, tuple(shape), self._path)
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return lambda tensor, *_: tensor
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        raise BadInput(
            f"{self._path.name} asks for {module}.{name}"[:120],
            "plain tensors only",
            "convert it to safetensors where you trust it",
        )

    def persistent_load(self, pid: Any) -> Any:
        return pid[1]


def _torch_index(path: Path) -> dict[str, Tensor]:
    try:
        with zipfile.ZipFile(path) as archive:
            entry = next(i for i in archive.infolist() if i.filename.endswith("/data.pkl"))
            if entry.file_size > INDEX_BYTES or entry.compress_type != zipfile.ZIP_STORED:
                raise BadInput(path.name, "an index of ordinary size", AGAIN)
            with archive.open(entry) as file:
                found = _Index(file, path).load()
    except BadInput:
        raise
    except Exception as err:
        raise BadInput(
            path.name,
            "a torch zip with plain tensors",
            "convert it to safetensors where you trust it",
        ) from err
    if not isinstance(found, dict) or not all(isinstance(t, Tensor) for t in found.values()):
        raise BadInput(path.name, "a table of plain tensors", AGAIN)
    return {str(name): tensor for name, tensor in found.items()}


def nonfinite(folder: Path) -> tuple[str, ...]:
    """Names of the tensors that hold NaN or infinity; read in pieces, from safetensors only."""
    if weight_files(folder)[0] != "safetensors":
        return ()
    return tuple(name for name, tensor in tensors(folder).items() if _has_nonfinite(tensor))


def _has_nonfinite(tensor: Tensor) -> bool:
    layout = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}.get(tensor.dtype)
    if layout is None or not prod(tensor.shape):
        return False
    values = np.memmap(tensor.file, layout, "r", tensor.start, (prod(tensor.shape),))
    for start in range(0, len(values), CHUNK):
        piece = values[start : start + CHUNK]
        # bfloat16 has no numpy type: all exponent bits set means NaN or infinity
        bad = (piece & 0x7F80) == 0x7F80 if tensor.dtype == "BF16" else ~np.isfinite(piece)
        if bad.any():
            return True
    return False
