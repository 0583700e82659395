"""Where a training stands, on disk: killed at any moment, it goes on from there."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.store import replacing, sweep, write_json

if TYPE_CHECKING:
    import torch

EVERY_S = 20.0  # between two of them, at least
SOONER_S = 2.0  # the same at the end of an epoch
STATE, TOLD = "state.safetensors", "told.json"


class Checkpoints:
    """The checkpoints of one training; each is written once, and then the older ones go.

    Args:
        folder: holds one folder for each, named after its step.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last = time.monotonic()
        sweep(folder)  # what a killed one left half-written

    def newest(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]] | None:
        """Tensors and plain data of the newest one that can be read."""
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        for one in self._all():
            with suppress(OSError, ValueError, SafetensorError):
                told = json.loads((one / TOLD).read_text(encoding="utf-8"))
                return dict(load_file(one / STATE)), dict(told)
        return None

    def due(self, epoch_ends: bool) -> bool:
        """Whether it is time for another."""
        return time.monotonic() - self._last >= (SOONER_S if epoch_ends else EVERY_S)

    def keep(
        self,
        step: int,
        tensors: Callable[[], Mapping[str, torch.Tensor]],
        told: Mapping[str, Any],
    ) -> None:
        """Write one; a training whose disk is full goes on without."""
        from safetensors.torch import save_file

        older = self._all()
        with suppress(OSError), replacing(self._folder / f"{step:09d}") as temporary:
            temporary.mkdir()
            whole = {name: x.detach().contiguous() for name, x in tensors().items()}
            save_file(whole, temporary / STATE)
            write_json(temporary / TOLD, dict(told))
        if (self._folder / f"{step:09d}").is_dir():
            for one in older:
                shutil.rmtree(one, ignore_errors=True)
        self._last = time.monotonic()

    def forget(self) -> None:
        """Remove them: the training has ended."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _all(self) -> list[Path]:
        """The newest first."""
        found = [x for x in self._folder.glob("[0-9]*") if x.is_dir()]
        return sorted(found, reverse=True)
