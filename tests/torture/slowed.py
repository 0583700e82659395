"""Runtimes for the proofs: made slower on purpose, by a share of each call's time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import workbench.runtimes  # noqa: F401  (the reference's own)
from workbench.core.artifact import Predictor
from workbench.core.knobs import Span
from workbench.recipes.registry import runtime
from workbench.runtimes.sklearn import SklearnSession
from workbench.runtimes.torch import TorchSession


@dataclass(frozen=True)
class Slowed:
    name: ClassVar[str] = "slowed"
    threads: Annotated[int, Span(1, 64, 1)] = 1
    percent: Annotated[int, Span(0, 100, 1)] = 10


@dataclass(frozen=True)
class SlowedPlain:
    name: ClassVar[str] = "slowed_plain"
    threads: Annotated[int, Span(1, 1, 1)] = 1
    percent: Annotated[int, Span(0, 100, 1)] = 10


class SlowedSession:
    """Works on after every answer, until the call has taken so much longer."""

    def __init__(self, plain: Predictor, percent: int) -> None:
        self._plain, self._share = plain, 1 + percent / 100

    def encode(self, texts: Any) -> Any:
        return self._plain.encode(texts)

    def forward(self, batch: Any) -> Any:
        return self._longer(self._plain.forward, batch)

    def predict(self, texts: Any) -> Any:
        return self._longer(self._plain.predict, texts)

    def close(self) -> None:
        self._plain.close()

    def _longer(self, work: Callable[[Any], Any], given: Any) -> Any:
        start = time.perf_counter()
        answer = work(given)
        until = start + (time.perf_counter() - start) * self._share
        while time.perf_counter() < until:
            pass
        return answer


@runtime(Slowed, format="torch")
def open_slowed(folder, config):
    return SlowedSession(TorchSession(folder, config.threads), config.percent)


@runtime(SlowedPlain, format="sklearn")
def open_slowed_plain(folder, config):
    return SlowedSession(SklearnSession(folder), config.percent)
