"""LoRA: small matrices beside the linear layers are trained, then added to them."""

from __future__ import annotations

from typing import Any

from workbench.core.deps import needs
from workbench.core.errors import BadInput
from workbench.formats.quiet import quiet

WHY = "LoRA"


def adapted(model: Any, rank: int, alpha: int) -> Any:
    """Put trainable matrices beside every linear layer of attention and ffn, in place.

    Args:
        model: a causal language model of transformers; its own weights are frozen.
        rank: inner width of the matrices.
        alpha: their product counts ``alpha / rank`` times.

    Returns:
        What ``merged`` takes; ``model`` itself computes with the matrices from now on.

    Raises:
        MissingDependency: if peft is not installed.
        BadInput: if the model has no linear layer.

    Source:
        Hu et al. 2021, "LoRA", arXiv:2106.09685, sec. 4.1.
    """
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    with needs("lora", why=WHY), quiet():
        from peft import LoraConfig, get_peft_model
    inner = [x for x in model.base_model.modules() if isinstance(x, nn.Linear | Conv1D)]
    if not inner:
        told = f"LoRA of {type(model).__name__} (no linear layer)"
        raise BadInput(told, "linear layers in attention or ffn", "choose the mode full")
    config = LoraConfig(
        r=rank,
        lora_alpha=alpha,
        lora_dropout=0.0,
        target_modules="all-linear",  # all but the head
        task_type="CAUSAL_LM",
        fan_in_fan_out=any(isinstance(x, Conv1D) for x in inner),
    )
    with quiet():
        return get_peft_model(model, config)


def merged(adapter: Any) -> Any:
    """The model with the matrices added to its weights: an ordinary one again."""
    return adapter.merge_and_unload()
