"""``artifact.json``: what an artifact of ours says about itself, checked before it is believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput
from workbench.models.files import read_json
from workbench.models.limits import NUMBER

RIGHT: dict[str, Callable[[Any], bool]] = {  # what a field may hold, where it is there
    "format": lambda x: x == "torch",  # an ONNX graph of ours is made anew, never taken in
    "pooling": lambda x: x in ("mean", "model", "writes"),
    "max_length": lambda x: type(x) is int and 0 < x <= NUMBER.most,
    "family": lambda x: isinstance(x, str),
    "task": lambda x: isinstance(x, str),
}


def check_artifact(folder: Path) -> None:
    """An ``artifact.json``, where there is one, must have the form that we write.

    Raises:
        BadInput: for anything else.
    """
    path = folder / "artifact.json"
    if not path.is_file():
        return
    data = read_json(path)
    labels, kept = data.get("labels"), data.get("kept")
    if not isinstance(labels, list) or not all(isinstance(x, str) for x in labels):
        raise BadInput(path.name, "labels as a list of names", "make the model again")
    for name, right in RIGHT.items():
        if name in data and not right(data[name]):
            told = f"{path.name}: {name} = {data[name]!r:.40}"
            raise BadInput(told, "a value that the workbench writes", "make the model again")
    if kept is not None and not _whole(kept):
        raise BadInput(path.name, "kept layers, heads and units", "make the model again")


def _index(value: Any) -> bool:
    return type(value) is int and 0 <= value < NUMBER.most


def _whole(kept: Any) -> bool:
    def indices(value: Any) -> bool:
        return isinstance(value, list) and bool(value) and all(map(_index, value))

    if not isinstance(kept, Mapping) or not indices(kept.get("layers")):
        return False
    lists = (kept.get("heads"), kept.get("ffn"))
    return all(
        isinstance(x, list) and len(x) == len(kept["layers"]) and all(map(indices, x))
        for x in lists
    )
