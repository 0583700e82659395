"""PyTorch as a compiled decoder: keys and values in tensors of one size, one graph per step."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from workbench.formats.quiet import quiet
from workbench.recipes.registry import writer
from workbench.runtimes.decoder import Sampling
from workbench.runtimes.torch_compile import TorchCompile, kernels_in_home
from workbench.runtimes.torch_decoder import TorchDecoder

CACHE = 512  # tokens that the cache has room for; a longer text makes it larger, compiled anew
WARM_UP = 3  # tokens: the prompt is read as it comes, the second step is compiled


@writer(TorchCompile)
class CompiledDecoder(TorchDecoder):
    """Writes with ``generate`` of transformers, its cache static and its steps compiled.

    A step for one row is compiled when it is opened, which takes its time (``compile_seconds``);
    one for another number of rows when it is first asked for. Prompts are read uncompiled.

    Args:
        folder: of the model.
        config: threads and device.

    Raises:
        BadInput: as ``TorchDecoder`` does.

    Source:
        https://huggingface.co/docs/transformers/llm_optims (static cache and torch.compile).
    """

    def __init__(self, folder: Path, config: TorchCompile) -> None:
        kernels_in_home(config.device)
        from transformers import CompileConfig

        super().__init__(folder, config)
        # on a GPU its own default, which records graphs of kernels
        settings: Any = (
            CompileConfig() if config.device == "cuda" else CompileConfig(mode="default")
        )
        settings._compile_all_devices = True  # the library's switch for the processor
        self._how = {"cache_implementation": "static", "compile_config": settings}
        # what it takes for the size of the last cache: the next one is not smaller
        self._model._previous_max_cache_length = min(CACHE, self.prompts.positions)
        started = time.perf_counter()
        if config.device == "cuda":
            self._thread.submit(_graphs_here).result()
        with quiet():
            list(self.generate([[0] * 4], Sampling(WARM_UP), endless=True))
        self.compile_seconds = time.perf_counter() - started


def _graphs_here() -> None:
    """Let this thread record graphs of kernels, whichever thread imported the library first.

    Source:
        https://github.com/pytorch/pytorch/issues/123177; torch 2.13 does it by itself.
    """
    import threading
    from collections import defaultdict

    from torch._inductor.cudagraph_trees import local

    if not hasattr(local, "tree_manager_containers"):
        local.tree_manager_containers = {}
        local.tree_manager_locks = defaultdict(threading.Lock)
