"""What a user reads about a model before choosing it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from workbench.core.records import Record


@dataclass(frozen=True)
class Card(Record):
    """One entry of the catalogue.

    Args:
        id: as commands name it.
        title: as people read it.
        kinds: task kinds that it serves, such as ``classification``.
        languages: ISO 639-1 codes of the languages that it was made for; empty if not known.
        parameters: number of weights.
        size_bytes: of the stored weights.
        license: SPDX id, or what the folder says.
        source: where it comes from.
        family: ``model_type`` of the network.
        labels: classes of its head, in the order of the logits; empty for a bare encoder.
        base: id of the model it was tuned from, or empty.
        task: id of the task it was tuned on, or empty.
        mode: ``linear`` or ``full`` for a tuned model.
        accuracy: of a tuned model on validation, in [0, 1].
        sha256: of the weights, where it is pinned.
        format: of the stored weights: ``safetensors`` or ``torch``.
        max_length: in tokens, what its positions (or its tuning) allow; 0 if not known.
        note: what else to know before choosing it.
    """

    id: str
    title: str
    kinds: tuple[str, ...]
    languages: tuple[str, ...]
    parameters: int
    size_bytes: int
    license: str
    source: str
    family: str
    labels: tuple[str, ...] = ()
    base: str = ""
    task: str = ""
    mode: str = ""
    accuracy: float | None = None
    sha256: str = ""
    format: str = "safetensors"
    max_length: int = 0
    note: str = ""


def filtered(
    cards: Iterable[Card],
    *,
    kind: str | None = None,
    language: str | None = None,
    max_bytes: float | None = None,
    license: str | None = None,
) -> tuple[Card, ...]:
    """The cards that meet every wish that is not None."""
    return tuple(
        card
        for card in cards
        if (kind is None or kind in card.kinds)
        and (language is None or language in card.languages)
        and (max_bytes is None or card.size_bytes <= max_bytes)
        and (license is None or license == card.license)
    )
