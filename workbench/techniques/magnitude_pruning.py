"""The smallest weights set to zero: smaller when compressed, not faster on any engine tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from workbench.core.anatomy import Anatomy
from workbench.core.artifact import Artifact, Context
from workbench.core.knobs import Span
from workbench.recipes.registry import technique


@dataclass(frozen=True)
class MagnitudePruning:
    """Zero the smallest weights of every linear layer; shapes and stored bytes stay.

    Source:
        Han et al. 2015, "Learning both Weights and Connections", arXiv:1506.02626, sec. 3.
    """

    name: ClassVar[str] = "magnitude_pruning"
    amount: Annotated[float, Span(0.0, 0.95, 0.05, "share of the weights set to zero")] = 0.5


def _same(anatomy: Anatomy, config: MagnitudePruning) -> Anatomy:
    return anatomy


@technique(MagnitudePruning, format="torch", resize=_same)
def zero(artifact: Artifact, config: MagnitudePruning, context: Context) -> Artifact:
    """A copy whose smallest weights are zero, in the backbone's linear layers (not the head)."""
    from torch.nn.utils import prune

    from workbench.formats.torch import copy

    pruned = copy(artifact)
    for module in linear_layers(pruned.payload.encoder):
        prune.l1_unstructured(module, "weight", amount=config.amount)
        prune.remove(module, "weight")  # plain tensors from here on
    return pruned


def linear_layers(module: Any) -> list[Any]:
    """Linear layers and Hugging Face's ``Conv1D``, which is one with its weight transposed."""
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    return [part for part in module.modules() if isinstance(part, nn.Linear | Conv1D)]
