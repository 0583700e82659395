"""Which nodes of an ONNX graph hold weights, and to which layer a node belongs.

Names do not say it: exporters and optimisers rename nodes and merge equal constants. The shape of
the graph does: a block has one softmax (or one attention operator), the products that lead into
it without another product between are its query, key and value, and what comes after belongs to
it until the next block's query, key and value begin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Graph:
    """What the names of a profile stand for.

    Args:
        weights: name of a node that multiplies with stored weights, to these weights.
        layer: name of a node to its block, from 0; -1 before the first.
        layers: number of blocks.
    """

    weights: Mapping[str, np.ndarray]
    layer: Mapping[str, int]
    layers: int


def read_graph(path: Path) -> Graph:
    """Read a graph written by ONNX Runtime; nodes come in the order of execution."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(str(path))
    stored = {i.name: i for i in model.graph.initializer}
    nodes = list(model.graph.node)
    makers = {name: node for node in nodes for name in node.output}
    weights = {}
    for node in nodes:
        if "MatMul" not in node.op_type and "Gemm" not in node.op_type:
            continue
        names = [origin for name in node.input if (origin := _origin(name, stored, makers))]
        arrays = [numpy_helper.to_array(stored[name]) for name in names]
        large = [array for array in arrays if array.ndim >= 2]
        if large:
            weights[node.name] = max(large, key=lambda array: array.size)
    layer, count = _layers(nodes, makers, set(weights))
    return Graph(weights, layer, count)


def _origin(name: str, stored: Mapping[str, Any], makers: Mapping[str, Any]) -> str:
    """The constant behind a value: itself, or what is only dequantised or turned; else empty."""
    while name not in stored:
        node = makers.get(name)
        if node is None or node.op_type not in ("DequantizeLinear", "Transpose", "Cast"):
            return ""
        name = node.input[0]
    return name


def _layers(
    nodes: list[Any], makers: Mapping[str, Any], linear: set[str]
) -> tuple[dict[str, int], int]:
    blocks = [node for node in nodes if node.op_type == "Softmax" or "Attention" in node.op_type]
    own = {node.name: place for place, node in enumerate(blocks)}
    leading: dict[str, int] = {}
    for place, node in enumerate(blocks):
        for name in _leading(_context(node, nodes, linear), makers, linear):
            leading.setdefault(name, place)
    layer: dict[str, int] = {}
    for node in nodes:
        before = [layer[makers[name].name] for name in node.input if name in makers]
        start = max(before, default=-1)
        layer[node.name] = max(start, own.get(node.name, -1), leading.get(node.name, -1))
    return layer, len(blocks)


def _context(softmax: Any, nodes: list[Any], linear: set[str]) -> Any:
    """The product of the softmax with the values; a fused attention is its own."""
    if softmax.op_type != "Softmax":
        return softmax
    reached = set(softmax.output)
    for node in nodes:  # in the order of execution
        if reached & set(node.input):
            if "MatMul" in node.op_type and node.name not in linear:
                return node
            reached |= set(node.output)
    return softmax


def _leading(node: Any, makers: Mapping[str, Any], linear: set[str]) -> set[str]:
    """The products with weights that lead into a node with no other between."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = list(node.input)
    while waiting:
        maker = makers.get(waiting.pop())
        if maker is None or maker.name in seen:
            continue
        seen.add(maker.name)
        if maker.name in linear:
            found.add(maker.name)
        else:
            waiting.extend(maker.input)
    return found
