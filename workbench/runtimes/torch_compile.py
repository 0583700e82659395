"""PyTorch compiled by Inductor: fewer and larger kernels, built by a C++ compiler."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from workbench.core.artifact import Predictor
from workbench.core.home import home
from workbench.core.knobs import Span
from workbench.formats.quiet import quiet
from workbench.recipes.machine import no_compiler
from workbench.recipes.registry import runtime
from workbench.runtimes.torch import DEVICES, TorchSession, no_device

if TYPE_CHECKING:
    import torch

# one text alone is a graph of its own (a size of 1 is taken for a constant), two and more another
WARM_UP = ((1, 7), (1, 12), (2, 9), (3, 5))


@dataclass(frozen=True)
class TorchCompile:
    """PyTorch compiled for any batch and length before the first answer; that takes its time.

    Source:
        Ansel et al. 2024, "PyTorch 2", ASPLOS, doi:10.1145/3620665.3640366.
    """

    name: ClassVar[str] = "torch_compile"
    threads: Annotated[int, Span(1, 64, 1, "threads inside one operator")] = 1
    device: Annotated[str, DEVICES] = "cpu"


def kernels_in_home(device: str) -> None:
    """Keep what is compiled in the home; for the processor, compile in this process only.

    Inductor's own place is a folder under ``/tmp`` whose name others know. A GPU's kernels are
    many, and processes that have compiled them take nothing from it.
    """
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(home() / "cache" / "compiled")
    import torch._inductor.config

    if device == "cpu":  # no processes beside the one that is timed
        torch._inductor.config.compile_threads = 1


class CompiledSession(TorchSession):
    """Answers from a torch artifact, its graphs compiled when it is opened.

    ``compile_seconds`` is what that took.
    """

    def __init__(self, folder: Path, threads: int, device: str) -> None:
        kernels_in_home(device)
        import torch

        super().__init__(folder, threads, device)
        self._module = torch.compile(self._module, dynamic=True)
        started = time.perf_counter()
        with quiet():
            for rows, length in WARM_UP:
                ids = torch.ones(rows, length, dtype=torch.long)
                # a mask of its own: one tensor for both would be a guard that no call passes
                self.forward((ids, torch.ones_like(ids)))
        self.compile_seconds = time.perf_counter() - started

    def encode(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Token ids and mask, int64 (len(texts), longest), never of a single column.

        A length of 1 would be compiled anew; the mask covers the column that is added.
        """
        from torch.nn.functional import pad

        ids, mask = super().encode(texts)
        return (ids, mask) if ids.shape[1] > 1 else (pad(ids, (0, 1)), pad(mask, (0, 1)))


def _cannot(config: TorchCompile) -> str:
    return no_device(config) or no_compiler()


@runtime(TorchCompile, format="torch", usable=_cannot)
def open_torch_compile(folder: Path, config: TorchCompile) -> Predictor:
    """A compiled session on ``config.threads`` threads, or on the GPU."""
    return CompiledSession(folder, config.threads, config.device)
