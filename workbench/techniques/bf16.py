"""Weights and arithmetic in bfloat16: half the size, fast where the hardware has it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from workbench.core.anatomy import Anatomy
from workbench.core.artifact import Artifact, Context
from workbench.recipes.registry import technique


@dataclass(frozen=True)
class Bf16:
    """Cast every weight to bfloat16: the exponent of float32 with 8 bits of precision.

    Source:
        Kalamkar et al. 2019, "A Study of BFLOAT16 for Deep Learning Training", arXiv:1905.12322.
    """

    name: ClassVar[str] = "bf16"


FLOAT32 = "a model in float32 (exports compute in float32, and the half size would be lost)"


def two_bytes(anatomy: Anatomy, config: Any) -> Anatomy:
    """Every weight in two bytes, if it had more."""
    parts = (replace(part, width=min(part.width, 2.0)) for part in anatomy.parts)
    return replace(anatomy, parts=tuple(parts))


@technique(Bf16, format="torch", resize=two_bytes, stays=FLOAT32, writes=True)
def cast(artifact: Artifact, config: Bf16, context: Context) -> Artifact:
    """A copy in bfloat16."""
    import torch

    from workbench.formats.torch import copy

    half = copy(artifact)
    half.payload.to(torch.bfloat16)
    return half
