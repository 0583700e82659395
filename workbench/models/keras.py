"""Keras models in the catalogue: built in, trained here, or a file that is taken in as data."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from math import prod
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from workbench.core.anatomy import Anatomy
from workbench.core.deps import installed
from workbench.core.errors import BadInput
from workbench.core.records import content_hash
from workbench.graphs import folder as files
from workbench.graphs.anatomy import anatomy as anatomy_of
from workbench.graphs.graph import Graph
from workbench.models.card import Card
from workbench.models.files import read_json, shown
from workbench.models.fingerprint import sha256
from workbench.models.keras_file import (
    METADATA,
    SUFFIXES,
    TOKENIZER,
    beside,
    check_ids,
    described,
    look,
)
from workbench.models.limits import TRUST
from workbench.models.sizes import check_stored
from workbench.models.tokenizer import check_tokenizer
from workbench.models.weights import stored, tensors

FORMAT = "keras"
FILES = {
    *("artifact.json", "graph.json", "model.safetensors", "tokenizer.json", "card.json"),
}
TIMEOUT_S = 600  # to read a file in, beside what its process is allowed of the processor
VERSION = 1  # raised when files are read differently
BUILT_IN = {
    "keras-conv1d": ("Embedding + Conv1D (Keras)", "classification", "one convolution over words"),
    "keras-transformer": ("small transformer (Keras)", "classification", "one encoder block"),
    "keras-cnn": ("convolutional network (Keras)", "image", "for small pictures"),
}


def cards() -> tuple[Card, ...]:
    """The networks that can be trained here; they have no weights yet."""
    return tuple(
        Card(
            id=name,
            title=title,
            kinds=(kind,),
            languages=("en", "zh") if kind == "classification" else (),
            parameters=0,
            size_bytes=0,
            license="Apache-2.0",
            source="trained here from nothing, by TensorFlow",
            family=name,
            format=FORMAT,
            note=note,
        )
        for name, (title, kind, note) in BUILT_IN.items()
    )


def card_of(place: Path, **more: Any) -> Card:
    """The card of a network in an artifact folder; ``more`` are fields that it does not know."""
    told, graph, weights = described(place), _graph(place), tensors(place)
    return Card(
        kinds=("classification" if graph.reads_text else "image",),
        languages=(),
        parameters=sum(prod(tensor.shape) for tensor in weights.values()),
        size_bytes=sum(tensor.size_bytes for tensor in weights.values()),
        family=str(told["family"]),
        labels=tuple(told["labels"]),
        format=FORMAT,
        max_length=told["max_length"],
        **{"license": "not stated", **more},
    )


def is_keras(folder: Path) -> bool:
    """Whether a folder says that it holds a Keras network of ours."""
    path = folder / "artifact.json"
    with suppress(BadInput):
        return path.is_file() and read_json(path).get("format") == FORMAT
    return False


def file_in(place: Path) -> Path | None:
    """The one Keras file of a folder, the file itself, or a SavedModel's metadata; or None.

    Raises:
        BadInput: if a folder holds several.
    """
    if place.is_file():
        return place if place.suffix in SUFFIXES else None
    if (place / "config.json").is_file() or (place / "artifact.json").is_file():
        return None
    if (place / "saved_model.pb").is_file():
        if not (place / METADATA).is_file():
            told = f"{shown(place.name)} (a SavedModel without {METADATA})"
            raise BadInput(told, "one that tf_keras saved", "save the model as model.keras")
        return place / METADATA
    there = sorted(x for x in place.iterdir() if x.suffix in SUFFIXES and x.is_file())
    if len(there) > 1:
        told = f"{shown(place.name)} ({', '.join(shown(x.name) for x in there[:3])})"
        raise BadInput(told, "one Keras file", "give the path of the file")
    return there[0] if there else None


def taken_in(path: Path, home: Path) -> Path:
    """The artifact folder that a Keras file was read into, once for its content.

    Args:
        path: of the file.
        home: ``WORKBENCH_HOME``; the folder lies in its cache.

    Raises:
        BadInput: if the file is refused, or h5py is absent, which the ``tf`` extra brings.
    """
    others = beside(path)
    look(path, others)
    key = content_hash(VERSION, sha256(path), [[x.name, sha256(x)] for x in others])
    target = home / "cache" / "keras" / key
    if (target / "artifact.json").is_file():
        return target
    if not installed("h5py"):
        raise BadInput(shown(path.name), "the library h5py", "pip install 'llm-workbench[tf]'")
    target.parent.mkdir(parents=True, exist_ok=True)
    half = Path(mkdtemp(dir=target.parent, prefix=".half-"))
    try:
        _read_apart(path, half)
        with suppress(OSError):  # another process was first
            os.rename(half, target)
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return target


def _read_apart(path: Path, target: Path) -> None:
    """In a process that is shut in: HDF5's own library parses what a stranger wrote."""
    order = [sys.executable, "-P", "-m", "workbench.models.keras_reader", str(path), str(target)]
    try:
        ended = subprocess.run(order, capture_output=True, timeout=TIMEOUT_S, check=False)
        told = json.loads(ended.stdout)
    except (subprocess.TimeoutExpired, ValueError) as err:
        raise BadInput(shown(path.name), "a file that can be read in bounded time", TRUST) from err
    if "error" in told:
        raise BadInput(**told["error"])


def check(folder: Path) -> tuple[str, ...]:
    """See that a folder holds a whole network of ours and nothing else.

    Returns:
        Warnings: none.

    Raises:
        BadInput: with the file and the reason.
    """
    for path in folder.iterdir():
        if path.name not in FILES:
            raise BadInput(f"{shown(path.name)}", "the files of a Keras network only", "remove it")
    check_stored(stored(folder), shown(folder.name))
    told, graph = described(folder), _graph(folder)
    if len(told["labels"]) != graph.classes:
        raise BadInput("artifact.json", f"{graph.classes} labels", "make the model again")
    if graph.reads_text:
        check_tokenizer(folder)
        if not (folder / TOKENIZER).is_file() or told["max_length"] != graph.input_shape[0]:
            raise BadInput(
                TOKENIZER, "a tokenizer of the network's length", "make the model again"
            )
        check_ids(folder, graph)
    weights = tensors(folder)
    shapes = {name: tensor.shape for name, tensor in weights.items()}
    if shapes != dict(graph.weights) or any(t.dtype != "F32" for t in weights.values()):
        raise BadInput("model.safetensors", "weights that fit graph.json", "make the model again")
    return ()


def _graph(folder: Path) -> Graph:
    return Graph.from_json(read_json(folder / files.NAME))


def anatomy(folder: Path) -> Anatomy:
    """Its weights as parts, with the graph to plan cuts on."""
    return anatomy_of(_graph(folder), str(described(folder)["family"]))
