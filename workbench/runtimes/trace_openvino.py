"""OpenVINO's profiling info, read by node."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from workbench.core.deps import needs
from workbench.formats.openvino import GRAPH
from workbench.formats.tokens import Tokens
from workbench.runtimes.tracing import Op, Trace, Weight, tracer, width_name

LAYER = re.compile(r"(?:^|[./])(?:layers?|h)[./](\d+)[./]")
HEAD = re.compile(r"(^|[./])(head|classifier|score|classification)[./]")
PRODUCTS = ("FullyConnected", "MatMul", "Gemm")
CONVERSIONS = ("Convert", "FakeQuantize", "Quantize", "Reorder")


class Timed(NamedTuple):
    """One entry of ``get_profiling_info``: names, and seconds."""

    name: str
    kind: str
    kernel: str
    seconds: float


@tracer("openvino")
def trace_openvino(
    folder: Path, runtime: Mapping[str, Any], batches: Sequence[Sequence[str]]
) -> Trace:
    """Run the batches with ``PERF_COUNT`` on one stream.

    Source:
        https://docs.openvino.ai/2025/api/ie_python_api/_autosummary/openvino.InferRequest.html
    """
    with needs("openvino", why="the profile of OpenVINO"):
        import openvino

    core = openvino.Core()
    model = core.read_model(str(folder / GRAPH))
    settings: dict[str, Any] = {"PERF_COUNT": True, "NUM_STREAMS": 1}
    settings["INFERENCE_NUM_THREADS"] = int(runtime.get("threads", 1))
    settings["INFERENCE_PRECISION_HINT"] = str(runtime.get("precision", "f32"))
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    tokens = Tokens.at(folder)
    found: list[Timed] = []
    for number, texts in enumerate((*batches[:2], *batches)):
        request.infer(list(tokens.batch(list(texts))))
        if number >= len(batches[:2]):
            found += [
                Timed(i.node_name, i.node_type, i.exec_type, i.real_time.total_seconds())
                for i in request.get_profiling_info()
            ]
    return traced(found, _weights(model), len(batches))


def traced(found: Iterable[Timed], weights: Sequence[Weight], calls: int) -> Trace:
    """From the entries of all calls; nodes are named after torch's modules.

    A node's time is the median over calls: an interrupted call is no example.
    """
    stored = {weight.name for weight in weights}
    seconds: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for one in found:
        if one.seconds > 0:
            seconds[one.name, _kind(one, stored), one.kernel].append(one.seconds)
    named = (*stored, *(name for name, _, _ in seconds))
    layers = 1 + max((layer_of(name) for name in named), default=-1)
    ops = tuple(
        Op(
            name,
            kind,
            width_name(kernel),
            median([*spent, *[0.0] * (calls - len(spent))]),
            _place(name, layers),
            "sparse" in kernel,
        )
        for (name, kind, kernel), spent in seconds.items()
    )
    placed = tuple(replace(one, layer=_place(one.name, layers)) for one in weights)
    return Trace(ops, placed, layers)


def _place(name: str, layers: int) -> int:
    """The layer of a node; the head comes after the last."""
    layer = layer_of(name)
    return layers if layer < 0 and HEAD.search(name) else layer


def _kind(one: Timed, stored: set[str]) -> str:
    if one.kind in ("FullyConnected", "FC") or one.name in stored:
        return "linear"
    if one.kernel.endswith(("_i32", "_i64", "_boolean")):
        return "shapes"  # ids, masks and sizes
    if any(word in one.kind for word in CONVERSIONS):
        return "convert"
    attention = one.kind in ("Softmax", "SoftMax") or "scaled_dot_product" in one.name
    attention = attention or "Attention" in one.kind
    return "attention" if attention or one.kind in PRODUCTS else "other"


def layer_of(name: str) -> int:
    """The block in a node's name; -1 outside the blocks."""
    told = LAYER.search(name)
    return int(told.group(1)) if told else -1


def _weights(model: Any) -> list[Weight]:
    """Constants that a product multiplies with, below their conversions."""
    from workbench.runtimes.trace_onnx import zero_share

    made = []
    for node in model.get_ops():
        if node.get_type_name() not in PRODUCTS:
            continue
        source = node.input_value(1).get_node()
        while source.get_type_name() != "Constant" and source.get_input_size():
            source = source.input_value(0).get_node()
        if source.get_type_name() != "Constant":
            continue
        values = source.get_data()
        name = str(node.get_friendly_name())
        size = int(source.get_byte_size())
        count = 1
        for side in source.get_output_shape(0):
            count *= int(side)
        made.append(Weight(name, layer_of(name), count, size, zero_share(values)))
    return made
