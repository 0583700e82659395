"""Weights and arithmetic in half precision on a GPU; weights alone in LiteRT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from workbench.core.artifact import Artifact, Context
from workbench.formats.keras import marked
from workbench.recipes.machine import no_cuda
from workbench.recipes.registry import technique
from workbench.techniques.bf16 import FLOAT32, two_bytes
from workbench.techniques.dynamic_int8 import only_litert


@dataclass(frozen=True)
class Fp16:
    """Cast every weight to float16: 11 bits of precision, values up to 65,504.

    Source:
        Micikevicius et al. 2018, "Mixed Precision Training", arXiv:1710.03740.
    """

    name: ClassVar[str] = "fp16"


def on_gpu(config: Any) -> str:
    """What the result needs to run: a GPU, chosen in the runtime."""
    there = getattr(config, "device", "cpu") == "cuda"
    return "" if there else "the runtime torch or torch_compile with device cuda"


@technique(
    Fp16,
    format="torch",
    resize=two_bytes,
    stays=FLOAT32,
    usable=lambda _: no_cuda(),
    fits=on_gpu,
    writes=True,
)
def cast(artifact: Artifact, config: Fp16, context: Context) -> Artifact:
    """A copy in float16."""
    import torch

    from workbench.formats.torch import copy

    half = copy(artifact)
    half.payload.to(torch.float16)
    return half


@technique(
    Fp16, format="keras", resize=two_bytes, module="tensorflow", extra="tf", fits=only_litert
)
def cast_keras(artifact: Artifact, config: Fp16, context: Context) -> Artifact:
    """A copy whose weights the conversion to LiteRT will store in float16."""
    return marked(artifact, context, Fp16.name)
