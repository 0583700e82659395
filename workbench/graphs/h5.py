"""Weights from HDF5 files that nobody vouches for: plain arrays of the shapes that a graph has.

An HDF5 file can name other files, from which the library would read: links and storage outside
the file are refused, and nothing is read whose shape the graph does not give.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from workbench.core.deps import needs
from workbench.core.errors import BadInput
from workbench.graphs.graph import Graph
from workbench.graphs.reading import Read

MAGIC = b"\x89HDF\r\n\x1a\n"
NODES = 200_000  # groups and arrays in one file
DEPTH = 8
CONFIG_BYTES = 8 * 2**20
AGAIN = "save the model again"
NESTED = {"LSTM": "cell", "GRU": "cell"}
SIDES = (("query", "query"), ("key", "key"), ("value", "value"), ("output", "output"))


def opened(file: Path | BinaryIO) -> Any:
    """An HDF5 file to read, looked through for what leads out of it.

    Raises:
        BadInput: if it is none, is damaged, or leads out.
        MissingDependency: without h5py, which comes with TensorFlow.
    """
    with needs("tf", why="reading a Keras model"):
        import h5py
    try:
        found = h5py.File(file, "r")
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as err:
        said = " ".join(str(err).split())[:80]
        raise BadInput(f"the HDF5 file ({said})", "a whole file", AGAIN) from err
    try:
        for count, _ in enumerate(_walk(found, 0)):
            if count > NODES:
                raise BadInput("the HDF5 file", f"at most {NODES:,} entries", AGAIN)
    except BaseException:
        found.close()
        raise
    return found


def _walk(group: Any, depth: int) -> Iterator[Any]:
    import h5py

    if depth > DEPTH:
        raise BadInput("the HDF5 file", f"at most {DEPTH} levels", AGAIN)
    for name in group:
        if type(group.get(name, getlink=True)) is not h5py.HardLink:
            raise BadInput(f"the HDF5 file: {name!r:.60} (a link)", "weights in the file", AGAIN)
        entry = group[name]
        yield entry
        if isinstance(entry, h5py.Dataset):
            if entry.external or entry.is_virtual:
                told = f"the HDF5 file: {name!r:.60} (stored in another file)"
                raise BadInput(told, "weights in the file", AGAIN)
        elif isinstance(entry, h5py.Group):
            yield from _walk(entry, depth + 1)
        else:
            raise BadInput(f"the HDF5 file: {name!r:.60}", "groups and arrays only", AGAIN)


def config_of(file: Any) -> bytes:
    """The configuration of a whole model in a ``.h5`` file.

    Raises:
        BadInput: if the file holds weights only.
    """
    told = file.attrs.get("model_config")
    if told is None:
        wanted = "a whole model, not its weights alone"
        raise BadInput("the HDF5 file (no model_config)", wanted, "save it with model.save(…)")
    content = told if isinstance(told, bytes) else str(told).encode()
    if len(content) > CONFIG_BYTES:
        raise BadInput("model_config", f"at most {CONFIG_BYTES:,} bytes", AGAIN)
    return content


def legacy(file: Any, found: Read) -> dict[str, np.ndarray]:
    """Weights of a ``.h5`` file: a group per layer, which lists its arrays in order."""
    root = file.get("model_weights", file)
    made: dict[str, np.ndarray] = {}
    for _, name, place in found.order:
        if place and (wanted := _wanted(found.graph, place)):
            if name not in root or "weight_names" not in root[name].attrs:
                raise _missing(name)
            group = root[name]
            listed = [
                x.decode() if isinstance(x, bytes) else str(x) for x in group.attrs["weight_names"]
            ]
            if len(listed) != len(wanted) or any(x not in group for x in listed):
                raise _missing(name)
            arrays = [group[x] for x in listed]
            made |= _taken(wanted, arrays, name)
    return made


def numbered(file: Any, found: Read) -> dict[str, np.ndarray]:
    """Weights of a ``.keras`` file: groups named after the kinds of layers, counted."""
    made: dict[str, np.ndarray] = {}
    seen: dict[str, int] = {}
    for kind, name, place in found.order:
        base = re.sub(r"\W+", "", kind)
        base = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", base)
        base = re.sub(r"([a-z])([A-Z])", r"\1_\2", base).lower()
        count = seen[base] = seen.get(base, -1) + 1
        if not place or not (wanted := _wanted(found.graph, place)):
            continue
        inside = f"{base}_{count}" if count else base
        group = next((file[x] for x in _paths(inside, name) if x in file), None)
        if group is None:
            raise _missing(name)
        made |= _taken(wanted, _arrays(group, kind, wanted), name)
    return made


def _paths(counted: str, name: str) -> tuple[str, ...]:
    return f"layers/{counted}", f"_layer_checkpoint_dependencies/{counted}", f"layers/{name}"


def _arrays(group: Any, kind: str, wanted: Mapping[str, Any]) -> list[Any]:
    if kind == "MultiHeadAttention":
        sides = [next((group[x] for x in group if side in x), None) for _, side in SIDES]
        return [a for side in sides if side is not None for a in _vars(side)]
    return _vars(group[NESTED[kind]] if kind in NESTED and NESTED[kind] in group else group)


def _vars(group: Any) -> list[Any]:
    inside = group.get("vars", {})
    return [inside[x] for x in sorted(inside, key=lambda x: (len(x), x))]


def _wanted(graph: Graph, place: str) -> dict[str, tuple[int, ...]]:
    return {f"{place}/{x}": shape for x, shape in graph.weights_of(graph[place]).items()}


def _taken(wanted: Mapping[str, Any], arrays: list[Any], name: str) -> dict[str, np.ndarray]:
    if len(arrays) != len(wanted):
        raise _missing(name)
    made = {}
    for (weight, shape), array in zip(wanted.items(), arrays, strict=True):
        fits = tuple(getattr(array, "shape", ())) == tuple(shape) and array.dtype.kind == "f"
        # as many bytes as numbers: packed or never written, they would come from nothing
        if not fits or array.id.get_storage_size() < array.nbytes:
            raise BadInput(
                f"weights of layer {name:.60}", f"numbers of the shape {tuple(shape)}", AGAIN
            )
        made[weight] = np.asarray(array[()], dtype=np.float32)
    return made


def _missing(name: str) -> BadInput:
    return BadInput(f"weights of layer {name:.60}", "as many as the layer has", AGAIN)
