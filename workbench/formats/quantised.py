"""Layers that torchao has quantised, as plain tensors for safetensors and back."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.core.artifact import Artifact, Context
from workbench.core.errors import BadInput

if TYPE_CHECKING:
    import torch
    from torch import nn

INSIDE = re.compile(r"(?:^|\.)(?:layers?|h)\.\d+\.")  # a layer of the network, by its name
LIBRARY = "torchao"
NAMES = "tensor_names"  # in the metadata of a file, where the library has taken weights apart


def quantise(module: nn.Module, config: Any, name: str, device: str | None = None) -> None:
    """Quantise the linear layers of ``module`` in place; its head stays in float.

    Args:
        module: the network.
        config: one of torchao's.
        name: of the technique.
        device: where each layer is quantised, and stays.

    Raises:
        BadInput: if there is none, or one that the library would pass over without a word.
    """
    from torch import nn
    from torchao.quantization import quantize_

    def chosen(part: nn.Module, path: str) -> bool:
        return isinstance(part, nn.Linear) and INSIDE.search(path) is not None

    parts = [part for path, part in module.named_modules() if chosen(part, path)]
    if not parts:
        raise _not_linear(name, type(module).__name__, "no linear layer")
    quantize_(module, config, filter_fn=chosen, device=device)
    left = next((part for part in parts if not is_quantised(part.weight)), None)
    if left is not None:
        shape = "x".join(str(size) for size in left.weight.shape)
        raise _not_linear(name, type(module).__name__, f"a layer of {shape}")


def weights_alone(artifact: Artifact, config: Any, name: str, context: Context) -> Artifact:
    """A copy in bfloat16 whose linear layers hold quantised weights.

    Made on the GPU where there is one: INT4 is laid out there.

    Args:
        artifact: a loaded torch artifact.
        config: one of torchao's.
        name: of the technique.
        context: is told that it has begun.

    Raises:
        BadInput: as ``quantise`` does.
    """
    import torch

    from workbench.formats.torch import copy

    context.report("quantise", 0, 0)
    small = copy(artifact)
    device = "cuda" if torch.cuda.is_available() else None
    quantise(small.payload.to(torch.bfloat16), config, name, device)
    small.payload.to("cpu")
    return small


def _not_linear(name: str, network: str, why: str) -> BadInput:
    return BadInput(
        f"{name} of {network} in torch ({why})",
        "linear layers that torchao quantises",
        "choose the runtime onnxruntime or openvino",
    )


def library() -> Any:
    """The part of torchao that quantises, brought back where a host had left it out."""
    if LIBRARY in sys.modules and sys.modules[LIBRARY] is None:
        del sys.modules[LIBRARY]
    import torchao.quantization

    return torchao.quantization


def is_quantised(tensor: Any) -> bool:
    """Whether the library has taken this weight over."""
    return hasattr(tensor, "qdata")


def flat(state: dict[str, torch.Tensor]) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """A state with each quantised weight taken apart, and the metadata to put it together."""
    metadata: dict[str, str] = {}
    if any(is_quantised(tensor) for tensor in state.values()):
        library()
        from torchao.prototype.safetensors.safetensors_support import flatten_tensor_state_dict

        state, metadata = flatten_tensor_state_dict(state)
    return {name: tensor.contiguous() for name, tensor in state.items()}, metadata


def read(path: Path) -> dict[str, torch.Tensor]:
    """The state that lies in a file, its quantised weights put together again.

    Raises:
        ValueError: for metadata that is not the library's.
    """
    from safetensors import safe_open
    from safetensors.torch import load_file

    with safe_open(path, "pt") as opened:
        metadata = opened.metadata() or {}
    state: dict[str, torch.Tensor] = load_file(path)
    if NAMES not in metadata:
        return state
    library()
    from torchao.prototype.safetensors.safetensors_support import unflatten_tensor_state_dict
    from torchao.prototype.safetensors.safetensors_utils import is_metadata_torchao

    if not is_metadata_torchao(metadata):
        raise ValueError("its metadata does not tell how its weights are put together")
    whole, left = unflatten_tensor_state_dict(state, metadata)
    if left:
        raise ValueError(f"{next(iter(left))} belongs to no weight")
    return dict(whole)


def fit(module: nn.Module, state: dict[str, torch.Tensor]) -> None:
    """Put the quantised weights of a state into their modules, which can then load it."""
    from torch import nn

    for path, tensor in state.items():
        if is_quantised(tensor):
            part: Any = module.get_submodule(path.rpartition(".")[0])
            part.weight = nn.Parameter(tensor, requires_grad=False)
