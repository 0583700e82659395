"""ONNX Runtime's profiler, read with the graph that it really executes."""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from workbench.core.deps import needs
from workbench.formats.onnx import GRAPH, feed
from workbench.formats.tokens import Tokens
from workbench.runtimes.onnx_graph import Graph, read_graph
from workbench.runtimes.tracing import Op, Trace, Weight, tracer, width_name

SUFFIX = "_kernel_time"
SHAPES = {
    *("Shape", "Reshape", "Unsqueeze", "Squeeze", "Concat", "Slice", "Gather", "Range"),
    *("Expand", "GatherElements", "GatherND", "Constant", "ConstantOfShape", "Identity"),
    *("Size", "Flatten"),
}


@tracer("onnxruntime")
def trace_onnx(
    folder: Path, runtime: Mapping[str, Any], batches: Sequence[Sequence[str]]
) -> Trace:
    """Run the batches with ``enable_profiling``; the optimised graph says what a node is.

    Source:
        https://onnxruntime.ai/docs/performance/tune-performance/profiling-tools.html
    """
    with needs("onnx", why="the profile of ONNX Runtime"):
        import onnxruntime

    with tempfile.TemporaryDirectory() as place:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(runtime.get("threads", 1))
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(place) / "profile")
        options.optimized_model_filepath = str(Path(place) / GRAPH)
        session = onnxruntime.InferenceSession(
            str(folder / GRAPH), options, providers=["CPUExecutionProvider"]
        )
        tokens = Tokens.at(folder)
        for texts in (*batches[:2], *batches):
            session.run(None, feed(tokens.batch(list(texts))))
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
        graph = read_graph(Path(place) / GRAPH)
    return traced(events, graph, warm=len(batches[:2]), calls=len(batches))


def traced(events: Sequence[Mapping[str, Any]], graph: Graph, warm: int, calls: int) -> Trace:
    """From the profile's events, the first ``warm`` runs of each node left out."""
    timed: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith(SUFFIX):
            timed[event["name"].removesuffix(SUFFIX)].append(event)
    kept = {name: found[warm:] or found for name, found in timed.items()}
    scores = {_shape(e) for found in kept.values() for e in found if _type(e) == "Softmax"}
    ops = []
    for name, found in kept.items():
        layer = graph.layers
        if not _is_head(found[0], graph, name):
            layer = graph.layer.get(name, -1)
        seconds = float(np.median([event["dur"] for event in found])) * 1e-6
        seconds *= round(len(found) / calls) or 1
        kind = _kind(found[0], name, graph, scores)
        sparse = "sparse" in _type(found[0]).lower()
        ops.append(Op(name, kind, _precision(found[0]), seconds, layer, sparse))
    heads = {op.name for op in ops if op.layer == graph.layers}
    weights = [_weight(name, values, graph, heads) for name, values in graph.weights.items()]
    return Trace(tuple(ops), tuple(weights), graph.layers)


def _type(event: Mapping[str, Any]) -> str:
    return str(event["args"].get("op_name", ""))


def _shape(event: Mapping[str, Any]) -> tuple[int, ...]:
    """Of the first output; empty if there is none."""
    told = event["args"].get("output_type_shape") or [{}]
    return tuple(next(iter(told[0].values()), ()))


def _is_head(event: Mapping[str, Any], graph: Graph, name: str) -> bool:
    """A product after the pooling: its rows are texts, no longer tokens."""
    return name in graph.weights and len(_shape(event)) < 3


def _kind(event: Mapping[str, Any], name: str, graph: Graph, scores: set[tuple[int, ...]]) -> str:
    kind, shape = _type(event), _shape(event)
    if name in graph.weights:
        return "linear"
    if "Quantize" in kind or (kind == "Cast" and _floats(event)):
        return "convert"
    if kind in SHAPES and not _numbers(event):
        return "shapes"
    if "MatMul" in kind or "Attention" in kind or kind in ("Softmax", "Gemm"):
        return "attention"
    return "attention" if len(shape) == 4 and shape in scores else "other"


def _floats(event: Mapping[str, Any]) -> bool:
    """Whether numbers, not masks or indices, are turned into another format."""
    inputs = event["args"].get("input_type_shape") or [{}]
    outputs = event["args"].get("output_type_shape") or [{}]
    sides = [next(iter(side[0]), "") for side in (inputs, outputs) if side]
    return all(kind in ("float", "float16", "bfloat16", "int32") for kind in sides)


def _numbers(event: Mapping[str, Any]) -> bool:
    """Whether a gather or a concatenation moves activations, as an embedding does."""
    kind, told = _type(event), event["args"].get("output_type_shape") or [{}]
    return kind in ("Gather", "Concat", "Slice") and "float" in next(iter(told[0]), "")


def _precision(event: Mapping[str, Any]) -> str:
    named = width_name(_type(event))
    if named != "float32":
        return named
    inputs = event["args"].get("input_type_shape") or [{}]
    return width_name(next(iter(inputs[0]), "float"))


def _weight(name: str, values: np.ndarray, graph: Graph, heads: set[str]) -> Weight:
    layer = graph.layers if name in heads else graph.layer.get(name, -1)
    return Weight(name, layer, int(values.size), int(values.nbytes), zero_share(values))


def zero_share(values: np.ndarray) -> float:
    """Share of the weights that are zero; of integers the most common value stands for it."""
    if values.size == 0:
        return 0.0
    if values.dtype.kind in "iu":
        return float(np.unique(values, return_counts=True)[1].max() / values.size)
    return float((values == 0).mean())
