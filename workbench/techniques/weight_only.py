"""INT8 weights, activations in float: smaller, and seldom faster for short texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from workbench.core.artifact import Artifact, Context
from workbench.formats.openvino import compressor, rewritten
from workbench.recipes.registry import technique
from workbench.techniques.widths import openvino_int8


@dataclass(frozen=True)
class WeightOnly:
    """Every matrix as INT8 with a scale per row; the arithmetic stays in float.

    Source:
        https://docs.openvino.ai/2026/openvino-workflow/model-optimization-guide/weight-compression.html
    """

    name: ClassVar[str] = "weight_only"


@technique(
    WeightOnly,
    format="openvino",
    resize=openvino_int8(scale=2),
    module="nncf",
    extra="openvino",
)
def compress(artifact: Artifact, config: WeightOnly, context: Context) -> Artifact:
    """A new folder with the compressed graph.

    Raises:
        MissingDependency: without the ``openvino`` extra.
    """
    nncf = compressor("INT8 weights on OpenVINO")

    def smaller(graph: Any) -> Any:
        return nncf.compress_weights(graph, mode=nncf.CompressWeightsMode.INT8_SYM)

    return rewritten(artifact, context, WeightOnly.name, smaller)
