"""Keras models in files that nobody vouches for, read as data: ``.keras``, ``.h5``, SavedModel.

Keras itself is never asked to load one: it would build whatever the file names, and a Lambda
layer is code. Nothing is unpacked to disk.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workbench.core.errors import BadInput
from workbench.graphs import folder as files
from workbench.graphs import words
from workbench.graphs.graph import Graph
from workbench.models.files import parse_json, read_json, read_small, shown
from workbench.models.keras_forms import AGAIN, archive, saved_model, single
from workbench.models.limits import TEXT_BYTES, TRUST
from workbench.models.sizes import check_stored
from workbench.models.tokenizer import check_tokenizer
from workbench.models.tree import blobs

SUFFIXES = (".keras", ".h5", ".hdf5")
METADATA = "keras_metadata.pb"  # of a SavedModel folder
VARIABLES = re.compile(r"variables\.(index|data-\d{5}-of-\d{5})", re.ASCII)
LABELS, TOKENIZER = "labels.json", "tokenizer.json"


@dataclass(frozen=True)
class Found:
    """What a file holds.

    Args:
        graph: its network.
        weights: float32, by ``layer/weight``.
        tokenizer: content of a ``tokenizer.json``, or empty for pictures.
        labels: names of the classes, or their numbers where no ``labels.json`` lies beside.
    """

    graph: Graph
    weights: Mapping[str, np.ndarray]
    tokenizer: str
    labels: tuple[str, ...]


def found(path: Path) -> Found:
    """Read a model; a tokenizer and labels come from files that lie beside it.

    Args:
        path: of a ``.keras`` or ``.h5`` file, or the ``keras_metadata.pb`` of a SavedModel folder.
            Beside it may lie ``tokenizer.json`` (the tokenizers library's) and ``labels.json`` (a
            list of names in the order of the outputs).

    Raises:
        BadInput: with the reason, if it holds code, is damaged, or has a layer that is not known.
    """
    try:
        if path.name == METADATA:
            got, weights, vocabulary = saved_model(path)
        elif path.suffix == ".keras":
            got, weights, vocabulary = archive(path)
        else:
            got, weights, vocabulary = single(path)
        tokenizer = _tokenizer(path, got, vocabulary) if got.graph.reads_text else ""
        return Found(got.graph, weights, tokenizer, _labels(path, got.graph.classes))
    except BadInput:
        raise
    except Exception as err:  # a damaged archive or HDF5 file raises nearly anything
        told = f"{shown(path.name)} ({type(err).__name__}: {shown(err)})"
        raise BadInput(told, "a whole Keras model", AGAIN) from err


def look(path: Path, others: Iterable[Path]) -> int:
    """Whether a model's files lie where they should, and fit into memory; their bytes.

    Raises:
        BadInput: for a link that leads out of the folder, or too many bytes.
    """
    for place in (path, *others):
        root = place.parent
        allowed = (root.resolve(), *blobs(root.resolve()))
        if not any(place.resolve().is_relative_to(x) for x in allowed) or not place.is_file():
            told = f"{shown(place.name)} (a link out of the folder)"
            raise BadInput(told, "files of the folder", TRUST)
    stored = sum(place.stat().st_size for place in (path, *others))
    check_stored(stored, shown(path.name))
    return stored


def read_into(path: Path, others: Iterable[Path], folder: Path) -> None:
    """Read a model and write it as an artifact; arguments as ``look``, and an empty folder.

    Raises:
        BadInput: as ``found`` does.
    """
    look(path, others)
    got = found(path)
    files.write(folder, got.graph, got.weights)
    length = got.graph.input_shape[0] if got.graph.reads_text else 0
    if got.tokenizer:
        (folder / TOKENIZER).write_text(got.tokenizer, encoding="utf-8")
        check_tokenizer(folder)
        check_ids(folder, got.graph)
    about = {"schema": 1, "format": "keras", "family": "keras", "labels": list(got.labels)}
    more = {"max_length": length, "pooling": "none", "task": "", "kept": None}
    text = json.dumps({**about, **more}, ensure_ascii=False, indent=1)
    (folder / "artifact.json").write_text(text + "\n", encoding="utf-8")


def check_ids(folder: Path, graph: Graph) -> None:
    """Every token has a row in the tables that take the tokens.

    Raises:
        BadInput: if one has none.
    """
    first = graph.layers[0].name
    rows = [
        x.config["input_dim"] for x in graph.layers if x.kind == "Embedding" and first in x.sources
    ]
    told = read_json(folder / TOKENIZER, TEXT_BYTES)
    vocab = told.get("model", {}).get("vocab", {})
    ids = list(vocab.values()) if isinstance(vocab, dict) else list(range(len(vocab)))
    ids += [entry["id"] for entry in told.get("added_tokens") or []]
    if rows and (not all(type(x) is int for x in ids) or max(ids, default=0) >= min(rows)):
        wanted = f"tokens from 0 to {min(rows) - 1:,}, as the network has rows for"
        raise BadInput(
            f"{TOKENIZER} (up to {max(ids):,})", wanted, "give the model's own tokenizer"
        )


def _beside(path: Path, name: str) -> Path | None:
    own = path.with_name(f"{path.stem}.{name}")
    return next((place for place in (own, path.with_name(name)) if place.is_file()), None)


def beside(path: Path) -> list[Path]:
    """The other files that belong to a model."""
    found = [place for name in (TOKENIZER, LABELS) if (place := _beside(path, name))]
    if path.name == METADATA:
        there = sorted((path.parent / "variables").glob("variables.*"))
        found += [x for x in there if VARIABLES.fullmatch(x.name) and x.is_file()]
    return found


def _tokenizer(path: Path, got: Any, vocabulary: list[str] | None) -> str:
    if got.vectoriser is not None:
        told = got.vectoriser.get("vocabulary") or vocabulary
        if not isinstance(told, list) or not told:
            wanted = "the words of its TextVectorization layer (a .keras file keeps them)"
            raise BadInput(shown(path.name), wanted, AGAIN)
        return words.like_keras(got.vectoriser, told)
    place = _beside(path, TOKENIZER)
    if place is None:
        raise BadInput(
            f"{shown(path.name)} (it takes token ids)",
            f"a {TOKENIZER} beside it, to make them from texts",
            "put it there, or build the model with a TextVectorization layer",
        )
    return read_small(place, TEXT_BYTES).decode("utf-8", errors="replace")


def _labels(path: Path, classes: int) -> tuple[str, ...]:
    place = _beside(path, LABELS)
    if place is None:
        return tuple(map(str, range(classes)))
    told = parse_json(read_small(place), LABELS)
    fits = isinstance(told, list) and all(isinstance(x, str) for x in told)
    if (
        not fits
        or len(set(told)) != classes
        or len(told) != classes
        or words.HALF.search("".join(told))
    ):
        raise BadInput(
            LABELS, f"a list of {classes} names, in the order of the outputs", "mend it"
        )
    return tuple(told)


def described(folder: Path) -> dict[str, Any]:
    """What an artifact's ``artifact.json`` says, checked.

    Raises:
        BadInput: for anything that the workbench does not write.
    """
    data = read_json(folder / "artifact.json")
    labels, length = data.get("labels"), data.get("max_length")
    plain = isinstance(labels, list) and all(isinstance(x, str) for x in labels)
    if not plain or type(length) is not int or not isinstance(data.get("family"), str):
        raise BadInput("artifact.json", "labels, family and max_length", "make the model again")
    return data
