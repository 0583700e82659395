"""Weight files that lie: about their size, their kind, their offsets, or what a pickle asks."""

from __future__ import annotations

import json
import pickle
import struct
from pathlib import Path

import numpy as np
from hostile import (
    GOOD,
    Case,
    Harm,
    baseline,
    beside,
    folder,
    framed,
    hole,
    only,
    safetensors,
    sharded,
    without,
    zipped,
)

ENTRY = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}


def headers(mark: Path):
    good = safetensors()
    huge = {"a": ENTRY | {"shape": [2**38], "data_offsets": [0, 2**40]}}

    def spoilt(name, said, **entries):
        return Case(name, lambda p: folder(p, weights=safetensors(**entries)), said)

    def header(name, content, said):
        return Case(name, lambda p: folder(p, weights=framed(content)), said)

    gap = json.dumps({"a": ENTRY | {"data_offsets": [8, 24]}}).encode()
    twice = b'{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a":' + b"{}}"
    return [
        Case("no weights", lambda p: without(p, "model.safetensors"), "model.safetensors"),
        Case("empty weights", lambda p: folder(p, weights=b""), "safetensors"),
        Case("truncated", lambda p: folder(p, weights=good[:-5]), "as its header says"),
        Case("appended", lambda p: folder(p, weights=good + b"more"), "as its header says"),
        Case("cut header", lambda p: folder(p, weights=good[:20]), "whole safetensors"),
        Case("header of terabytes", lambda p: folder(p, weights=b"\xff" * 7 + b"\0"), "whole"),
        header("header no json", b"{{{{", "readable JSON"),
        header("header a list", b"[]", "an object"),
        header("header deep", b"[" * 10**6, "readable JSON"),
        header("header of many lists", b"[" + b"[]," * 4 * 10**6 + b"0]", "values"),
        header("header with a key twice", twice, "there twice"),
        header("header with NaN", b'{"a": NaN}', "readable JSON"),
        header("header not UTF-8", b'{"\xff": 1}', "readable JSON"),
        header("no tensors", b"{}", "weights"),
        Case("gap", lambda p: folder(p, weights=framed(gap, b"x" * 24)), "one behind the other"),
        Case("tensor of a terabyte", lambda p: sparse(p, huge, 2**40), "at most"),
        Case("baseline of terabytes", lambda p: baseline(p, 200_000), "at most 68,719,476,736"),
        spoilt("overlap", "overlap", c=ENTRY),
        spoilt("shape of terabytes", "fit", a=ENTRY | {"shape": [2**40]}),
        spoilt("negative shape", "fit", a=ENTRY | {"shape": [-4, -1]}),
        spoilt("negative offset", "fit", a=ENTRY | {"data_offsets": [-16, 0]}),
        spoilt("shape that wraps around", "fit", a=ENTRY | {"shape": [2**62, 8]}),
        spoilt("shape of words", "fit", a=ENTRY | {"shape": ["4"]}),
        spoilt("shape a fraction", "fit", a=ENTRY | {"shape": [4.0]}),
        spoilt("unknown type", "type", a=ENTRY | {"dtype": "O"}),
        spoilt("type a list", "type", a=ENTRY | {"dtype": []}),
        spoilt("entry no object", "type, shape", a=7),
        spoilt("many dimensions", "dimensions", a=ENTRY | {"shape": [1] * 99}),
        Case("many tensors", lambda p: folder(p, weights=many()), "at most 50,000 tensors"),
    ]


def sparse(place: Path, header, size: int) -> Path:
    """A file as large as it says, made of a hole."""
    content = framed(json.dumps(header).encode())
    folder(place, weights=content)
    hole(place / "model.safetensors", len(content) + size)
    return place


def many() -> bytes:
    empty = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    return framed(json.dumps({f"t{i}": empty for i in range(60_000)}).encode())


