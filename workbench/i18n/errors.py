"""An error as one sentence, in the reader's language."""

from __future__ import annotations

import re
from functools import cache

from workbench.core.errors import BadInput
from workbench.i18n import (
    texts_errors_models,
    texts_expected,
    texts_keras,
    texts_ledger,
    texts_operating,
    texts_parallel,
    texts_remedies,
    texts_why,
    texts_written,
)
from workbench.i18n.table import text

AREAS = (
    *(texts_expected, texts_remedies, texts_errors_models, texts_keras, texts_ledger, texts_why),
    *(texts_operating, texts_parallel, texts_written),
)
PHRASES: dict[str, str] = {k: v for area in AREAS for k, v in area.PHRASES.items()}
NAME = re.compile(r"\\\{[^{}]*\\\}")


def translate_error(error: BadInput, language: str) -> str:
    """``value: expected …; remedy.`` with the last two in the reader's language.

    Args:
        error: what was refused; the value stays as the user wrote it.
        language: ``en`` or ``zh``.
    """
    parts = {"expected": error.expected, "remedy": error.remedy}
    if language == "zh":
        parts = {name: translated(phrase) for name, phrase in parts.items()}
    return text("error.sentence", language, value=error.value, **parts)


def translated(phrase: str) -> str:
    """A phrase in Chinese; what no template covers stays in English."""
    if phrase in PHRASES:
        return PHRASES[phrase]
    for pattern, names, chinese in _patterns():
        found = pattern.fullmatch(phrase)
        if found:
            return chinese.format(**dict(zip(names, found.groups(), strict=True)))
    return phrase


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], tuple[str, ...], str], ...]:
    """Templates with ``{names}``, the most specific first."""
    made = []
    for english, chinese in PHRASES.items():
        names = tuple(re.findall(r"\{([^{}]*)\}", english))
        if names:
            pattern = NAME.sub("(.+?)", re.escape(english))
            made.append((re.compile(pattern, re.DOTALL), names, chinese))
    return tuple(sorted(made, key=lambda entry: -len(entry[0].pattern)))
