"""Folders with files beside the model that are not what they are called, or only look odd."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import tarfile
import zlib
from pathlib import Path

import numpy as np
from hostile import Case, Harm, below, beside, folder, hole, safetensors, zipped
from hostile_texts import onnx

NAMES = (
    *("extra.safetensors", "notes.txt", "weights.json", "merges.txt", "README.md", "LICENSE"),
    *("special_tokens_map.json", "chat_template.jinja", "notes", "head.safetensors.bak"),
)
BOMB = gzip.compress(bytes(10**7))
# what a text can begin with, and a pickle as well
CARDS = {
    "a card": b"VThis is the card of a model.\n0VIt was trained on orders.\n0",
    "a long line": b"V" + b"order " * 20_000 + b"\n0",
    "a long text": b"X\0\0\2\0" + b"order " * 21_846 + b"0",
    "a number": b"I0x10\n0",
    "an odd list": b"(lp0\nI1\naI0\nI2\ns0",
}
CALL = b"cos\nmkdir\n(S%s\ntR."


def disguises(mark: Path):
    pickles = {protocol: pickle.dumps(Harm(mark), protocol) for protocol in (0, 1, 2, 4)}
    call = CALL % repr(str(mark)).encode()
    made = b"(S%s\nios\nmkdir\n." % repr(str(mark)).encode()
    bare = pickle.dumps(Harm(mark), 4)[2:]  # without the mark of its protocol
    return [
        *(
            Case(
                f"pickle {protocol} named {name}",
                lambda p, n=name, c=content: beside(p, n, c),
                "run code|JSON|safetensors|template",
            )
            for protocol, content in pickles.items()
            for name in NAMES
        ),
        *(
            Case(f"pickle behind {what}", lambda p, c=c + call: beside(p, "notes.txt", c), "run")
            for what, c in CARDS.items()
        ),
        Case("pickle without a mark", lambda p: beside(p, "notes.txt", bare), "run code"),
        Case("pickle of one call", lambda p: beside(p, "notes.txt", made), "run code"),
        Case("numbers in text", lambda p: beside(p, "notes", pickle.dumps([1], 0)), "run code"),
    ]


def tarred(harm: bytes, how: str = "") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=f"w{how}") as archive:
        entry = tarfile.TarInfo("head.pkl")
        entry.size = len(harm)
        archive.addfile(entry, io.BytesIO(harm))
    return file.getvalue()


PACK = {
    "gz": gzip.compress,
    "xz": lzma.compress,
    "lzma": lambda harm: lzma.compress(harm, lzma.FORMAT_ALONE),
    "bz2": bz2.compress,
    "z": zlib.compress,
    "zst": lambda harm: b"\x28\xb5\x2f\xfd\x20" + harm,
    "lz4": lambda harm: b"\x04\x22\x4d\x18\x64\x40" + harm,
    "zip": lambda harm: zipped({"data.pkl": harm}),
    "tar": tarred,
    "tgz": lambda harm: tarred(harm, ":gz"),
    "7z": lambda harm: b"7z\xbc\xaf\x27\x1c\0\4" + harm,
}


def archives(mark: Path):
    harm = pickle.dumps(Harm(mark))
    return [
        *(
            Case(f"packed .{e}", lambda p, e=e, f=f: beside(p, f"head.{e}", f(harm)), "run code")
            for e, f in PACK.items()
        ),
        *(
            Case(f"text that is {e}", lambda p, f=f: beside(p, "notes.txt", f(harm)), "run code")
            for e, f in PACK.items()
        ),
        Case("gz of nothing", lambda p: beside(p, "head.gz", b""), "run code"),
        Case("gz bomb", lambda p: beside(p, "model.safetensors.gz", BOMB), "run code"),
        Case("gz bomb without a name", lambda p: beside(p, "head", BOMB), "run code"),
        Case("old joblib", lambda p: beside(p, "head.model", b"ZF0x1f" + b" " * 15), "run code"),
    ]


def companions(mark: Path):
    """Weights beside the weights, and what a clone or a checkpoint brings along."""
    harm, tiny = pickle.dumps(Harm(mark)), safetensors({"a": np.ones(4, "<f4")})
    lfs = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 10\n"
    # lengths of headers that begin as a pickle, gzip, zlib and a long text do
    like = {f"{x[0]:x}": x for x in (b"\x80\2", b"\x1f\x8b", b"\x78\1", b"V\3")}

    def more(name, content, said="header", code=2):
        return Case(name, lambda p: beside(p, "more.safetensors", content), said, code)

    return [
        more("more weights of nothing", b""),
        more("more weights elsewhere", lfs),
        more("more weights of a list", b"\2\0\0\0\0\0\0\0[]"),
        more("more weights, cut", safetensors()[:200]),
        more("more weights, good", tiny, "", 0),
        *(more(f"more weights {x}", headed(start), "", 0) for x, start in like.items()),
        Case("clone", lambda p: cloned(p, harm), r"(^|: )\.git was left unopened$", 0),
        Case("checkpoint in parts", lambda p: parted(p, zipped({"data.pkl": harm})), "unopen", 0),
        Case("part without its checkpoint", lambda p: beside(p, "x.distcp", b""), "run code"),
    ]


def headed(start: bytes) -> bytes:
    """A good file whose header is as long as these first bytes say, padded with spaces."""
    content = safetensors({"a": np.ones(40_000, "<f4")})
    length, header = int.from_bytes(start, "little"), content[8:].partition(b"}}")[0] + b"}}"
    body = content[8 + len(header) :]
    return length.to_bytes(8, "little") + header.ljust(length) + body


def cloned(place: Path, harm: bytes) -> Path:
    below(place, ".git/objects/ab/cdef", zlib.compress(b"blob 1\0x" * 20))
    (place / ".git" / "lfs").mkdir()
    (place / ".git" / "lfs" / "1234").write_bytes(harm)
    return place


def parted(place: Path, part: bytes) -> Path:
    below(place, "pytorch_model_fsdp_0/__0_0.distcp", part)
    (place / "pytorch_model_fsdp_0" / ".metadata").write_bytes(part)
    return place


def graphs(mark: Path):
    def graph(name, content, said, code=2, size=0):
        def build(place):
            beside(place, "model.onnx", content)
            if size:
                hole(place / "model.onnx", size)
            return place

        return Case(name, build, said, code)

    chunk = 1 << 24
    return [
        graph(
            "graph of a terabyte", b"\x08\x08", "at most 2,147,483,648 bytes of graph", 2, 2**40
        ),
        graph("graph beyond protobuf", b"\x08", "bytes of graph", 2, 2**31 + 1),
        graph("graph with a long hole", onnx("data"), "unopened", 0, 2**28),
        *(
            graph(f"graph across a piece, {cut}", b"\0" * (chunk - cut) + onnx("../x"), "files of")
            for cut in (8, 15, 20, 25, 31)
        ),
        graph("graph with a long name", named("a" * 300 + "/../../x"), "files of the folder"),
        graph("graph with a name too long", named("a" * 5000), "files of the folder"),
        graph("graph with a good long name", named("a" * 200), "unopened", 0),
        Case("many graphs", many_graphs, "at most 68,719,476,736 bytes of weights"),
    ]


def named(location: str) -> bytes:
    """The entry of an ONNX file for a name of 128 characters or more."""
    length = bytes((len(location) & 0x7F | 0x80, len(location) >> 7))
    return b"\n\x08location\x12" + length + location.encode()


def many_graphs(place: Path) -> Path:
    folder(place)
    for number in range(40):
        hole(place / f"{number}.onnx", 2**31)
    return place


def cases(mark: Path):
    return [c for made in (disguises, archives, companions, graphs) for c in made(mark)]
