"""A runtime for tests: what it does is written in ``toy.json`` of the artifact folder."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np

from workbench.core.errors import BadInput
from workbench.core.knobs import Span
from workbench.recipes.registry import runtime


@dataclass(frozen=True)
class Toy:
    name: ClassVar[str] = "toy"
    threads: Annotated[int, Span(1, 64, 1)] = 1


def misbehave(how: str) -> None:
    if how == "refuse":
        raise BadInput("toy.json", "a better toy", "buy one")
    if how == "exit":
        print("the toy broke", file=sys.stderr, flush=True)
        os._exit(7)
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "hang":
        time.sleep(600)


class ToySession:
    def __init__(self, folder: Path) -> None:
        self.folder, self.does = folder, json.loads((folder / "toy.json").read_text())
        (folder / "opening").touch()
        misbehave(self.does.get("open", ""))
        if os.environ["OMP_NUM_THREADS"] == self.does.get("shy"):
            misbehave("refuse")

    def encode(self, texts):
        return [len(text) for text in texts]

    def forward(self, batch):
        print("a library that talks")
        start = time.monotonic()
        time.sleep(self.does.get("seconds", 0.0) * len(batch))
        with (self.folder / "busy.txt").open("a") as log:
            log.write(f"{start} {time.monotonic()}\n")
        misbehave(self.does.get("predict", ""))
        if len(batch) > self.does.get("most", len(batch)):
            misbehave("killed")
        if self.does.get("logits") == "process":
            row = [float(os.environ["OMP_NUM_THREADS"]), float("torch" in sys.modules)]
            return np.array([row] * len(batch), dtype=np.float32)
        return np.array([[n, -n, 0.5] for n in batch], dtype=np.float32)

    def predict(self, texts):
        return self.forward(self.encode(texts))

    def close(self):
        pass


@runtime(Toy, format="torch")
def open_toy(folder, config):
    return ToySession(folder)
