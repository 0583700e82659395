"""What the weight files hold, from their headers; no tensor is loaded and nothing is executed."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from workbench.core.errors import BadInput
from workbench.models.files import AGAIN, open_plain, parse_json, read_json
from workbench.models.limits import HEADER_BYTES, RANK, TENSORS
from workbench.models.pickled import Stored
from workbench.models.zipped import torch_zip

WIDTHS = {
    **dict.fromkeys(("F64", "I64", "U64"), 8),
    **dict.fromkeys(("F32", "I32", "U32"), 4),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 2),
    **dict.fromkeys(("I8", "U8", "BOOL", "F8_E4M3", "F8_E5M2"), 1),
}
KINDS = (("safetensors", "model", "safetensors"), ("torch", "pytorch_model", "bin"))
CHUNK = 1 << 24  # bytes looked at together when searching for NaN
NAMED = re.compile(r"\w[\w.@+-]{0,200}\.(?:safetensors|bin)", re.ASCII)  # a weight file


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
    for kind, stem, suffix in KINDS:
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


def stored(folder: Path) -> int:
    """Bytes of the files that hold the weights; whatever else lies there does not count.

    Raises:
        BadInput: if there are none.
    """
    return sum(path.stat().st_size for path in weight_files(folder)[1])


def _indexed(folder: Path, index: Path) -> list[Path]:
    named = read_json(index).get("weight_map")
    if not isinstance(named, dict) or not all(isinstance(x, str) for x in named.values()):
        named = None
    if not named:
        raise BadInput(index.name, "a weight_map from tensors to files", AGAIN)
    files, suffix = [], index.name.removesuffix(".index.json").rpartition(".")[2]
    for name in sorted(set(named.values())):
        if not NAMED.fullmatch(name) or not name.endswith(suffix):
            raise BadInput(f"{index.name} names {name!r:.60}", "files of the folder", AGAIN)
        if not (folder / name).is_file():
            raise BadInput(f"{name} (named by {index.name})", "a file that is there", AGAIN)
        files.append(folder / name)
    return files


def _promised(folder: Path, files: list[Path]) -> set[str]:
    """Names that an index lists; none where the weights lie in one file."""
    stems = {"model.safetensors", "pytorch_model.bin"}
    if len(files) == 1 and files[0].name in stems:
        return set()
    kind = "safetensors" if files[0].suffix == ".safetensors" else "bin"
    stem = "model" if kind == "safetensors" else "pytorch_model"
    return set(read_json(folder / f"{stem}.{kind}.index.json")["weight_map"])


def tensors(folder: Path) -> dict[str, Tensor]:
    """Every tensor of a folder by name, checked against the files' sizes.

    Raises:
        BadInput: for a file that is truncated, damaged, or not what its name says.
    """
    kind, files = weight_files(folder)
    found: dict[str, Tensor] = {}
    for path in files:
        found |= _header(path) if kind == "safetensors" else _torch_index(path)
    missing = sorted(_promised(folder, files) - set(found))
    if missing:
        told = f"tensor {missing[0]!r:.80}"
        raise BadInput(told, "the file that the index names for it to hold it", AGAIN)
    if not found:
        told = f"{files[0].name} (no tensor)"
        raise BadInput(told, "weights", "give a folder that holds the weights")
    TENSORS.check(len(found), files[0].name)
    return found


def header_length(file: BinaryIO, name: str) -> int:
    """Bytes of the header of a safetensors file, which begins right behind them.

    Raises:
        BadInput: if the file is shorter, or the header larger than any.
    """
    size, head = os.fstat(file.fileno()).st_size, file.read(8)
    length = int.from_bytes(head, "little")
    if len(head) < 8 or length > size - 8:
        # a good header's length may begin with the same bytes, but is never so large
        if head[:2] == b"PK" or head[:1] == b"\x80":
            raise BadInput(name, "safetensors, not a pickle under that name", AGAIN)
        told = f"{name} ({size:,} bytes)"
        raise BadInput(told, f"a whole safetensors file with its header of {length:,}", AGAIN)
    HEADER_BYTES.check(length, name)
    return length


def _header(path: Path) -> dict[str, Tensor]:
    """A safetensors header.

    Source:
        https://github.com/huggingface/safetensors#format
    """
    with open_plain(path) as file:
        size = os.fstat(file.fileno()).st_size
        length = header_length(file, path.name)
        data = parse_json(file.read(length), f"{path.name}: its header")
    if not isinstance(data, dict):
        raise BadInput(path.name, "a safetensors header that is an object", AGAIN)
    data.pop("__metadata__", None)
    TENSORS.check(len(data), path.name)
    return _checked(path, data, 8 + length, size)


def _checked(path: Path, data: dict[str, Any], base: int, size: int) -> dict[str, Tensor]:
    found, spans = {}, []
    for name, entry in data.items():
        try:
            (start, end), shape = entry["data_offsets"], tuple(entry["shape"])
            RANK.check(len(shape), f"{path.name}: {name!r:.60}")
            whole = all(type(x) is int for x in (start, end, *shape))
            tensor = Tensor(entry["dtype"], shape, path, base + start)
            fits = whole and min(start, *shape, 0) >= 0 and end - start == tensor.size_bytes
        except BadInput:
            raise
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


def _torch_index(path: Path) -> dict[str, Tensor]:
    def made(entry: Stored) -> Tensor:
        return Tensor(entry.dtype, entry.shape, path, entry.start)

    return {name: made(entry) for name, entry in torch_zip(path).items()}


def nonfinite(folder: Path) -> tuple[str, ...]:
    """Names of the tensors that hold NaN or infinity; read in pieces."""
    return tuple(name for name, tensor in tensors(folder).items() if _has_nonfinite(tensor))


def _has_nonfinite(tensor: Tensor) -> bool:
    layout = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}.get(tensor.dtype)
    if layout is None:
        return False
    with open_plain(tensor.file) as file:
        file.seek(tensor.start)
        left = tensor.size_bytes
        # read, not mapped: a file that is cut meanwhile would end the process
        while left > 0 and (raw := file.read(min(left, CHUNK))):
            piece = np.frombuffer(raw, layout, len(raw) // WIDTHS[tensor.dtype])
            # bfloat16 has no numpy type: all exponent bits set means NaN or infinity
            bad = (piece & 0x7F80) == 0x7F80 if tensor.dtype == "BF16" else ~np.isfinite(piece)
            if bad.any():
                return True
            left -= len(raw)
    return False
