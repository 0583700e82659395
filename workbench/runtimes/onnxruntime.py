"""ONNX Runtime on the processor; its session loads neither torch nor transformers."""

from __future__ import annotations

from collections.abc import Sequence
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

    Source:
        https://onnxruntime.ai/docs/performance/tune-performance/threading.html
    """

    name: ClassVar[str] = "onnxruntime"
    threads: Annotated[int, Span(1, 64, 1, "threads inside one operator")] = 1


class OnnxSession:
    """Answers from an ONNX artifact.

    Args:
        folder: of the artifact.
        threads: inside one operator.
        providers: of ONNX Runtime, the preferred first.
    """

    def __init__(
        self, folder: Path, threads: int, providers: Sequence[str] = ("CPUExecutionProvider",)
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

    def close(self) -> None:
        """Give the memory back."""
        self._session = None


@runtime(OnnxRuntime, format="onnx", module="onnxruntime", extra="onnx")
def open_onnxruntime(folder: Path, config: OnnxRuntime) -> Predictor:
    """A session on ``config.threads`` threads."""
    return OnnxSession(folder, config.threads)
