"""Look a model through and load it once, in a process of its own that can do no harm."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from workbench.core.errors import BadInput
from workbench.models.keras_file import beside
from workbench.models.limits import LOADED_PER_S, SECONDS, TRUST, WEIGHT_BYTES
from workbench.models.sizes import memory
from workbench.models.weights import KINDS


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
    with TemporaryDirectory(prefix="workbench-load-") as scratch:
        order = [sys.executable, "-P", "-m", "workbench.jobs.loader", name, str(place)]
        try:
            ended = subprocess.run(
                [*order, str(home), scratch],
                env=_environment(scratch),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=seconds,
            )
        except subprocess.TimeoutExpired as err:
            raise _late(place, seconds) from err
    return _answer(ended, place, seconds)


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


def _environment(scratch: str) -> dict[str, str]:
    """No hub, no threads that each reserve memory, temporary files where they are swept."""
    own = {
        "HF_HUB_OFFLINE": "1",
        "TMPDIR": scratch,
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        "JOBLIB_MULTIPROCESSING": "0",  # it tries a semaphore of the system when it is imported
    }
    return {**os.environ, **own, "TOKENIZERS_PARALLELISM": "false", "RAYON_NUM_THREADS": "1"}


def _answer(
    ended: subprocess.CompletedProcess[bytes], place: Path, seconds: int
) -> dict[str, Any]:
    try:
        told = json.loads(ended.stdout)
    except ValueError as err:
        if ended.returncode == -getattr(signal, "SIGXCPU", 0):
            raise _late(place, seconds) from err
        raise BadInput(
            f"{_name(place)} ({_end(ended.returncode)})",
            "a model that can be loaded within bounded memory",
            TRUST,
        ) from err
    if isinstance(told.get("error"), Mapping):
        raise BadInput(**told["error"])
    return dict(told)


def _end(code: int) -> str:
    """How the process ended, in words."""
    return (
        f"loading it ended with {signal.Signals(-code).name if code < 0 else f'exit code {code}'}"
    )


def _late(place: Path, seconds: int) -> BadInput:
    return BadInput(_name(place), f"a model that is loaded within {seconds} s", TRUST)


def _name(place: Path) -> str:
    return place.name if place.name.isprintable() else ascii(place.name)
