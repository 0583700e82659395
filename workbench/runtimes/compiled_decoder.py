"""PyTorch as a compiled decoder: keys and values in tensors of one size, one graph per step."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from workbench.formats.quantised import is_quantised
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
        super().__init__(folder, config)
        settings = compiling(config.device, whole_numbers(self._model))
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


def compiling(device: str, whole: bool) -> Any:
    """How the steps are compiled: on a GPU its own default, which records graphs of kernels.

    Args:
        device: ``cpu`` or ``cuda``.
        whole: whether weights are whole numbers of 8 bits. Their products shall be with weights
            that were widened before: the kernel that Inductor puts in their place takes as long
            for every row again (on an H200, for 32 rows, 29 times as long).

    Source:
        https://github.com/pytorch/pytorch/pull/161680, which put it there.
    """
    from transformers import CompileConfig

    if device == "cpu":
        return CompileConfig(mode="default")
    if not whole:
        return CompileConfig()
    options = {"triton.cudagraphs": True, "pattern_matcher": False}
    return CompileConfig(mode=None, options=options)  # type: ignore[arg-type]  # one or the other


def whole_numbers(model: Any) -> bool:
    """Whether a model has weights in INT8."""
    import torch

    weights = (weight for weight in model.parameters() if is_quantised(weight))
    return any(weight.qdata.dtype == torch.int8 for weight in weights)


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
