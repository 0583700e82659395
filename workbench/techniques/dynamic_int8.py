"""INT8 weights, activations quantised on the fly: by ONNX Runtime, or torchao and a compiler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from workbench.core.artifact import Artifact, Context
from workbench.core.deps import needs
from workbench.formats.keras import marked
from workbench.formats.onnx import rewritten
from workbench.recipes.registry import technique
from workbench.techniques.widths import TORCHAO, litert_int8, onnx_int8, torchao_int8


@dataclass(frozen=True)
class DynamicInt8:
    """Weights of the layers as INT8 with a scale per output channel.

    On ONNX Runtime embeddings are INT8 too, with one scale. The head stays in float: it is small,
    and ONNX Runtime's quantiser turns it into zeros (the dynamo export writes it as ``Gemm``).

    Source:
        https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html; Jacob et
        al. 2018, arXiv:1712.05877, sec. 2.1.
    """

    name: ClassVar[str] = "dynamic_int8"


@technique(DynamicInt8, format="onnx", resize=onnx_int8, module="onnxruntime", extra="onnx")
def quantise_onnx(artifact: Artifact, config: DynamicInt8, context: Context) -> Artifact:
    """A new folder with the quantised graph.

    Raises:
        MissingDependency: without the ``onnx`` extra.
    """
    with needs("onnx", why="INT8 on ONNX Runtime"):
        from onnxruntime.quantization import QuantType, quantize_dynamic

    def write(ready: str, target: str, heads: list[str]) -> None:
        quantize_dynamic(
            ready, target, weight_type=QuantType.QInt8, per_channel=True, nodes_to_exclude=heads
        )

    return rewritten(artifact, context, DynamicInt8.name, write)


def _compiled(config: Any) -> str:
    return "" if config.name == "torch_compile" else "the runtime torch_compile"


@technique(
    DynamicInt8,
    format="torch",
    resize=torchao_int8,
    stays=TORCHAO,
    fits=_compiled,
)
def quantise_torch(artifact: Artifact, config: DynamicInt8, context: Context) -> Artifact:
    """A copy whose layers are INT8."""
    from workbench.formats.quantised import library, quantise
    from workbench.formats.torch import copy

    context.report("quantise", 0, 0)
    small = copy(artifact)
    # its settings for Inductor reach beyond this module; the default of the library stays
    how = library().Int8DynamicActivationInt8WeightConfig(set_inductor_config=False)
    quantise(small.payload.float(), how, DynamicInt8.name)
    return small


def only_litert(config: Any) -> str:
    """What the conversion stores, only LiteRT reads."""
    return "" if config.name == "litert" else "the runtime litert"


@technique(
    DynamicInt8,
    format="keras",
    resize=litert_int8,
    module="tensorflow",
    extra="tf",
    fits=only_litert,
)
def quantise_keras(artifact: Artifact, config: DynamicInt8, context: Context) -> Artifact:
    """A copy whose weights the conversion to LiteRT will store as INT8."""
    return marked(artifact, context, DynamicInt8.name)
