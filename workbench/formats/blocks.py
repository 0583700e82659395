"""Where heads and feed-forward units lie in a network's layers, per family."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.core.errors import BadInput

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class Slot:
    """One weight that is cut along an axis when heads or units go.

    Args:
        path: the module below its layer, such as ``attention.self.query``.
        axis: of the weight as it is stored (Hugging Face's ``Conv1D`` stores (in, out)).
        bias: whether the bias goes with it: on the side where the units come out.
        fused: how many projections lie side by side along the axis (3 for GPT-2's q, k, v).
        grouped: whether the axis counts key/value groups rather than query heads.
    """

    path: str
    axis: int
    bias: bool
    fused: int = 1
    grouped: bool = False


@dataclass(frozen=True)
class Family:
    """How the layers of a model type are built.

    Args:
        layers: attribute path from the backbone to its list of layers.
        heads: slots of the attention.
        ffn: slots of the feed-forward part.
    """

    layers: str
    heads: tuple[Slot, ...]
    ffn: tuple[Slot, ...]


BERT = Family(
    "encoder.layer",
    (
        *(Slot(f"attention.self.{name}", 0, True) for name in ("query", "key", "value")),
        Slot("attention.output.dense", 1, False),
    ),
    (Slot("intermediate.dense", 0, True), Slot("output.dense", 1, False)),
)
GPT2 = Family(
    "h",
    (Slot("attn.c_attn", 1, True, fused=3), Slot("attn.c_proj", 0, False)),
    (Slot("mlp.c_fc", 1, True), Slot("mlp.c_proj", 0, False)),
)
LLAMA = Family(
    "layers",
    (
        Slot("self_attn.q_proj", 0, True),
        Slot("self_attn.k_proj", 0, True, grouped=True),
        Slot("self_attn.v_proj", 0, True, grouped=True),
        Slot("self_attn.o_proj", 1, False),
    ),
    (
        Slot("mlp.gate_proj", 0, True),
        Slot("mlp.up_proj", 0, True),
        Slot("mlp.down_proj", 1, False),
    ),
)
FAMILIES = {
    **dict.fromkeys(("bert", "roberta", "xlm-roberta", "camembert", "electra"), BERT),
    "gpt2": GPT2,
    **dict.fromkeys(("llama", "mistral", "qwen2", "qwen3", "gemma"), LLAMA),
}


def family_of(name: str) -> Family:
    """The layout of a model type.

    Raises:
        BadInput: if we do not know how its layers are built.
    """
    if name not in FAMILIES:
        known = ", ".join(sorted(FAMILIES))
        raise BadInput(f"structured_pruning of {name}", f"one of {known}", "leave out pruning")
    return FAMILIES[name]


def layers_of(backbone: nn.Module, family: Family) -> Any:
    """The ``ModuleList`` of layers, below a backbone or a model that wraps one."""
    for candidate in (backbone, *backbone.children()):
        try:
            return candidate.get_submodule(family.layers)
        except AttributeError:
            continue
    raise BadInput(type(backbone).__name__, f"layers at {family.layers}", "leave out pruning")


def each_weight(
    layer: nn.Module, slots: tuple[Slot, ...]
) -> list[tuple[Slot, str, torch.Tensor, int]]:
    """Every tensor that the slots cut: (slot, ``weight`` or ``bias``, tensor, axis)."""
    found = []
    for slot in slots:
        module: Any = layer.get_submodule(slot.path)
        found.append((slot, "weight", module.weight, slot.axis))
        if slot.bias and module.bias is not None:
            found.append((slot, "bias", module.bias, 0))
    return found


def head_count(config: Any) -> tuple[int, int]:
    """Query heads and key/value groups of a configuration."""
    heads = int(config.num_attention_heads)
    return heads, int(getattr(config, "num_key_value_heads", None) or heads)


def replace_weights(
    layer: nn.Module,
    slots: tuple[Slot, ...],
    change: Callable[[Slot, str, torch.Tensor, int], torch.Tensor],
) -> None:
    """Put ``change(slot, which, tensor, axis)`` in place of every tensor that the slots cut."""
    from torch import nn

    for slot, which, tensor, axis in each_weight(layer, slots):
        module = layer.get_submodule(slot.path)
        new = change(slot, which, tensor.detach(), axis).contiguous().clone()
        setattr(module, which, nn.Parameter(new, requires_grad=tensor.requires_grad))
    for slot in slots:
        _tell(layer, layer.get_submodule(slot.path), slot)


def _tell(layer: Any, module: Any, slot: Slot) -> None:
    """Let a module's own counts follow its weight."""
    if hasattr(module, "nf"):  # Conv1D: its forward reshapes to nf
        module.nx, module.nf = module.weight.shape
    else:
        module.out_features, module.in_features = module.weight.shape
    if slot.path == "attn.c_attn":
        layer.attn.split_size = module.weight.shape[1] // slot.fused
