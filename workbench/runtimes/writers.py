"""Which runtimes write, and how each is opened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput
from workbench.core.knobs import build
from workbench.runtimes.decoder import Decoder
from workbench.runtimes.torch import Torch, no_device
from workbench.runtimes.torch_decoder import TorchDecoder

WRITERS = {Torch.name: (Torch, TorchDecoder)}


def checked(runtime: Mapping[str, Any]) -> Any:
    """The config of a runtime that writes, from plain data.

    Raises:
        BadInput: for another runtime, or a setting outside its domain, or a device that is absent.
    """
    name = runtime.get("name")
    if not isinstance(name, str) or name not in WRITERS:
        raise BadInput(f"runtime {name!r:.60}", f"one of {', '.join(WRITERS)}", "choose one")
    settings = {key: value for key, value in runtime.items() if key != "name"}
    config = build(WRITERS[name][0], settings)
    if why := no_device(config):
        raise BadInput(f"device {config.device}", f"one that is here ({why})", "choose cpu")
    return config


def opened(folder: Path, runtime: Mapping[str, Any]) -> Decoder:
    """A session that writes.

    Raises:
        BadInput: as ``checked`` does, or if the model cannot be opened.
    """
    return WRITERS[runtime["name"]][1](folder, checked(runtime))
