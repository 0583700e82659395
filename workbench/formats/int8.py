"""Layers that torchao has quantised, as plain tensors for safetensors and back."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from workbench.core.errors import BadInput

if TYPE_CHECKING:
    import torch
    from torch import nn

INSIDE = re.compile(r"(?:^|\.)(?:layers?|h)\.\d+\.")  # a layer of the network, by its name
LIBRARY = "torchao"
SCALE = "_scale"  # beside ``….weight``, int8 (out, in), lies ``….weight_scale``, float32 (out, 1)


def quantise(module: nn.Module) -> None:
    """Quantise the linear layers of ``module`` in place; its head stays in float.

    Raises:
        BadInput: if there is none: torchao would pass over them all without a word.
    """
    from torch import nn

    if LIBRARY in sys.modules and sys.modules[LIBRARY] is None:
        del sys.modules[LIBRARY]  # left out of a host until a model needs it
    from torchao.quantization import Int8DynamicActivationInt8WeightConfig, quantize_

    def chosen(part: nn.Module, name: str) -> bool:
        return isinstance(part, nn.Linear) and INSIDE.search(name) is not None

    if not any(chosen(part, name) for name, part in module.named_modules()):
        raise BadInput(
            f"dynamic_int8 of {type(module).__name__} in torch (no linear layer)",
            "linear layers that torchao quantises",
            "choose the runtime onnxruntime",
        )
    # its settings for Inductor reach beyond this module; the default of the library stays
    config = Int8DynamicActivationInt8WeightConfig(set_inductor_config=False)
    quantize_(module, config, filter_fn=chosen)


def flat(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A state with each quantised weight taken apart into its integers and scales."""
    found = {}
    for name, tensor in state.items():
        apart: Any = tensor
        if hasattr(tensor, "qdata"):
            found[name], found[name + SCALE] = apart.qdata, apart.scale
        else:
            found[name] = tensor
    return {name: tensor.contiguous() for name, tensor in found.items()}


def fit(module: nn.Module, weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Put the quantised weights, as ``flat`` took them apart, into their modules.

    Returns:
        A state that ``module`` can load strictly.
    """
    from torch import nn

    state = dict(weights)
    scales = [name for name in weights if name.endswith(SCALE)]
    like = _template() if scales else None
    for name in scales:
        path = name.removesuffix(SCALE)
        part: Any = module.get_submodule(path.rpartition(".")[0])
        state[path] = _tensor(like, weights[path], state.pop(name))
        part.weight = nn.Parameter(state[path], requires_grad=False)
    return state


def _template() -> Any:
    """A weight as this torchao makes it: it knows how activations are quantised."""
    from torch import nn

    one = nn.Linear(8, 8)
    quantise(nn.ModuleDict({"layer": nn.ModuleList([nn.ModuleList([one])])}))
    return one.weight


def _tensor(like: Any, values: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    import torch

    made: torch.Tensor = type(like)(
        values,
        scale,
        [1, values.shape[1]],
        torch.float32,
        zero_point=torch.zeros_like(scale, dtype=torch.int8),
        act_quant_kwargs=like.act_quant_kwargs,
    )
    return made
