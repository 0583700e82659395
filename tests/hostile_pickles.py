"""Indices of torch zips that ask for nothing forbidden, yet would keep a reader busy for ever."""

from __future__ import annotations

from pathlib import Path

from hostile import Case, only, zipped

# a tuple of two of the one before, 40 times over: who hashes, shows or adds it up never ends
LAUGH = b"K\x01K\x01\x86q\x00" + b"h\x00\x86q\x00" * 40
HUGE = b"\x8a\xff" + b"\x7f" * 255 + b"\x85"  # a shape of one number of 255 bytes
LONG = b"(" + b"K\x01" * 1000 + b"t"
A = b"X\x01\0\0\0a"
CPU = b"X\x03\0\0\0cpuK\x04tQ"
FLOATS = b"(X\x07\0\0\0storagectorch\nFloatStorage\n"
OWN = b"(X\x07\0\0\0storage(X\x01\0\0\0ONt"  # a storage of a type that the index made up
TENSOR = b"ctorch._utils\n_rebuild_tensor_v2\n(" + FLOATS + b"X\x01\0\0\x000" + CPU + b"K\0"

KEYS = {
    "laughing key": LAUGH + b"K\x01s.",
    "laughing keys together": b"(" + LAUGH + b"K\x01u.",
    "key a number": b"K\x01K\x01s.",
    "key a list": b"]K\x01s.",
    "key a table": b"}K\x01s.",
    "key itself": b"q\0h\0K\x01s.",
}
VALUES = {
    "laughing value": LAUGH + b"s.",
    "laughing version": LAUGH + b"b.",
    "laughing name": LAUGH + LAUGH + b"\x93s.",
    "laughing reference": LAUGH + b"Qs.",
    "laughing storage": FLOATS + LAUGH + CPU + b"s.",
    "storage called by a number": FLOATS + b"K\0" + CPU + b"s.",
    "storage of a type of its own": OWN + b"X\x01\0\0\x000" + CPU + b"s.",
    "laughing shape": TENSOR + LAUGH + b")tRs.",
    "shape of a list": TENSOR + b"]]tRs.",
    "shape without stride": TENSOR + b"K\x02\x85)tRs.",
    "shape of huge numbers": TENSOR + HUGE * 2 + b"tRs.",
    "shape of a thousand": TENSOR + LONG * 2 + b"tRs.",
    "tensor of nothing": b"ctorch._utils\n_rebuild_tensor_v2\n)Rs.",
    "tensor of a number": b"ctorch._utils\n_rebuild_tensor_v2\nK\x01Rs.",
    "call of a table": b"})Rs.",
}


def cases(mark: Path):
    def index(name, content, said):
        entries = {"data.pkl": b"\x80\x02}" + content, "data/0": b"\0" * 16}
        return Case(name, lambda p: only(p, "pytorch_model.bin", zipped(entries)), said)

    return [
        *(index(name, content, "plain tensors") for name, content in KEYS.items()),
        *(index(name, A + content, "plain tensors") for name, content in VALUES.items()),
        index("operations without end", b"N" * 3_000_001, "at most 3,000,000 operations"),
    ]
