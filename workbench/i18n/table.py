"""The table of texts: one key, two languages; a missing one fails a test."""

from __future__ import annotations

from typing import Any

from workbench.i18n import (
    texts_app,
    texts_explore,
    texts_keras,
    texts_ledger,
    texts_model,
    texts_operating,
    texts_parallel,
    texts_recipe,
    texts_why,
    texts_written,
)

LANGUAGES = ("en", "zh")
AREAS = (
    texts_app,
    texts_model,
    texts_recipe,
    texts_keras,
    texts_explore,
    texts_ledger,
    texts_why,
    texts_operating,
    texts_parallel,
    texts_written,
)
TEXTS: dict[str, tuple[str, str]] = {k: v for area in AREAS for k, v in area.TEXTS.items()}


def text(key: str, language: str, **values: Any) -> str:
    """The text of a key, its ``{names}`` filled in.

    Args:
        key: such as ``measure.button``.
        language: ``en`` or ``zh``; anything else is read as English.
        values: what the text's names stand for.

    Raises:
        KeyError: if no text has that key: our own mistake.
    """
    return TEXTS[key][language == "zh"].format(**values)