def pickles(mark: Path):
    harm = pickle.dumps(Harm(mark))
    old = pickle.dumps({"a": Harm(mark)}, protocol=2)
    text = pickle.dumps(Harm(mark), protocol=0)

    def packed(name, entries, said, **more):
        return Case(name, lambda p: only(p, "pytorch_model.bin", zipped(entries, **more)), said)

    def index(name, content, said):
        return packed(name, {"data.pkl": content}, said)

    ends = (".pkl", ".joblib", ".npy", ".pt", ".ckpt", ".pth", ".h5", ".msgpack", ".gguf", ".onnx")
    return [
        Case("pickle renamed", lambda p: folder(p, weights=harm), "not a pickle"),
        Case("old pickle renamed", lambda p: folder(p, weights=text), "safetensors"),
        Case("zip renamed", lambda p: folder(p, weights=zipped({"data.pkl": harm})), "not a pick"),
        Case("pickle weights", lambda p: only(p, "pytorch_model.bin", harm), "torch zip"),
        index("zip of harm", harm, "STACK|pickle|asks"),
        index("old zip of harm", old, "asks for|mkdir"),
        index("zip with an old pickle", text, "asks for"),
        index("zip with a list of old", b"(lp0\n.", "pickle operation"),
        packed("zip bomb", {"data.pkl": b"0" * 10**7}, "packed", packed=True),
        packed("two indices", {"data.pkl": old, "DATA.PKL": harm}, "twice"),
        packed("code in the zip", {"data.pkl": b"\x80\x02}.", "code/m.py": b"1/0"}, "weights"),
        index("memo bomb", b"\x80\x02}r\xff\xff\xff\x7f.", "pickle operation"),
        index("frame bomb", b"\x80\x04\x95" + b"\xff" * 7 + b"\x7f.", "torch zip"),
        index(
            "builds bytes",
            b"\x80\x04c__builtin__\nbytearray\n\x8a\x06" + b"\xff" * 5 + b"\0\x85R.",
            "asks for",
        ),
        index("eval", b"\x80\x02cbuiltins\neval\nX\x03\0\0\x001/0\x85R.", "asks for"),
        index("getattr", b"\x80\x02cbuiltins\ngetattr\n.", "asks for"),
        index("torch.load in torch", b"\x80\x02ctorch\nload\n.", "asks for"),
        index("table of numbers", b"\x80\x02}X\x01\0\0\0aK\x01s.", "plain tensors"),
        Case(
            "zip cut",
            lambda p: only(p, "pytorch_model.bin", zipped({"data.pkl": harm})[:-9]),
            "torch zip",
        ),
        *(
            Case(f"weights as {end}", lambda p, e=end: only(p, f"model{e}", harm), "model.safet")
            for end in ends
        ),
        Case("tensor beyond its storage", beyond, "no more than its storage"),
        Case("storage beyond the zip", overstated, "as many bytes"),
    ]


def tensor_index(elements: int, shape: str, stride: str) -> bytes:
    """What torch.save writes for one tensor "a", by hand."""
    storage = b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpu"
    number = b"\x8a\x08" + struct.pack("<q", elements)
    rebuilt = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + number + b"tQK\0"
    sizes = b"".join(
        b"(" + b"".join(b"\x8a\x08" + struct.pack("<q", int(x)) for x in told.split()) + b"t"
        for told in (shape, stride)
    )
    hooks = b"\x89ccollections\nOrderedDict\n)Rt"
    return b"\x80\x02}X\x01\0\0\0a" + rebuilt + sizes + hooks + b"Rs."


def beyond(place: Path) -> Path:
    index = tensor_index(4, "1000000 1000000", "0 0")
    return only(place, "pytorch_model.bin", zipped({"data.pkl": index, "data/0": b"\0" * 16}))


def overstated(place: Path) -> Path:
    index = tensor_index(2**50, "4", "1")
    return only(place, "pytorch_model.bin", zipped({"data.pkl": index, "data/0": b"\0" * 16}))


def indices(mark: Path):
    names = {name: "one.safetensors" for name in GOOD}
    odd = ("../one.safetensors", "/etc/passwd", "a/b.safetensors", ".one.safetensors", "x\0y")
    return [
        *(
            Case(f"index names {n}", lambda p, x=name: sharded(p, {"a": x}), "files of the folder")
            for n, name in enumerate((*odd, "<img src=x>.safetensors", "one.pkl", "C:\\x"))
        ),
        Case("index absent", lambda p: sharded(p, {"a": "two.safetensors"}), "that is there"),
        Case("index of more", lambda p: sharded(p, {"b": "one.safetensors"}), "the index names"),
        Case("index empty", lambda p: sharded(p, {}), "weight_map"),
        Case("index of lists", lambda p: sharded(p, {"a": ["one"]}), "weight_map"),
        Case("index good", lambda p: sharded(p, names), "", 0),
    ]


def numbers(mark: Path):
    def odd(value):
        spoilt = GOOD | {"embeddings.LayerNorm.bias": np.full(8, value, "<f4")}
        return lambda p: folder(p, weights=safetensors(spoilt))

    lost = {name: tensor for name, tensor in GOOD.items() if "query" not in name}
    wide = GOOD | {"embeddings.word_embeddings.weight": np.ones((16, 9), "<f4")}
    return [
        Case("NaN weights", odd(np.nan), "NaN or infinity", 0),
        Case("infinite weights", odd(-np.inf), "NaN or infinity", 0),
        Case("weights missing", lambda p: folder(p, weights=safetensors(lost)), "every weight"),
        Case("weights of another shape", lambda p: folder(p, weights=safetensors(wide)), "fit"),
        Case(
            "pickle beside good weights",
            lambda p: beside(p, "pytorch_model.bin", b"x"),
            "unopened",
            0,
        ),
    ]


def cases(mark: Path):
    return [c for made in (headers, pickles, indices, numbers) for c in made(mark)]
