"""The plain baseline as a model: its card before and after fitting, its check, its shapes."""

from __future__ import annotations

from contextlib import suppress
from math import prod
from pathlib import Path
from typing import Any

from workbench.core.anatomy import Anatomy, Part
from workbench.core.errors import BadInput
from workbench.models.card import Card
from workbench.models.files import read_json, shown
from workbench.models.limits import TEXT_BYTES
from workbench.models.sizes import check_stored
from workbench.models.weights import stored, tensors

BASELINE = "tfidf"
FORMAT = "sklearn"
KINDS = ("word", "char")
FILES = {"artifact.json", "vocabulary.json", "model.safetensors", "card.json"}
AGAIN = f"tune it again: workbench tune --model {BASELINE}"


def card() -> Card:
    """The baseline that can be fitted to every text-classification task; it has no weights yet."""
    return Card(
        id=BASELINE,
        title="TF-IDF + logistic regression",
        kinds=("classification",),
        languages=("en", "zh"),
        parameters=0,
        size_bytes=0,
        license="Apache-2.0",
        source="fitted here in seconds, on words and characters of any language",
        family=BASELINE,
        format=FORMAT,
        note="shows when a large model is not worth it",
    )


def fitted_card(place: Path, **more: Any) -> Card:
    """The card of a fitted baseline; ``more`` are the fields that only its own card knows."""
    found = tensors(place)
    return Card(
        kinds=("classification",),
        languages=(),
        parameters=sum(prod(tensor.shape) for tensor in found.values()),
        size_bytes=sum(tensor.size_bytes for tensor in found.values()),
        family=BASELINE,
        labels=tuple(read_json(place / "artifact.json")["labels"]),
        license="Apache-2.0",
        format=FORMAT,
        **more,
    )


def is_baseline(folder: Path) -> bool:
    """Whether a folder says that it holds a baseline."""
    path = folder / "artifact.json"
    with suppress(BadInput):
        return path.is_file() and read_json(path).get("format") == FORMAT
    return False


def check(folder: Path) -> tuple[str, ...]:
    """See that a folder holds a whole baseline and nothing else.

    Returns:
        Warnings: none.

    Raises:
        BadInput: with the file and the reason.
    """
    for path in folder.iterdir():
        if path.name not in FILES:
            raise BadInput(f"{path.name!r:.80}", "the files of a baseline only", "remove it")
    check_stored(stored(folder), shown(folder.name))
    labels = read_json(folder / "artifact.json").get("labels")
    if not isinstance(labels, list) or not all(isinstance(x, str) for x in labels):
        raise BadInput("artifact.json", "labels as a list of names", AGAIN)
    terms = [_terms(folder, kind) for kind in KINDS]
    wanted: dict[str, tuple[int, ...]] = {"bias": (len(labels),)}
    wanted |= {f"{kind}.idf": (count,) for kind, count in zip(KINDS, terms, strict=True) if count}
    wanted["weight"] = (len(labels), sum(terms))
    found = tensors(folder)
    shapes = {name: tensor.shape for name, tensor in found.items()}
    if shapes != wanted or any(tensor.dtype != "F32" for tensor in found.values()):
        raise BadInput("model.safetensors", "weights that fit vocabulary.json", AGAIN)
    return ()


def _terms(folder: Path, kind: str) -> int:
    """How many n-grams of a kind there are."""
    terms = read_json(folder / "vocabulary.json", TEXT_BYTES).get(kind, [])
    if not isinstance(terms, list) or not all(isinstance(term, str) for term in terms):
        raise BadInput(f"vocabulary.json: {kind}", "a list of terms", AGAIN)
    if len(set(terms)) < len(terms):
        raise BadInput(f"vocabulary.json: {kind}", "every term once", AGAIN)
    return len(terms)


def anatomy(folder: Path) -> Anatomy:
    """Its tensors; no block, and nothing that techniques for networks could cut."""
    parts = tuple(Part(name, tensor.shape, "other") for name, tensor in tensors(folder).items())
    return Anatomy(BASELINE, parts, 1, 1, 1, 1, format=FORMAT)
