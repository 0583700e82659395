"""scikit-learn: counts of words and characters, and one matrix product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np

from workbench.core.artifact import Predictor
from workbench.core.knobs import Span
from workbench.formats.sklearn import encoder, load
from workbench.recipes.registry import runtime


@dataclass(frozen=True)
class Sklearn:
    """The plain baseline's own runtime: TF-IDF + logistic regression, on one thread.

    Source:
        Pedregosa et al. 2011, "Scikit-learn: Machine Learning in Python", JMLR 12.
    """

    name: ClassVar[str] = "sklearn"
    threads: Annotated[int, Span(1, 1, 1, "it works on one thread")] = 1


class SklearnSession:
    """Answers from a baseline artifact."""

    def __init__(self, folder: Path) -> None:
        model = load(folder)
        self._encode = encoder(model.terms, model.idf)
        self._weight: Any = np.ascontiguousarray(model.weight.T)
        self._bias = model.bias

    def encode(self, texts: Sequence[str]) -> Any:
        """TF-IDF values, sparse float32 (len(texts), terms)."""
        return self._encode(texts)

    def forward(self, batch: Any) -> np.ndarray:
        """Logits, float32 (rows, classes)."""
        return np.asarray(batch @ self._weight + self._bias, dtype=np.float32)

    def predict(self, texts: Sequence[str]) -> np.ndarray:
        """Logits, float32 (len(texts), classes)."""
        return self.forward(self.encode(texts))

    def close(self) -> None:
        """Give the memory back."""
        self._weight = None


@runtime(Sklearn, format="sklearn")
def open_sklearn(folder: Path, config: Sklearn) -> Predictor:
    """A session on one thread."""
    return SklearnSession(folder)
