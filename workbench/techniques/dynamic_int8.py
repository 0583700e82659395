"""INT8 weights, activations quantised on the fly, by ONNX Runtime."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from workbench.core.anatomy import Anatomy, Part
from workbench.core.artifact import Artifact, Context
from workbench.core.deps import needs
from workbench.formats.onnx import GRAPH
from workbench.formats.quiet import quiet
from workbench.recipes.registry import technique


@dataclass(frozen=True)
class DynamicInt8:
    """Weights of the layers as INT8 with a scale per output channel, embeddings with one scale.

    The head stays in float: it is small, and ONNX Runtime's quantiser turns it into zeros (the
    dynamo export writes it as ``Gemm``).

    Source:
        https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html; Jacob et
        al. 2018, arXiv:1712.05877, sec. 2.1.
    """

    name: ClassVar[str] = "dynamic_int8"


def _narrower(anatomy: Anatomy, config: DynamicInt8) -> Anatomy:
    return replace(anatomy, parts=tuple(_quantised(part) for part in anatomy.parts))


def _quantised(part: Part) -> Part:
    if len(part.shape) != 2 or part.role not in ("attention", "ffn", "embedding"):
        return replace(part, width=4.0)
    # five bytes (scale and zero point) per output channel; the transposed weight's larger
    # side is a close bound, and one pair for a whole embedding
    channels = 1 if part.role == "embedding" else part.shape[0]
    return replace(part, width=1.0, extra=5 * channels)


@technique(DynamicInt8, format="onnx", resize=_narrower, module="onnxruntime", extra="onnx")
def quantise(artifact: Artifact, config: DynamicInt8, context: Context) -> Artifact:
    """A new folder with the quantised graph.

    Raises:
        MissingDependency: without the ``onnx`` extra.
    """
    with needs("onnx", why="INT8 on ONNX Runtime"):
        from onnxruntime.quantization import QuantType, quantize_dynamic
        from onnxruntime.quantization.shape_inference import quant_pre_process

    folder = context.workspace / "dynamic_int8"
    folder.mkdir()
    for path in artifact.folder.iterdir():
        if not path.name.startswith(GRAPH):
            shutil.copy2(path, folder / path.name)
    context.report("quantise", 0, 0)
    ready = context.workspace / "prepared.onnx"
    with quiet():
        quant_pre_process(str(artifact.folder / GRAPH), str(ready), skip_symbolic_shape=True)
        quantize_dynamic(
            str(ready),
            str(folder / GRAPH),
            weight_type=QuantType.QInt8,
            per_channel=True,
            nodes_to_exclude=_heads(ready),
        )
    ready.unlink()
    return Artifact("onnx", folder, artifact.labels)


def _heads(path: Path) -> list[str]:
    """Names of the ``Gemm`` nodes, also as the quantiser renames them."""
    import onnx

    nodes = onnx.load(path, load_external_data=False).graph.node
    gemms = [node.name for node in nodes if node.op_type == "Gemm"]
    return [name + suffix for name in gemms for suffix in ("", "_MatMul")]
