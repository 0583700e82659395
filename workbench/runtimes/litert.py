"""LiteRT (TensorFlow Lite), one row at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np

from workbench.core.artifact import Predictor
from workbench.core.deps import needs
from workbench.core.knobs import Span
from workbench.formats.inputs import reader
from workbench.formats.keras import MODEL
from workbench.recipes.registry import runtime


@dataclass(frozen=True)
class LiteRt:
    """LiteRT with its XNNPACK kernels; a batch is answered row by row.

    Source:
        https://ai.google.dev/edge/litert
    """

    name: ClassVar[str] = "litert"
    threads: Annotated[int, Span(1, 64, 1, "threads inside one operator")] = 1


class LiteRtSession:
    """Answers from a LiteRT artifact."""

    def __init__(self, folder: Path, config: LiteRt) -> None:
        with needs("tf", why="the runtime litert"):
            from ai_edge_litert.interpreter import Interpreter
        self._interpreter: Any = Interpreter(str(folder / MODEL), num_threads=config.threads)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._read = reader(folder)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """What the network takes, (len(texts), …)."""
        return self._read(texts)[0]

    def forward(self, batch: np.ndarray) -> np.ndarray:
        """Logits, float32 (rows, classes)."""
        found = []
        for row in batch:
            self._interpreter.set_tensor(self._input, row[None])
            self._interpreter.invoke()
            found.append(self._interpreter.get_tensor(self._output)[0])
        return np.asarray(found, dtype=np.float32)

    def predict(self, texts: Sequence[str]) -> np.ndarray:
        """Logits, float32 (len(texts), classes)."""
        return self.forward(self.encode(texts))

    def close(self) -> None:
        """Give the memory back."""
        self._interpreter = None


@runtime(LiteRt, format="tflite", module="ai_edge_litert", extra="tf")
def open_litert(folder: Path, config: LiteRt) -> Predictor:
    """A session on ``config.threads`` threads."""
    return LiteRtSession(folder, config)
