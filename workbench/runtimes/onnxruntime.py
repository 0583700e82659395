"""ONNX Runtime on the processor; its session loads neither torch nor transformers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np

from workbench.core.artifact import Predictor
from workbench.core.deps import needs
from workbench.core.knobs import Span
from workbench.formats.onnx import GRAPH, feed
from workbench.formats.tokens import Tokens
from workbench.recipes.machine import saturates
from workbench.recipes.registry import runtime


@dataclass(frozen=True)
class OnnxRuntime:
    """ONNX Runtime: the whole graph at once, operators fused, kernels for INT8.

    Streams answer several batches at once, each on its share of the threads, one at least; so
    ``streams`` above ``threads`` takes as many threads as streams. One text at a time is answered
    by one stream.

    Source:
        https://onnxruntime.ai/docs/performance/tune-performance/threading.html
    """

    name: ClassVar[str] = "onnxruntime"
    threads: Annotated[int, Span(1, 64, 1, "threads of all streams together")] = 1
    streams: Annotated[int, Span(1, 8, 1, "batches that are answered at once")] = 1

    @property
    def cores(self) -> int:
        """Threads that it really takes."""
        return max(self.threads, self.streams)


class OnnxSession:
    """Answers from an ONNX artifact.

    Args:
        folder: of the artifact.
        threads: inside one operator.
        providers: of ONNX Runtime, the preferred first.
        streams: batches answered at once by ``predict_many``.
    """

    def __init__(
        self,
        folder: Path,
        threads: int,
        providers: Sequence[str] = ("CPUExecutionProvider",),
        streams: int = 1,
    ) -> None:
        with needs("onnx", why="ONNX Runtime"):
            import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        if saturates():  # sums of u8 × s8 products, at 16 bits: take kernels that do not, which
            # cost 13 % there; on a processor that has better they would cost half of the speed
            options.add_session_config_entry("session.x64quantprecision", "1")
        # idle threads that spin would steal the cores from whoever is timed next
        options.add_session_config_entry("session.force_spinning_stop", "1")
        self._session: Any = onnxruntime.InferenceSession(
            str(folder / GRAPH), options, providers=list(providers)
        )
        self._tokens = Tokens.at(folder)
        self._pool = ThreadPoolExecutor(streams) if streams > 1 else None

    def providers(self) -> list[str]:
        """Those that really compute, the preferred first."""
        return list(self._session.get_providers())

    def encode(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """The graph's inputs, int64 (len(texts), longest)."""
        return feed(self._tokens.batch(texts))

    def forward(self, batch: dict[str, np.ndarray]) -> np.ndarray:
        """Logits, float32 (rows, classes)."""
        return np.asarray(self._session.run(None, batch)[0], dtype=np.float32)

    def predict(self, texts: Sequence[str]) -> np.ndarray:
        """Logits, float32 (len(texts), classes)."""
        return self.forward(self.encode(texts))

    def predict_many(self, batches: Sequence[Sequence[str]]) -> list[tuple[np.ndarray, float]]:
        """Logits of each batch and its seconds, in order; as many at once as there are streams.

        Both the tokenizer and the engine let other threads work meanwhile.
        """

        def timed(texts: Sequence[str]) -> tuple[np.ndarray, float]:
            begun = time.perf_counter()
            return self.predict(texts), time.perf_counter() - begun

        return list((self._pool.map if self._pool else map)(timed, batches))

    def close(self) -> None:
        """Give the memory back."""
        self._session = None
        if self._pool is not None:
            self._pool.shutdown()


@runtime(OnnxRuntime, format="onnx", module="onnxruntime", extra="onnx")
def open_onnxruntime(folder: Path, config: OnnxRuntime) -> Predictor:
    """A session with ``config.streams`` streams."""
    each = max(1, config.threads // config.streams)
    return OnnxSession(folder, each, streams=config.streams)
