"""Which model should I choose? One answer, with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.i18n.table import TEXTS, text
from workbench.models.card import Card, filtered
from workbench.models.catalogue import catalogue

UNREAD = ("zh", "ja", "ko")  # of whose characters the built-in vocabulary has hardly any
SMALLEST_RATE = 0.14  # what compression can do for the built-in model, embeddings kept


@dataclass(frozen=True)
class Recommendation:
    """A model, or none, and why.

    Args:
        card: what to take; None if nothing here fits.
        key: of the reason's text.
        values: what the text's names stand for; those that are keys of texts are translated.
    """

    card: Card | None
    key: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def told(self, language: str) -> str:
        """The reason as a sentence."""
        values = {
            name: text(value, language) if value in TEXTS else value
            for name, value in self.values.items()
        }
        # not text(): one of the names is "language", which it keeps for itself
        return TEXTS[self.key][language == "zh"].format(**values)

    @property
    def reason(self) -> str:
        """The reason in English."""
        return self.told("en")


def recommend(
    kind: str, language: str, max_bytes: float | None = None, *, home: Path, gpu: bool = False
) -> Recommendation:
    """The smallest model that serves a kind of task in a language, below a size.

    Args:
        kind: such as ``classification``.
        language: ISO 639-1 code.
        max_bytes: of the stored weights, or None.
        home: ``WORKBENCH_HOME``.
        gpu: whether there is a GPU; without one the smallest model is the first to try, with
            one the largest that fits.
    """
    image = kind == "image"  # those are trained here, and speak no language
    bare = [c for c in catalogue(home) if not c.base and (c.parameters or image)]
    named = {"kind": kind, "language": language}
    shown = {k: f"{k}.{v}" if f"{k}.{v}" in TEXTS else v for k, v in named.items()}
    able = filtered(bare, kind=kind)
    if not able:
        return Recommendation(None, "recommend.kind", shown)
    speaking = able if image else filtered(able, language=language)
    if not speaking:
        reason = "recommend.language" if language in UNREAD else "recommend.other"
        return Recommendation(None, reason, {**shown, "model": able[0].id})
    fitting = filtered(speaking, max_bytes=max_bytes)
    smallest = min(speaking, key=lambda card: card.size_bytes)
    if not fitting:
        sizes = {"limit": _megabytes(max_bytes or 0), "size": _megabytes(smallest.size_bytes)}
        floor = _megabytes(smallest.size_bytes * SMALLEST_RATE)
        return Recommendation(
            None, "recommend.size", {**shown, **sizes, "model": smallest.id, "floor": floor}
        )
    best = (max if gpu else min)(fitting, key=lambda card: card.size_bytes)
    size = _megabytes(best.size_bytes)
    reason = "recommend.fits_gpu" if gpu else "recommend.fits"
    return Recommendation(best, reason, {**shown, "model": best.id, "size": size})


def _megabytes(size: float) -> str:
    return f"{size / 1e6:.0f} MB"
