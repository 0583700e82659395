"""Model folders that mean harm, or are broken; each is a small change of a good one."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np

CONFIG = {
    "model_type": "bert",
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "vocab_size": 16,
    "max_position_embeddings": 16,
}


class Harm:
    """Its pickle makes a folder when it is loaded: the proof that something ran."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def safetensors(tensors=None, **entries) -> bytes:
    """A safetensors file; ``entries`` replace those of the header."""
    tensors = tensors or {"a": np.ones((4, 4), "<f4"), "layer.0.b": np.zeros(3, "<f4")}
    header, body = {}, b""
    for name, array in tensors.items():
        start = len(body)
        body += array.tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(array.shape),
            "data_offsets": [start, len(body)],
        }
    return framed(json.dumps(header | entries).encode(), body)


def framed(header: bytes, body: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header)) + header + body


def folder(place: Path, config=None, weights: bytes | None = None) -> Path:
    """A folder that is good but for what is given."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "config.json").write_text(json.dumps(CONFIG | (config or {})))
    (place / "model.safetensors").write_bytes(safetensors() if weights is None else weights)
    return place


def zipped(entries: dict[str, bytes], packed: bool = False) -> bytes:
    """A zip as torch writes it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if packed else 0) as archive:
        for name, content in entries.items():
            archive.writestr(f"archive/{name}", content)
    return file.getvalue()


def only(place: Path, name: str, content: bytes) -> Path:
    """A folder whose weights lie in another file."""
    without(place, "model.safetensors")
    return beside(place, name, content, place)


def beside(place: Path, name: str, content: bytes = b"", there: Path | None = None) -> Path:
    """A good folder, or the one that is there, with one more file."""
    ((there or folder(place)) / name).write_bytes(content)
    return place


def without(place: Path, name: str) -> Path:
    folder(place)
    (place / name).unlink()
    return place


def with_config(place: Path, text: str) -> Path:
    return beside(place, "config.json", text.encode())


def linked(place: Path, name: str, target: str) -> Path:
    folder(place)
    (place / name).unlink(missing_ok=True)
    (place / name).symlink_to(target)
    return place


def pipe(place: Path, name: str) -> Path:
    """A folder in which a file is a FIFO: who opens it waits for ever."""
    folder(place)
    (place / name).unlink(missing_ok=True)
    os.mkfifo(place / name)
    return place


def false_cache(place: Path) -> Path:
    """Laid out as the hub's cache, but its blobs are the machine's root."""
    inner = folder(place / "snapshots" / "main")
    (place / "blobs").symlink_to("/")
    (inner / "vocab.txt").symlink_to("/etc/passwd")
    return inner


def sharded(place: Path, names: dict[str, str]) -> Path:
    only(place, "one.safetensors", safetensors())
    index = json.dumps({"weight_map": names})
    (place / "model.safetensors.index.json").write_text(index)
    return place


