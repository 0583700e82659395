"""PyTorch as a decoder: ``generate`` of transformers, the usual reference."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np

from workbench.formats import about
from workbench.formats.prompts import Prompts
from workbench.formats.state import network
from workbench.formats.torch import load
from workbench.recipes.registry import writer
from workbench.runtimes.decoder import NONE, Sampling, filled
from workbench.runtimes.sampler import COLDEST
from workbench.runtimes.torch import Torch
from workbench.runtimes.torch_compile import TorchCompile

WAIT_S = 0.05  # for a step, before it is told that none has come


@writer(Torch)
class TorchDecoder:
    """Writes with a Hugging Face causal language model, in float32 on the processor.

    Args:
        folder: of the model.
        config: threads and device.

    Raises:
        BadInput: if tokenizer, configuration and weights do not fit each other.
    """

    def __init__(self, folder: Path, config: Torch | TorchCompile) -> None:
        import torch

        torch.set_num_threads(config.threads)
        self.prompts = Prompts(folder)
        self._model: Any = _model(folder, config.device).to(config.device).eval()
        self._device = config.device
        self._how: dict[str, Any] = {}  # further settings of ``generate``
        # one for all that is written: graphs of kernels belong to the thread that recorded them
        self._thread = ThreadPoolExecutor(1, "writing")

    def close(self) -> None:
        """Give the weights back."""
        self._thread.shutdown()
        self._model = None

    def logits(self, rows: Sequence[Sequence[int]]) -> np.ndarray:
        """As ``Decoder`` has it."""
        import torch

        ids, mask = (torch.from_numpy(x).to(self._device) for x in filled(rows, left=False))
        with torch.inference_mode():
            found = self._model(input_ids=ids, attention_mask=mask, use_cache=False).logits
        return np.asarray(found.float().cpu().numpy())

    def generate(
        self, rows: Sequence[Sequence[int]], sampling: Sampling, endless: bool = False
    ) -> Iterator[np.ndarray]:
        """As ``Decoder`` has it; the model runs in a thread, and stops when nobody listens."""
        ends = [] if endless else sorted(self.prompts.ends)
        steps: SimpleQueue[Any] = SimpleQueue()
        stop = threading.Event()

        def work() -> None:
            try:
                self._generate(rows, sampling, ends, steps.put, stop)
                steps.put(None)
            except BaseException as err:  # a panic of a library too; whoever listens raises it
                steps.put(err)

        working = self._thread.submit(work)
        open_rows = np.ones(len(rows), dtype=bool)
        try:
            while open_rows.any():
                step = _next(steps)
                if step is None:
                    return
                found = np.where(open_rows, step, NONE)
                open_rows &= ~np.isin(found, ends)
                yield np.where(open_rows, found, NONE)
        finally:
            stop.set()
            working.result()

    def _generate(
        self,
        rows: Sequence[Sequence[int]],
        sampling: Sampling,
        ends: Sequence[int],
        tell: Callable[[Any], None],
        stop: threading.Event,
    ) -> None:
        import torch
        from transformers.generation.stopping_criteria import StoppingCriteriaList
        from transformers.generation.streamers import BaseStreamer

        class Steps(BaseStreamer):
            """Hands every step on; the prompt comes first and is passed over."""

            begun = False

            def put(self, value: Any) -> None:
                if self.begun:
                    tell(value.reshape(-1).cpu().numpy().astype(np.int64))
                self.begun = True

            def end(self) -> None:
                return None

        ids, mask = (torch.from_numpy(x) for x in filled(rows, left=True))
        torch.manual_seed(sampling.seed)
        draws = sampling.temperature >= COLDEST
        drawn = {"temperature": float(sampling.temperature), "top_p": float(sampling.top_p)}
        with torch.inference_mode():
            self._model.generate(
                input_ids=ids.to(self._device),
                attention_mask=mask.to(self._device),
                max_new_tokens=min(sampling.tokens, self.prompts.positions - ids.shape[1]),
                do_sample=draws,
                streamer=Steps(),
                stopping_criteria=StoppingCriteriaList([lambda *_, **__: stop.is_set()]),
                eos_token_id=list(ends) or None,
                pad_token_id=ends[0] if ends else 0,
                **({**drawn, "top_k": 0} if draws else {}),
                **self._how,
            )


def _next(steps: SimpleQueue[Any]) -> Any:
    """The next token of each row; ``NONE`` where none has come yet, None where none will."""
    try:
        step = steps.get(timeout=WAIT_S)
    except Empty:  # a long prompt is being read
        return NONE
    if isinstance(step, BaseException):
        raise RuntimeError(f"{type(step).__name__}: {step}") from step
    return step


def _model(folder: Path, device: str) -> Any:
    """The network: of an artifact as it was saved, of others in float32 on the processor."""
    import torch
    from transformers import AutoModelForCausalLM

    if about.describes(folder):
        return load(folder).payload.model
    return network(folder, AutoModelForCausalLM, torch.float32 if device == "cpu" else None)
