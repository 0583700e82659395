"""A model in one format, and what a loaded one can answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np


@dataclass(frozen=True)
class Artifact:
    """A model on disk or in memory, of one format.

    Args:
        format: ``torch``, ``onnx``, ``openvino``, ``sklearn``, ``keras`` or ``tflite``.
        folder: of its files; of one in memory the folder it was read from, with its tokenizer.
        labels: class names, in the order of the logits; empty for an encoder without a head.
        payload: the loaded module, or None while it lies on disk only.
    """

    format: str
    folder: Path
    labels: tuple[str, ...] = ()
    payload: Any = None


class Predictor(Protocol):
    """A session for classification: answers from strings."""

    def predict(self, texts: Sequence[str]) -> np.ndarray:
        """Logits, float32 (len(texts), classes), in the order of ``texts``; one batch."""

    def encode(self, texts: Sequence[str]) -> Any:
        """Tokenise only: what ``forward`` takes."""

    def forward(self, batch: Any) -> np.ndarray:
        """Run the model alone on an encoded batch; logits as in ``predict``."""

    def close(self) -> None:
        """Give the memory back."""


@dataclass(frozen=True)
class Context:
    """What a technique may use besides the artifact and its own settings.

    Args:
        workspace: an empty folder for files it makes; removed with the job.
        calibration: texts from the training split, never from validation or test.
        training: (texts, class indices) of the training split, or (prompts, targets).
        chat: whether those prompts have a chat template around them.
        unlabelled: texts of the user's without labels; empty if there are none.
        teacher: the model before anything was changed; techniques leave it as it is.
        report: ``report(stage, done, total)``, both whole numbers.
        loss: ``loss(step, value, accuracy)``: of training; accuracy in [0, 1], or None.
        cancelled: answers True once the user has asked to stop; check it between steps.
    """

    workspace: Path
    calibration: tuple[str, ...] = ()
    training: tuple[tuple[str, ...], tuple[Any, ...]] = ((), ())
    chat: bool = False
    unlabelled: tuple[str, ...] = ()
    teacher: Artifact | None = None
    report: Callable[[str, int, int], None] = field(default=lambda *_: None)
    loss: Callable[[int, float, float | None], None] = field(default=lambda *_: None)
    cancelled: Callable[[], bool] = field(default=lambda: False)
    seed: int = 0
    device: str = "cpu"
