"""PyTorch, eager."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np

from workbench.core.artifact import Predictor
from workbench.core.knobs import Choice, Span
from workbench.formats.tokens import Tokens
from workbench.recipes.machine import no_cuda
from workbench.recipes.registry import runtime

if TYPE_CHECKING:
    import torch

DEVICES = Choice(("cpu", "cuda"), "where it computes")


@dataclass(frozen=True)
class Torch:
    """PyTorch as it comes: each operator by itself. The usual reference.

    Source:
        Paszke et al. 2019, arXiv:1912.01703.
    """

    name: ClassVar[str] = "torch"
    threads: Annotated[int, Span(1, 64, 1, "threads inside one operator")] = 1
    device: Annotated[str, DEVICES] = "cpu"


class TorchSession:
    """Answers from a torch artifact.

    Args:
        folder: of the artifact.
        threads: inside one operator, on the processor.
        device: ``cpu`` or ``cuda``.
    """

    def __init__(self, folder: Path, threads: int, device: str = "cpu") -> None:
        import torch

        from workbench.formats.torch import load

        torch.set_num_threads(threads)
        self._device = device
        self._module: Any = load(folder).payload.to(device)
        self._tokens = Tokens.at(folder)

    def encode(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Token ids and mask, int64 (len(texts), longest)."""
        import torch

        ids, mask = self._tokens.batch(texts)
        return torch.from_numpy(ids), torch.from_numpy(mask)

    def forward(self, batch: tuple[torch.Tensor, torch.Tensor]) -> np.ndarray:
        """Logits, float32 (rows, classes); copying them back waits for the device."""
        import torch

        with torch.inference_mode():
            there = (tensor.to(self._device) for tensor in batch)
            return np.asarray(self._module(*there).float().cpu().numpy())

    def predict(self, texts: Sequence[str]) -> np.ndarray:
        """Logits, float32 (len(texts), classes)."""
        return self.forward(self.encode(texts))

    def close(self) -> None:
        """Give the weights back."""
        self._module = None


def no_device(config: Any) -> str:
    """Why the device of a config cannot be used here; empty if it can."""
    return no_cuda() if config.device == "cuda" else ""


@runtime(Torch, format="torch", usable=no_device)
def open_torch(folder: Path, config: Torch) -> Predictor:
    """A session on ``config.threads`` threads, or on the GPU."""
    return TorchSession(folder, config.threads, config.device)
