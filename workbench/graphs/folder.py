"""A graph and its weights in a folder: ``graph.json`` and ``model.safetensors``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from workbench.core.errors import BadInput
from workbench.graphs.graph import Graph

NAME = "graph.json"
WEIGHTS = "model.safetensors"


def write(folder: Path, graph: Graph, weights: Mapping[str, np.ndarray]) -> None:
    """Write both; the weights are those of the graph, in float32."""
    from safetensors.numpy import save_file

    text = json.dumps(graph.to_json(), ensure_ascii=False, indent=1)
    (folder / NAME).write_text(text + "\n", encoding="utf-8")
    kept = {
        name: np.ascontiguousarray(weights[name], np.float32).reshape(shape)
        for name, shape in graph.weights.items()
    }
    save_file(kept, folder / WEIGHTS)


def read_graph(folder: Path) -> Graph:
    """The graph alone.

    Raises:
        BadInput: if it cannot be read.
    """
    try:
        data = json.loads((folder / NAME).read_text(encoding="utf-8"))
        assert isinstance(data, dict)
    except (OSError, ValueError, RecursionError, AssertionError) as err:
        raise BadInput(NAME, "a readable graph", "make the model again") from err
    return Graph.from_json(data)


def read(folder: Path) -> tuple[Graph, dict[str, np.ndarray]]:
    """Both, bit by bit as they were written.

    Raises:
        BadInput: if a file is damaged or they do not fit each other.
    """
    from safetensors.numpy import load_file

    graph = read_graph(folder)
    try:
        weights = load_file(folder / WEIGHTS)
    except Exception as err:  # safetensors has an error of its own
        raise BadInput(WEIGHTS, "readable weights", "make the model again") from err
    if {name: array.shape for name, array in weights.items()} != dict(graph.weights):
        raise BadInput(WEIGHTS, "weights that fit graph.json", "make the model again")
    return graph, weights
