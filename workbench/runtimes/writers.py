"""Sessions that write, by the runtime of a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput
from workbench.core.knobs import build
from workbench.recipes.registry import RUNTIMES, WRITERS, reason
from workbench.runtimes.decoder import Decoder


def checked(runtime: Mapping[str, Any]) -> Any:
    """The config of a runtime that writes, from plain data.

    Raises:
        BadInput: for another runtime, a setting outside its domain, or an engine or device that
            is absent.
    """
    name = runtime.get("name")
    if not isinstance(name, str) or name not in WRITERS:
        known = ", ".join(sorted(WRITERS))
        raise BadInput(f"runtime {name!r:.60}", f"one of {known}", "choose one")
    settings = {key: value for key, value in runtime.items() if key != "name"}
    entry = RUNTIMES[name]
    config: Any = build(entry.config_type, settings)
    if why := reason(entry, config) or WRITERS[name].lacks():
        raise BadInput(f"runtime {name} ({why})", "one that works here", "choose torch on cpu")
    return config


def opened(folder: Path, runtime: Mapping[str, Any]) -> Decoder:
    """A session that writes.

    Raises:
        BadInput: as ``checked`` does, or if the model cannot be opened.
    """
    made: Decoder = WRITERS[runtime["name"]](folder, checked(runtime))
    return made
