"""Weights in 8-bit floating point on a GPU, the arithmetic in bfloat16."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from workbench.core.artifact import Artifact, Context
from workbench.recipes.machine import older_than
from workbench.recipes.registry import technique
from workbench.techniques.fp16 import on_gpu
from workbench.techniques.widths import TORCHAO, torchao_weights


@dataclass(frozen=True)
class Fp8:
    """Weights of the linear layers as float8 (E4M3, up to 448) with a scale per output channel.

    Half of what bfloat16 takes, and finer than INT8 near zero. Embeddings and head stay in
    bfloat16.

    Source:
        Micikevicius et al. 2022, "FP8 Formats for Deep Learning", arXiv:2209.05433.
    """

    name: ClassVar[str] = "fp8"


@technique(
    Fp8,
    format="torch",
    resize=torchao_weights,
    stays=TORCHAO,
    usable=lambda _: older_than(8, 9, "FP8"),
    fits=on_gpu,
    writes=True,
)
def compress(artifact: Artifact, config: Fp8, context: Context) -> Artifact:
    """A copy whose linear layers are FP8."""
    from workbench.formats.quantised import library, weights_alone

    return weights_alone(
        artifact, library().Float8WeightOnlyConfig(set_inductor_config=False), config.name, context
    )