def cases(mark: Path):
    """(name, builder, words of the refusal); ``mark`` appears if a pickle was run."""
    harm = pickle.dumps(Harm(mark))
    harm2 = pickle.dumps({"a": Harm(mark)}, protocol=2)
    good = safetensors()
    entry = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}
    far = b"\x80\x02}r\xff\xff\xff\x7f."  # a memo place that would take 16 GB
    return [
        ("no weights", lambda p: without(p, "model.safetensors"), "model.safetensors"),
        ("no config", lambda p: without(p, "config.json"), "config.json"),
        ("empty weights", lambda p: folder(p, weights=b""), "safetensors"),
        ("truncated", lambda p: folder(p, weights=good[:-5]), "as its header says"),
        ("appended", lambda p: folder(p, weights=good + b"more"), "as its header says"),
        ("cut header", lambda p: folder(p, weights=good[:20]), "whole safetensors"),
        ("header of terabytes", lambda p: folder(p, weights=b"\xff" * 7 + b"\0"), "whole"),
        ("header no json", lambda p: folder(p, weights=framed(b"{{{{")), "in JSON"),
        ("header a list", lambda p: folder(p, weights=framed(b"[]")), "an object"),
        ("header deep", lambda p: folder(p, weights=framed(b"[" * 10**6)), "in JSON"),
        ("no tensors", lambda p: folder(p, weights=framed(b"{}")), "1 to"),
        ("overlap", lambda p: folder(p, weights=safetensors(c=entry)), "overlap"),
        (
            "gap",
            lambda p: folder(
                p,
                weights=framed(
                    json.dumps({"a": entry | {"data_offsets": [8, 24]}}).encode(), b"x" * 24
                ),
            ),
            "one behind the other",
        ),
        (
            "tensor of terabytes",
            lambda p: folder(p, weights=safetensors(a=entry | {"shape": [2**40]})),
            "offsets that fit",
        ),
        (
            "negative",
            lambda p: folder(p, weights=safetensors(a=entry | {"shape": [-4, -1]})),
            "fit",
        ),
        (
            "infinite",
            lambda p: folder(p, weights=safetensors(a=entry | {"shape": [float("inf")]})),
            "fit",
        ),
        (
            "unknown type",
            lambda p: folder(p, weights=safetensors(a=entry | {"dtype": "O"})),
            "type",
        ),
        ("type a list", lambda p: folder(p, weights=safetensors(a=entry | {"dtype": []})), "type"),
        ("entry no object", lambda p: folder(p, weights=safetensors(a=7)), "type, shape"),
        (
            "many dimensions",
            lambda p: folder(p, weights=safetensors(a=entry | {"shape": [1] * 99})),
            "fit",
        ),
        ("pickle renamed", lambda p: folder(p, weights=harm), "not a pickle"),
        ("zip renamed", lambda p: folder(p, weights=zipped({"data.pkl": harm})), "not a pickle"),
        ("pickle weights", lambda p: only(p, "pytorch_model.bin", harm), "torch zip"),
        (
            "zip of harm",
            lambda p: only(p, "pytorch_model.bin", zipped({"data.pkl": harm})),
            "STACK|pickle|asks",
        ),
        (
            "old zip of harm",
            lambda p: only(p, "pytorch_model.bin", zipped({"data.pkl": harm2})),
            "asks for|mkdir",
        ),
        (
            "zip bomb",
            lambda p: only(p, "pytorch_model.bin", zipped({"data.pkl": b"0" * 10**7}, True)),
            "packed",
        ),
        (
            "memo bomb",
            lambda p: only(p, "pytorch_model.bin", zipped({"data.pkl": far})),
            "pickle operation",
        ),
        (
            "zip cut",
            lambda p: only(p, "pytorch_model.bin", zipped({"data.pkl": harm})[:-9]),
            "torch zip",
        ),
        *(
            (f"weights as {end}", lambda p, e=end: only(p, f"model{e}", harm), "model.safetensors")
            for end in (".pkl", ".joblib", ".npy", ".pt", ".ckpt", ".pth")
        ),
        *(
            (f"pickle beside, {end}", lambda p, e=end: beside(p, f"head{e}", harm), "can run code")
            for end in (".pkl", ".joblib", ".npy", ".pt", ".ckpt", ".PKL", ".bin")
        ),
        ("auto_map", lambda p: folder(p, {"auto_map": {"AutoModel": "m.M"}}), "remote code"),
        (
            "auto_map elsewhere",
            lambda p: folder(p, {"auto_map": {"AutoModel": "x/y--m.M"}}),
            "remote code",
        ),
        (
            "inner auto_map",
            lambda p: folder(p, {"text_config": {"auto_map": {"A": "m.M"}}}),
            "remote code",
        ),
        ("trust", lambda p: folder(p, {"trust_remote_code": True}), "remote code"),
        ("pipeline", lambda p: folder(p, {"custom_pipelines": {"a": {}}}), "remote code"),
        (
            "tokenizer auto_map",
            lambda p: beside(
                p, "tokenizer_config.json", b'{"auto_map": {"AutoTokenizer": ["t.T", null]}}'
            ),
            "remote code",
        ),
        (
            "tokenizer class",
            lambda p: beside(p, "tokenizer_config.json", b'{"tokenizer_class": "evil.mod.Tok"}'),
            "tokenizer_class",
        ),
        (
            "kernel of others",
            lambda p: folder(p, {"attn_implementation": "x/kernel"}),
            "kernel of others",
        ),
        (
            "weights elsewhere",
            lambda p: folder(p, {"transformers_weights": "o.safetensors"}),
            "transformers_weights",
        ),
        ("unknown family", lambda p: folder(p, {"model_type": "evil"}), "model_type"),
        ("family a list", lambda p: folder(p, {"model_type": ["bert"]}), "model_type"),
        ("no family", lambda p: folder(p, {"model_type": None}), "model_type"),
        ("huge vocabulary", lambda p: folder(p, {"vocab_size": 10**11}), "describes"),
        ("huge positions", lambda p: folder(p, {"max_position_embeddings": 10**10}), "describes"),
        ("many layers", lambda p: folder(p, {"num_hidden_layers": 10**9}), "describes"),
        ("many labels", lambda p: folder(p, {"num_labels": 10**9}), "num_labels"),
        ("many kinds", lambda p: folder(p, {"type_vocab_size": 10**9}), "type_vocab_size"),
        ("no heads", lambda p: folder(p, {"num_attention_heads": 0}), "num_attention_heads"),
        ("hidden a word", lambda p: folder(p, {"hidden_size": "8"}), "hidden_size"),
        ("config a list", lambda p: with_config(p, "[]"), "JSON object"),
        ("config no json", lambda p: with_config(p, "{"), "readable JSON"),
        ("config deep", lambda p: with_config(p, '{"a":' * 10**5), "readable JSON"),
        ("config nested", lambda p: with_config(p, '{"a":' * 80 + "1" + "}" * 80), "nesting"),
        ("config large", lambda p: with_config(p, " " * (21 * 2**20)), "at most"),
        (
            "adapter",
            lambda p: beside(p, "adapter_config.json", b'{"base_model_name_or_path": "http://x"}'),
            "adapter",
        ),
        ("link out", lambda p: linked(p, "vocab.txt", "/etc/passwd"), "link out"),
        (
            "weights linked out",
            lambda p: linked(p, "model.safetensors", "/etc/passwd"),
            "link out",
        ),
        ("link up", lambda p: linked(p, "vocab.txt", "../../.."), "link out"),
        ("link to nothing", lambda p: linked(p, "vocab.txt", "absent"), "that is there"),
        ("link in a circle", lambda p: linked(p, "vocab.txt", "vocab.txt"), "that is there"),
        ("device", lambda p: linked(p, "tokenizer.json", "/dev/zero"), "link out"),
        ("pipe", lambda p: pipe(p, "tokenizer.json"), "plain files"),
        ("pipe as config", lambda p: pipe(p, "config.json"), "plain files"),
        ("false cache", false_cache, "link out"),
        ("index up", lambda p: sharded(p, {"a": "../one.safetensors"}), "files of the folder"),
        ("index absent", lambda p: sharded(p, {"a": "two.safetensors"}), "a file that is there"),
        ("index of more", lambda p: sharded(p, {"b": "one.safetensors"}), "the index names"),
        ("layers missing", lambda p: folder(p, {"num_hidden_layers": 2}), "weights of 1 layers"),
        ("index empty", lambda p: sharded(p, {}), "weight_map"),
        ("index of lists", lambda p: sharded(p, {"a": ["one"]}), "weight_map"),
        ("artifact without labels", lambda p: beside(p, "artifact.json", b"{}"), "labels"),
        (
            "artifact with odd cuts",
            lambda p: beside(p, "artifact.json", b'{"labels": ["a"], "kept": {"layers": [0]}}'),
            "kept layers",
        ),
    ]
