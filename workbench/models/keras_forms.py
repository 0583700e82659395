"""The three forms that Keras saves a model in, each opened as plain data."""

from __future__ import annotations

import io
import os
import zipfile
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from workbench.core.errors import BadInput
from workbench.graphs import h5
from workbench.graphs.bundle import Bundle, fields
from workbench.graphs.graph import Graph
from workbench.graphs.reading import Read, read
from workbench.models.files import open_plain, parse_json, read_small, shown
from workbench.models.limits import ENTRIES, JSON_BYTES, TEXT_BYTES, TRUST, WEIGHT_BYTES
from workbench.models.zipped import Sparing

VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
MOST_LISTS = 4  # of words: Keras writes the same one twice
LENGTH = 64  # tokens, where a model takes any number
INSIDE = ("metadata.json", "config.json", "model.weights.h5")
WORDS = "vocabulary.txt"
AGAIN = "save the model again with model.save('model.keras')"
# the graph, weights by ``layer/weight``, and the words of a TextVectorization layer
Content = tuple[Read, dict[str, np.ndarray], list[str] | None]


def _fits(path: Path, graph: Graph) -> None:
    """The layers must not describe more weights than the files can hold."""
    stored = sum(x.stat().st_size for x in (path, *path.parent.glob("variables/variables.data*")))
    total = 4 * sum(map(prod, graph.weights.values()))
    if total > 2 * stored + 10**6:  # in half precision at the least
        told = f"{shown(path.name)} describes {total:,} bytes of weights"
        raise BadInput(told, f"about what the files hold ({stored:,} bytes)", TRUST)


def saved_model(path: Path) -> Content:
    """A folder that ``tf_keras`` wrote: its graph of operators is never opened."""
    told = _described(path)
    got = read(told, LENGTH)
    _fits(path, got.graph)
    bundle = Bundle(path.parent / "variables" / "variables")
    weights: dict[str, np.ndarray] = {}
    layers, place = -1, 0
    for kind, name, at in got.order:
        wanted = got.graph.weights_of(got.graph[at]) if at else {}
        layers += bool(wanted)
        for weight, shape in wanted.items():
            keys = (f"layer_with_weights-{layers}/{weight}", f"variables/{place}")
            key = next((k for k in (f"{x}{VALUE}" for x in keys) if k in bundle), None)
            if key is None:
                raise BadInput(f"weights of layer {name:.60} ({kind})", "as many as it has", AGAIN)
            weights[f"{at}/{weight}"] = bundle.read(key, shape)
            place += 1
    return got, weights, None


def _described(path: Path) -> Any:
    """The configuration of the whole model, which its metadata hold as JSON in a message."""
    content = read_small(path, TEXT_BYTES)
    try:
        nodes = [fields(node) for node in fields(content).get(1, []) if isinstance(node, bytes)]
        root = next(node for node in nodes if node.get(3) == [b"root"])
        told = root[5][0]
        assert isinstance(told, bytes)
    except (ValueError, IndexError, KeyError, StopIteration, AssertionError) as err:
        raise BadInput(path.name, "the metadata of a Keras model", AGAIN) from err
    data = parse_json(told, path.name)
    return data.get("model_config") if isinstance(data, dict) else None


def single(path: Path) -> Content:
    """An HDF5 file of either library."""
    with open_plain(path) as file:
        if file.read(8) != h5.MAGIC:
            raise BadInput(shown(path.name), "an HDF5 file, as its name says", AGAIN)
    with h5.opened(path) as data:
        got = read(parse_json(h5.config_of(data), shown(path.name)), LENGTH)
        _fits(path, got.graph)
        return got, h5.legacy(data, got), None


def archive(path: Path) -> Content:
    """A ``.keras`` file; nothing of it is unpacked to disk."""
    with (
        open_plain(path) as file,
        Sparing(io.FileIO(os.dup(file.fileno()))) as spare,
        zipfile.ZipFile(spare) as packed,
    ):
        words = _checked(packed, path)
        config = parse_json(packed.read("config.json"), f"{shown(path.name)}: config.json")
        got = read(config, LENGTH)
        _fits(path, got.graph)
        content = packed.read("model.weights.h5")
        lists = {packed.read(name).decode("utf-8") for name in words}
    if content[:8] != h5.MAGIC:
        raise BadInput("model.weights.h5", "an HDF5 file, as its name says", AGAIN)
    with h5.opened(io.BytesIO(content)) as data:
        weights = h5.numbered(data, got)
    return got, weights, lists.pop().split("\n") if len(lists) == 1 else None


def _checked(archive: zipfile.ZipFile, path: Path) -> list[str]:
    """Names of the lists of words; every entry is a file of Keras's own, unpacked and whole."""
    name, entries = shown(path.name), archive.infolist()
    ENTRIES.check(len(entries), name)
    for entry in entries:
        inside = entry.filename
        strange = inside not in INSIDE and not inside.startswith("assets")
        if strange or ".." in inside or inside.startswith("/") or "\\" in inside:
            told = f"{name}: {shown(inside)}"
            raise BadInput(told, "the entries of a Keras archive only", AGAIN)
        limit = WEIGHT_BYTES if inside.endswith(".h5") else JSON_BYTES
        limit = TEXT_BYTES if inside.endswith(WORDS) else limit
        limit.check(entry.file_size, f"{name}: {shown(inside)}")
    # packed, a few bytes become any number of them; Keras itself packs nothing
    packed = any(e.compress_type != zipfile.ZIP_STORED or e.flag_bits & 1 for e in entries)
    if packed or sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise BadInput(name, "a whole archive, with nothing in it packed", AGAIN)
    names = [entry.filename for entry in entries]
    if len(set(names)) != len(names) or not {"config.json", "model.weights.h5"} <= set(names):
        raise BadInput(name, "config.json and model.weights.h5, once each", AGAIN)
    words = [inside for inside in names if inside.endswith(WORDS)]
    if len(words) > MOST_LISTS:
        raise BadInput(name, f"at most {MOST_LISTS} lists of words", AGAIN)
    return words
