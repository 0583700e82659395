"""``python -m workbench.jobs.loader MODEL FOLDER HOME SCRATCH``: the process that ``load`` starts.

Its answer is one JSON document on standard output: what ``inspect`` tells, or ``{"error": …}``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from workbench.core.errors import BadInput
from workbench.jobs.load import bounded, sizes
from workbench.jobs.worker import die_with_parent, own_stdout
from workbench.models import cage
from workbench.models.baseline import is_baseline
from workbench.models.files import AGAIN, shown
from workbench.models.keras import is_keras
from workbench.models.keras_file import beside, read_into
from workbench.models.limits import COPIES, CPU_SECONDS, LOADED_PER_S, MEMORY
from workbench.models.tree import blobs, stamp
from workbench.models.weights import stored

WORDS = "Where is my order?"
READ = "model"  # where in the cage a Keras file is taken in


def main() -> None:
    """Import what is trusted, close the cage, look."""
    model, place, home, scratch = sys.argv[1], *map(Path, sys.argv[2:5])
    import tokenizers  # noqa: F401 (now: the cage counts memory and time from here on)
    import transformers  # noqa: F401

    import workbench.formats.torch
    from workbench import models  # noqa: F401

    if is_baseline(place):
        import sklearn.feature_extraction.text  # noqa: F401

        import workbench.runtimes.sklearn  # noqa: F401
    keras = place.is_file() or is_keras(place)
    if keras:
        _tensorflow()
    die_with_parent()
    out = own_stdout()
    around = (place, *(beside(place) if place.is_file() else ()))
    cage.close((*around, *blobs(place), home), scratch, MEMORY, CPU_SECONDS)
    weights = used(place)
    cage.bound(MEMORY + COPIES * weights, CPU_SECONDS + weights // LOADED_PER_S)
    try:
        told = looked_through(model, place, home, scratch, around)
    except BadInput as err:
        told = {"error": err.to_json()}
    out.write(json.dumps(told))
    out.flush()


def used(place: Path) -> int:
    """Bytes of the files that hold the weights; 0 where none can be told.

    Only they widen the cage: it is closed before, since an index may have to be read.
    """
    with suppress(BadInput, OSError):  # refused in a moment, with the reason
        return sizes(place) if place.is_file() else bounded(stored(place))
    return 0


def looked_through(
    model: str, place: Path, home: Path, scratch: Path | None = None, around: Sequence[Path] = ()
) -> dict[str, Any]:
    """The model's card and warnings; its weights have been read and have answered one input.

    Raises:
        BadInput: if it is refused, cannot be loaded, or its folder changes meanwhile.
    """
    from workbench import models

    try:
        before = stamp(place)
        if place.is_file() and scratch:
            told = _read_here(model, place, around, scratch / READ)
        else:
            told = models.inspect(model, home)
        if place.is_dir() and not is_keras(place):
            _answer(place, headed=bool(told["labels"]))
        else:
            _answer_keras(scratch / READ if scratch and place.is_file() else place)
    except BadInput:
        raise
    except BaseException as err:  # of a library at a loss: a panic of tokenizers is no Exception
        said = shown(" ".join(f"{type(err).__name__} {err}".split()))
        wanted = "a tokenizer and weights that fit each other"
        raise BadInput(f"{shown(place.name)} ({said})", wanted, AGAIN) from err
    if stamp(place) != before:
        changed = f"{shown(place.name)} (changed while it was read)"
        raise BadInput(changed, "a folder that stays as it is", "try again once it is written")
    return {**told, "loaded": True}


def _read_here(model: str, place: Path, around: Sequence[Path], folder: Path) -> dict[str, Any]:
    """What a Keras file holds, written into the cage only."""
    from workbench import models

    folder.mkdir()
    read_into(place, [x for x in around if x.is_file() and x != place], folder)
    told = models.inspect(str(folder), folder)
    return {**told, "id": model, "title": Path(model).name, "source": model}


def _tensorflow() -> None:
    """Import what a Keras model needs, once, and make it start its threads."""
    from workbench.formats.tensorflow import tensorflow

    with suppress(ImportError):  # then it is refused, with what to install
        tensorflow("loading a Keras model").zeros(1)


def _answer_keras(folder: Path) -> None:
    from workbench.formats.inputs import reader
    from workbench.formats.tensorflow import opened
    from workbench.graphs.folder import read_graph
    from workbench.graphs.pixels import told

    graph = read_graph(folder)
    row = WORDS if graph.reads_text else told(np.zeros(graph.input_shape, np.uint8))
    opened(folder)(reader(folder)([row])[0])


def _answer(place: Path, headed: bool) -> None:
    import torch

    from workbench.formats import load
    from workbench.formats.tokens import Tokens
    from workbench.formats.torch import new_classifier
    from workbench.runtimes.sklearn import SklearnSession

    if is_baseline(place):
        SklearnSession(place).predict([WORDS])
        return
    artifact: Any = load(place) if headed else new_classifier(place, ("a", "b"), 128)
    ids, mask = (torch.from_numpy(x) for x in Tokens.of(artifact).batch([WORDS]))
    with torch.inference_mode():
        artifact.payload(ids, mask)


if __name__ == "__main__":
    main()
