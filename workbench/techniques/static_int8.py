"""INT8 weights and activations, the ranges of activations fixed beforehand on training texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from workbench.core.artifact import Artifact, Context
from workbench.core.deps import needs
from workbench.core.errors import BadInput, Cancelled
from workbench.formats import onnx, openvino
from workbench.formats.inputs import reader
from workbench.formats.keras import marked
from workbench.recipes.machine import saturates
from workbench.recipes.registry import technique
from workbench.techniques.dynamic_int8 import only_litert
from workbench.techniques.widths import litert_int8, onnx_int8, openvino_int8

# the huge negative numbers of the attention mask would stretch every range that they enter
PRODUCTS = ["MatMul", "Gather"]


@dataclass(frozen=True)
class StaticInt8:
    """Matrix products in INT8 from end to end; no range is looked for while it answers.

    Source:
        Jacob et al. 2018, arXiv:1712.05877, sec. 3; for OpenVINO with smoothed activations: Xiao
        et al. 2023, "SmoothQuant", arXiv:2211.10438.
    """

    name: ClassVar[str] = "static_int8"


@technique(
    StaticInt8, format="openvino", resize=openvino_int8(scale=4), module="nncf", extra="openvino"
)
def quantise_openvino(artifact: Artifact, config: StaticInt8, context: Context) -> Artifact:
    """A new folder with the quantised graph.

    Raises:
        BadInput: without calibration texts of at least two classes.
        Cancelled: when asked to stop.
        MissingDependency: without the ``openvino`` extra.
    """
    nncf = openvino.compressor("static INT8 on OpenVINO")
    batches = list(_batches(artifact, context))
    # where sums of products saturate, weights of 7 bits cannot make them
    kept = nncf.OverflowFix.ENABLE if saturates() else None

    def seen(batch: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
        if context.cancelled():
            raise Cancelled
        return batch

    def quantised(graph: Any) -> Any:
        return nncf.quantize(
            graph,
            nncf.Dataset(batches, seen),
            model_type=nncf.ModelType.TRANSFORMER,
            subset_size=len(batches),
            advanced_parameters=nncf.AdvancedQuantizationParameters(overflow_fix=kept),
        )

    return openvino.rewritten(artifact, context, StaticInt8.name, quantised)


@technique(StaticInt8, format="onnx", resize=onnx_int8, module="onnxruntime", extra="onnx")
def quantise_onnx(artifact: Artifact, config: StaticInt8, context: Context) -> Artifact:
    """A new folder with the graph between quantise and dequantise operators.

    Raises:
        BadInput: without calibration texts of at least two classes.
        Cancelled: when asked to stop.
        MissingDependency: without the ``onnx`` extra.
    """
    with needs("onnx", why="static INT8 on ONNX Runtime"):
        from onnxruntime.quantization import (
            CalibrationDataReader,
            QuantFormat,
            QuantType,
            quantize_static,
        )

    class Reader(CalibrationDataReader):
        """Calibration texts, one at a time."""

        def __init__(self) -> None:
            self._left = _batches(artifact, context)

        def get_next(self) -> Any:
            if context.cancelled():
                raise Cancelled
            batch = next(self._left, None)
            return None if batch is None else onnx.feed((batch[0], batch[1]))

    reader = Reader()

    def write(ready: str, target: str, heads: list[str]) -> None:
        quantize_static(
            ready,
            target,
            reader,
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=PRODUCTS,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            nodes_to_exclude=heads,
        )

    return onnx.rewritten(artifact, context, StaticInt8.name, write)


def _batches(artifact: Artifact, context: Context) -> Iterator[tuple[np.ndarray, ...]]:
    """Inputs of each calibration text by itself, so that no padding is measured."""
    if not context.calibration:
        raise BadInput(
            "no calibration texts", "texts of the training split", "choose another task"
        )
    if len(set(context.training[1])) == 1:
        raise BadInput(
            "calibration texts of one class",
            "training rows of at least two classes",
            "add rows of every class",
        )
    read = reader(artifact.folder)
    return (tuple(read([text])) for text in context.calibration)


@technique(
    StaticInt8,
    format="keras",
    resize=litert_int8,
    module="tensorflow",
    extra="tf",
    fits=only_litert,
)
def quantise_keras(artifact: Artifact, config: StaticInt8, context: Context) -> Artifact:
    """A copy that the conversion to LiteRT will make whole numbers of, from end to end.

    Raises:
        BadInput: without calibration rows.
    """
    if not context.calibration:
        raise BadInput("static_int8 without calibration rows", "training rows", "choose a task")
    return marked(artifact, context, StaticInt8.name)
