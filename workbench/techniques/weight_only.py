"""Weights as INT8 or INT4, activations in float: smaller; faster where memory is what is slow."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from workbench.core.artifact import Artifact, Context
from workbench.core.deps import needs
from workbench.core.knobs import Choice
from workbench.formats.genai import EXTRA, MODULE
from workbench.formats.onnx import GRAPH
from workbench.formats.openvino import compressor, rewritten
from workbench.formats.quiet import quiet
from workbench.recipes.machine import older_than
from workbench.recipes.registry import technique
from workbench.techniques.fp16 import on_gpu
from workbench.techniques.widths import (
    GROUP,
    TORCHAO,
    onnx_weights,
    openvino_weights,
    torchao_weights,
)

INT8_SUMS = 4  # the operator's level of accuracy; the builder's own choice on a processor


@dataclass(frozen=True)
class WeightOnly:
    """Every matrix in whole numbers, the arithmetic in float.

    On OpenVINO INT8 has a scale per row. INT4 has one for every 64 weights of a row (32 where 64
    do not fit) and leaves embeddings, the head and rows that cannot be grouped in INT8. On ONNX
    Runtime, for models that write, both have a scale for every 64 weights, the head is stored
    likewise, and what is multiplied by them is rounded to INT8 on the way. On a GPU, by torchao,
    INT8 has a scale per row and INT4 one for every 64; embeddings and head are in bfloat16.

    Source:
        https://docs.openvino.ai/2026/openvino-workflow/model-optimization-guide/weight-compression.html;
        groups: Frantar et al. 2023, "GPTQ", arXiv:2210.17323, sec. 4.
    """

    name: ClassVar[str] = "weight_only"
    bits: Annotated[int, Choice((8, 4), "bits of a weight")] = 8


@technique(
    WeightOnly,
    format="openvino",
    resize=openvino_weights,
    module="nncf",
    extra="openvino",
    writes=True,
)
def compress(artifact: Artifact, config: WeightOnly, context: Context) -> Artifact:
    """A new folder with the compressed graph.

    Raises:
        MissingDependency: without the ``openvino`` extra.
    """
    nncf = compressor("whole-number weights on OpenVINO")

    def smaller(graph: Any) -> Any:
        if config.bits == 8:
            return nncf.compress_weights(graph, mode=nncf.CompressWeightsMode.INT8_SYM)
        return nncf.compress_weights(
            graph,
            mode=nncf.CompressWeightsMode.INT4_SYM,
            group_size=GROUP,
            backup_mode=nncf.BackupMode.INT8_SYM,
            advanced_parameters=nncf.AdvancedCompressionParameters(
                group_size_fallback_mode=nncf.GroupSizeFallbackMode.ADJUST
            ),
        )

    return rewritten(artifact, context, WeightOnly.name, smaller)


@technique(WeightOnly, format="onnx", resize=onnx_weights, module=MODULE, extra=EXTRA, writes=True)
def compress_onnx(artifact: Artifact, config: WeightOnly, context: Context) -> Artifact:
    """A new folder with the compressed graph.

    Raises:
        MissingDependency: without the ``onnx`` extra.

    Source:
        https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
    """
    with needs("onnx", why="whole-number weights on ONNX Runtime"):
        from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    folder = context.workspace / WeightOnly.name
    folder.mkdir()
    for path in artifact.folder.glob("*.json"):
        shutil.copy2(path, folder / path.name)
    context.report("quantise", 0, 0)
    with quiet():
        made = MatMulNBitsQuantizer(
            str(artifact.folder / GRAPH),
            bits=config.bits,
            block_size=GROUP,
            is_symmetric=True,
            accuracy_level=INT8_SUMS,
        )
        made.process()
        made.model.save_model_to_file(str(folder / GRAPH), use_external_data_format=True)
    return Artifact(artifact.format, folder, artifact.labels)


def _no_gpu_for(config: WeightOnly) -> str:
    return older_than(8, 0, f"INT{config.bits}")


@technique(
    WeightOnly,
    format="torch",
    resize=torchao_weights,
    stays=TORCHAO,
    usable=_no_gpu_for,
    fits=on_gpu,
    writes=True,
)
def compress_torch(artifact: Artifact, config: WeightOnly, context: Context) -> Artifact:
    """A copy whose linear layers are whole numbers, for a GPU.

    Source:
        https://docs.pytorch.org/ao/stable/api_reference/api_ref_quantization.html
    """
    from workbench.formats.quantised import library, weights_alone

    made = library()
    how = (
        made.Int8WeightOnlyConfig(set_inductor_config=False)
        if config.bits == 8
        else made.Int4WeightOnlyConfig(
            group_size=GROUP,
            int4_packing_format="tile_packed_to_4d",  # of PyTorch's own kernel
            set_inductor_config=False,
        )
    )
    return weights_alone(artifact, how, config.name, context)
