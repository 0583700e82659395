"""What hostile folders are made of: a good one that loads, and ways to spoil it."""

from __future__ import annotations

import io
import json
import math
import os
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
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
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "where", "is", "my", "order", "?", "refund")
TOKENIZER = {
    "version": "1.0",
    "truncation": None,
    "padding": None,
    "added_tokens": [],
    "normalizer": {"type": "Lowercase"},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": None,
    "decoder": None,
    "model": {
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
        "vocab": {word: number for number, word in enumerate(WORDS)},
    },
}
LAYER = "encoder.layer.0"
SHAPES = {  # of the tensors of a BERT with one layer
    "embeddings.word_embeddings.weight": (16, 8),
    "embeddings.position_embeddings.weight": (16, 8),
    "embeddings.token_type_embeddings.weight": (2, 8),
    **{f"{LAYER}.attention.self.{x}.weight": (8, 8) for x in ("query", "key", "value")},
    **{f"{LAYER}.attention.self.{x}.bias": (8,) for x in ("query", "key", "value")},
    f"{LAYER}.attention.output.dense.weight": (8, 8),
    f"{LAYER}.attention.output.dense.bias": (8,),
    f"{LAYER}.intermediate.dense.weight": (16, 8),
    f"{LAYER}.intermediate.dense.bias": (16,),
    f"{LAYER}.output.dense.weight": (8, 16),
    f"{LAYER}.output.dense.bias": (8,),
    **{
        f"{norm}.LayerNorm.{x}": (8,)
        for norm in ("embeddings", f"{LAYER}.attention.output", f"{LAYER}.output")
        for x in ("weight", "bias")
    },
}
GOOD = {name: np.full(shape, 0.5, "<f4") for name, shape in SHAPES.items()}


@dataclass(frozen=True)
class Case:
    """A folder and what ``workbench inspect --load`` must answer.

    Args:
        name: of the case.
        build: makes the folder at a path and returns where the model lies.
        says: a pattern that its sentence (or, with exit 0, its warnings) must match.
        code: how the command exits.
    """

    name: str
    build: Callable[[Path], Path]
    says: str
    code: int = 2


class Harm:
    """Its pickle makes a folder when it is loaded: the proof that something ran."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def safetensors(tensors=None, **entries) -> bytes:
    """A safetensors file; ``entries`` replace those of the header."""
    tensors = tensors or GOOD
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
    (place / "tokenizer.json").write_text(json.dumps(TOKENIZER))
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


def below(place: Path, name: str, content: bytes) -> Path:
    """A good folder with one more file, further down."""
    folder(place)
    (place / name).parent.mkdir(parents=True, exist_ok=True)
    (place / name).write_bytes(content)
    return place


def text_beside(place: Path, name: str, data) -> Path:
    """The same with a JSON file."""
    return beside(place, name, json.dumps(data).encode())


def tokenizer(place: Path, **entries) -> Path:
    """A folder whose ``tokenizer.json`` has other entries."""
    return text_beside(place, "tokenizer.json", TOKENIZER | entries)


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


def hole(path: Path, size: int) -> None:
    """Make a file longer by a hole: it takes no room, yet is read as zeros."""
    with path.open("ab") as file:
        file.truncate(size)


def baseline(place: Path, count: int) -> Path:
    """A plain baseline of so many labels and terms, its weights a hole."""
    place.mkdir(parents=True)
    words = [str(number) for number in range(count)]
    about = {"schema": 1, "format": "sklearn", "family": "tfidf", "labels": words}
    (place / "artifact.json").write_text(json.dumps(about))
    (place / "vocabulary.json").write_text(json.dumps({"word": words, "char": []}))
    header, size = {}, 0
    for name, shape in {"bias": [count], "word.idf": [count], "weight": [count, count]}.items():
        start, size = size, size + 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, size]}
    content = framed(json.dumps(header).encode())
    (place / "model.safetensors").write_bytes(content)
    hole(place / "model.safetensors", len(content) + size)
    return place


def vocabulary(place: Path) -> Path:
    """A folder of the old kind: no tokenizer.json but the words it is made from."""
    without(place, "tokenizer.json")
    words = "\n".join(TOKENIZER["model"]["vocab"]) + "\n[MASK]\n"
    return beside(place, "vocab.txt", words.encode(), place)
