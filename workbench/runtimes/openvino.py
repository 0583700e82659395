"""OpenVINO on the processor, with as many streams as asked for."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np

from workbench.core.artifact import Predictor
from workbench.core.errors import BadInput
from workbench.core.knobs import Choice, Span
from workbench.formats.inputs import reader
from workbench.formats.openvino import GRAPH, engine
from workbench.recipes.machine import processor
from workbench.recipes.registry import runtime

Batch = list[np.ndarray]


@dataclass(frozen=True)
class OpenVino:
    """OpenVINO: the graph compiled for this processor; streams answer several batches at once.

    Every stream has at least one thread of its own, so ``streams`` above ``threads`` takes as
    many threads as streams. One text at a time is answered by one stream.

    Source:
        https://docs.openvino.ai/2026/openvino-workflow/running-inference/inference-devices-and-modes/cpu-device.html
    """

    name: ClassVar[str] = "openvino"
    threads: Annotated[int, Span(1, 64, 1, "threads of all streams together")] = 1
    streams: Annotated[int, Span(1, 8, 1, "batches that are answered at once")] = 1
    precision: Annotated[str, Choice(("f32", "bf16"), "arithmetic of what is not INT8")] = "f32"

    @property
    def cores(self) -> int:
        """Threads that it really takes."""
        return max(self.threads, self.streams)


class OpenVinoSession:
    """Answers from an OpenVINO artifact."""

    def __init__(self, folder: Path, config: OpenVino) -> None:
        openvino = engine("OpenVINO")
        self._compiled = compiled(folder, config, {"NUM_STREAMS": config.streams})
        self._request: Any = self._compiled.create_infer_request()
        self._queue: Any = openvino.AsyncInferQueue(self._compiled, config.streams)
        self._read = reader(folder)

    def encode(self, texts: Sequence[str]) -> Batch:
        """What the network takes: ``formats.inputs.reader``."""
        return self._read(texts)

    def forward(self, batch: Batch) -> np.ndarray:
        """Logits, float32 (rows, classes)."""
        return np.array(self._request.infer(batch, share_inputs=True)[0], dtype=np.float32)

    def predict(self, texts: Sequence[str]) -> np.ndarray:
        """Logits, float32 (len(texts), classes)."""
        return self.forward(self.encode(texts))

    def predict_many(self, batches: Sequence[Sequence[str]]) -> list[tuple[np.ndarray, float]]:
        """Logits of each batch and its seconds, in order; as many at once as there are streams."""
        found: list[Any] = [None] * len(batches)

        def keep(request: Any, told: tuple[int, float]) -> None:
            logits = np.array(request.get_output_tensor(0).data, dtype=np.float32)
            found[told[0]] = (logits, time.perf_counter() - told[1])

        self._queue.set_callback(keep)
        for place, texts in enumerate(batches):
            self._queue.get_idle_request_id()  # waits for a stream: its seconds begin now
            begun = time.perf_counter()
            self._queue.start_async(self.encode(texts), (place, begun))
        self._queue.wait_all()
        return found

    def close(self) -> None:
        """Give the memory back."""
        self._request = self._queue = self._compiled = None


def compiled(folder: Path, config: OpenVino, settings: dict[str, Any]) -> Any:
    """The graph of an artifact, compiled for this processor.

    Args:
        folder: of the artifact.
        config: threads and precision.
        settings: further properties of the engine.

    Raises:
        BadInput: if this processor cannot compute in the precision.
    """
    core = engine("OpenVINO").Core()
    if config.precision == "bf16" and "BF16" not in _capabilities(core):
        told = "openvino.precision = bf16"
        raise BadInput(told, "a processor that computes in bf16", "choose f32")
    general = {
        "INFERENCE_PRECISION_HINT": config.precision,  # its own default is bf16 on some
        "INFERENCE_NUM_THREADS": config.cores,
        "ENABLE_HYPER_THREADING": True,
    }
    return core.compile_model(folder / GRAPH, "CPU", {**general, **settings})


def _capabilities(core: Any) -> Sequence[str]:
    found: Sequence[str] = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return found


def no_bf16(config: Any) -> str:
    """Why this processor cannot compute in the precision; OpenVINO itself has the last word."""
    flags = processor()[1]
    lacking = config.precision == "bf16" and "avx2" in flags and "avx512f" not in flags
    return "this processor does not compute in bf16 (no AVX-512)" if lacking else ""


@runtime(OpenVino, format="openvino", module="openvino", extra="openvino", usable=no_bf16)
def open_openvino(folder: Path, config: OpenVino) -> Predictor:
    """A session with ``config.streams`` streams.

    Raises:
        BadInput: if this processor cannot compute in the precision.
    """
    return OpenVinoSession(folder, config)
