"""Arrays of a TensorFlow checkpoint, read as bytes: its index is a sorted table of messages.

Source:
    https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/tensor_bundle.proto
    and https://github.com/google/leveldb/blob/main/doc/table_format.md
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

from workbench.core.errors import BadInput

MAGIC = (0xDB4775248B80FB57).to_bytes(8, "little")
FOOTER = 48  # bytes
INDEX_BYTES = 16 * 2**20
ENTRIES, SHARDS = 50_000, 1_000
KEY_BYTES, VALUE_BYTES = 1_000, 10_000  # of one entry: a name, and a place
HIGHEST, FIELDS = 1_000, 200_000  # number of a field, and how many in one message
TRAILER = 5  # bytes behind a block: whether it is packed, and a sum
FLOAT = 1  # the number of float32 among TensorFlow's types
AGAIN = "save the model again"
Fields = dict[int, list[int | bytes]]


@dataclass(frozen=True)
class Entry:
    """Where an array lies: type, shape, shard, and its bytes there."""

    dtype: int
    shape: tuple[int, ...]
    shard: int
    start: int
    size: int


class Bundle:
    """A checkpoint's index; arrays are read one by one.

    Args:
        prefix: path of the checkpoint, without ``.index``.

    Raises:
        BadInput: if it cannot be read, or an array does not lie where it should.
    """

    def __init__(self, prefix: Path) -> None:
        self._prefix = prefix
        path = prefix.with_name(f"{prefix.name}.index")
        size = path.stat().st_size if path.is_file() else 0
        if not FOOTER <= size <= INDEX_BYTES:
            raise BadInput(path.name, f"an index of at most {INDEX_BYTES:,} bytes", AGAIN)
        try:
            entries = dict(_table(path.read_bytes()))
            header = fields(entries.pop(b""))
            self._shards = _number(header, 1, 1)
            self._entries = {key.decode(): _entry(value) for key, value in entries.items()}
        except (ValueError, IndexError, KeyError, TypeError, OverflowError) as err:
            raise BadInput(path.name, "an index that can be read", AGAIN) from err
        if not 0 < self._shards <= SHARDS:
            raise BadInput(path.name, f"at most {SHARDS:,} parts", AGAIN)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def read(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """An array, float32, which must have this shape."""
        entry = self._entries[name]
        whole = entry.dtype == FLOAT and entry.shape == shape and entry.size == 4 * prod(shape)
        shard = f"{self._prefix.name}.data-{entry.shard:05d}-of-{self._shards:05d}"
        path = self._prefix.with_name(shard)
        if not whole or not path.is_file() or entry.start + entry.size > path.stat().st_size:
            raise BadInput(f"{name:.80}", f"numbers of the shape {shape}", AGAIN)
        with path.open("rb") as file:
            file.seek(entry.start)
            return np.frombuffer(file.read(entry.size), "<f4").reshape(shape)


def fields(message: bytes) -> Fields:
    """The fields of a protocol buffer by number.

    Raises:
        ValueError: if it is none.

    Source:
        https://protobuf.dev/programming-guides/encoding/
    """
    found: Fields = {}
    place = count = 0
    while place < len(message):
        key, place = _varint(message, place)
        number, kind, count = key >> 3, key & 7, count + 1
        if number > HIGHEST or count > FIELDS:
            raise ValueError("too many fields")
        value: int | bytes
        if kind == 0:
            value, place = _varint(message, place)
        else:
            length = {1: 8, 5: 4}.get(kind, -1)
            if kind == 2:
                length, place = _varint(message, place)
            if length < 0 or place + length > len(message):
                raise ValueError("no message")
            value, place = message[place : place + length], place + length
        found.setdefault(number, []).append(value)
    return found


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
    raise ValueError("a number without an end")


def _table(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    if data[-8:] != MAGIC:
        raise ValueError("no table")
    place = len(data) - FOOTER
    for _ in range(2):  # the place of the meta index, then that of the index
        start, place = _varint(data, place)
        size, place = _varint(data, place)
    count = edge = 0
    for _, handle in _block(data, start, size):
        begin, after = _varint(handle, 0)
        length, _ = _varint(handle, after)
        if begin < edge:
            raise ValueError("blocks that overlap")
        edge = begin + length + TRAILER
        for entry in _block(data, begin, length):
            count += 1
            if count > ENTRIES:
                raise ValueError("too many entries")
            yield entry


def _block(data: bytes, start: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    if start + size + TRAILER > len(data) or data[start + size] != 0:
        raise ValueError("a block that is cut or packed")
    block = data[start : start + size]
    end = size - 4 - 4 * int.from_bytes(block[-4:], "little")
    key, place = b"", 0
    while place < end:
        shared, place = _varint(block, place)
        fresh, place = _varint(block, place)
        length, place = _varint(block, place)
        long = shared + fresh > KEY_BYTES or length > VALUE_BYTES
        if long or shared > len(key) or place + fresh + length > end:
            raise ValueError("an entry that is cut")
        key = key[:shared] + block[place : place + fresh]
        place += fresh
        yield key, block[place : place + length]
        place += length


def _entry(message: bytes) -> Entry:
    told = fields(message)
    shape = fields(_bytes(told, 2))
    sizes = tuple(_number(fields(_whole(size)), 1, 0) for size in shape.get(2, []))
    return Entry(*(_number(told, 1, 0), sizes), *(_number(told, at, 0) for at in (3, 4, 5)))


def _number(told: Fields, at: int, default: int) -> int:
    value = told.get(at, [default])[-1]
    if not isinstance(value, int):
        raise ValueError("bytes for a number")
    return value


def _bytes(told: Fields, at: int) -> bytes:
    return _whole(told.get(at, [b""])[-1])


def _whole(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("a number for bytes")
    return value
