"""Look a model through and load it once, in a process of its own that can do no harm."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from workbench.jobs.closed import Order, answered
from workbench.models.keras_file import beside
from workbench.models.limits import LOADED_PER_S, SECONDS, WEIGHT_BYTES
from workbench.models.sizes import memory
from workbench.models.weights import KINDS

LOADER, DOING = "workbench.jobs.loader", "loading it"


def inspect_loaded(name: str, home: Path) -> dict[str, Any]:
    """What ``models.inspect`` tells, and whether the model answers one input.

    Nothing in the folder is opened by this process. The other one may read the folder only and
    has bounded memory and time (``cage``); what becomes of it is the answer.

    Args:
        name: a catalogue id, a folder, or ``hf:owner/name``.
        home: ``WORKBENCH_HOME``.

    Raises:
        BadInput: if the model is refused, if its weights do not fit its configuration, if the
            folder changes meanwhile, or if it takes too much.
    """
    from workbench import models

    place = models.place(name, home)
    seconds = SECONDS + sizes(place) // LOADED_PER_S
    small = "a model that is loaded within bounded memory"
    quick = f"a model that is loaded within {seconds} s"
    given = (name, str(place), str(home))
    return answered(Order(LOADER, given, _name(place), DOING, small, quick, seconds))


def sizes(place: Path) -> int:
    """The most bytes that the weights of a folder may have, by names alone: no file is opened.

    Beside an index any file of its kind may be one of them; which are is read in the cage.
    """
    found = sum(x.stat().st_size for x in (place, *beside(place))) if place.is_file() else 0
    with suppress(OSError):  # what cannot be listed is refused later, with the reason
        for _, stem, suffix in KINDS:
            single = place / f"{stem}.{suffix}"
            if single.is_file():
                found = single.stat().st_size
                break
            if (place / f"{single.name}.index.json").is_file():
                shards = (x for x in os.scandir(place) if x.name.endswith(f".{suffix}"))
                found = sum(shard.stat().st_size for shard in shards if shard.is_file())
                break
    return bounded(found)


def bounded(found: int) -> int:
    """Bytes of weights, as far as they can be loaded here at all."""
    return min(found, WEIGHT_BYTES.most, memory())


def _name(place: Path) -> str:
    return place.name if place.name.isprintable() else ascii(place.name)
