"""A runtime that writes, for tests: each token takes a hundredth of a second and no processor."""

from __future__ import annotations

import fcntl
import time
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from workbench.core.knobs import Choice, Span
from workbench.recipes.registry import runtime, writer

TOKEN_S = 0.01


@dataclass(frozen=True)
class ToyWriter:
    name: ClassVar[str] = "toy"
    threads: Annotated[int, Span(1, 64, 1)] = 1
    device: Annotated[str, Choice(("cpu", "cuda"))] = "cpu"


class ToyPrompts:
    ends = frozenset({0})
    positions = 1_000

    def encode(self, prompt):
        return [1] * len(prompt)

    def text(self, ids):
        return "x" * len(ids)


@writer(ToyWriter)
class ToyDecoder:
    """With a file ``one_at_a_time`` in its folder, only one of all processes writes at a time."""

    prompts = ToyPrompts()

    def __init__(self, folder, config):
        self.lock = folder / "one_at_a_time"

    def generate(self, rows, sampling, endless=False):
        for _ in range(sampling.tokens):
            if self.lock.is_file():
                with self.lock.open() as held:
                    fcntl.flock(held, fcntl.LOCK_EX)
                    time.sleep(TOKEN_S)
            else:
                time.sleep(TOKEN_S)
            yield np.full(len(rows), 7, dtype=np.int64)


@runtime(ToyWriter, format="torch")
def open_toy(folder, config):
    raise NotImplementedError("it only writes")
