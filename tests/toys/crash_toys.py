"""Sessions that cost nothing, so that a sweep takes seconds and can be killed many times.

All else is real: server, worker, hosts, store. Opening one starts a helper in a session of its
own, as some libraries do.
"""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import numpy as np

import workbench.runtimes  # noqa: F401
from workbench.core.knobs import Span
from workbench.recipes.registry import RUNTIMES, runtime

DEADLY = 999  # the number of a recipe whose reference kills the worker


@dataclass(frozen=True)
class Toy:
    """A runtime whose number makes one recipe different from another."""

    name: ClassVar[str] = "toy"
    number: Annotated[int, Span(1, 100000, 1)] = 1
    threads: Annotated[int, Span(1, 64, 1)] = 1


class ToySession:
    def __init__(self) -> None:
        subprocess.Popen(["sleep", "600"], start_new_session=True)

    def encode(self, texts):
        return [len(text) for text in texts]

    def forward(self, batch):
        time.sleep(0.0005 * len(batch))
        return np.array([[n, -n, 0.5] for n in batch], dtype=np.float32)

    def predict(self, texts):
        return self.forward(self.encode(texts))

    def close(self):
        pass


@runtime(Toy, format="torch", module="numpy")  # it needs no torch: a profile imports none
def open_toy(folder, config):
    if getattr(config, "number", 0) == DEADLY:
        os.kill(os.getppid(), 9)
        time.sleep(60)
    return ToySession()


RUNTIMES["torch"] = replace(RUNTIMES["torch"], opener=open_toy, module="numpy")
