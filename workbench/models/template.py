"""Chat templates: never filled in here, and refused where they reach for more than a chat."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput
from workbench.models.files import read_small, shown
from workbench.models.limits import ROUNDS, TEMPLATE_BYTES, TRUST

# attributes with underscores lead from any value to all of Python; attr and format get there too
REACHES = re.compile(
    r"__\w+__|\\x5f|\\u005f|\|\s*attr\b|\[\s*['\"]_|\._|\{%-?\s*(?:import|from|include|extends)\b"
    r"|\b(?:cycler|joiner|lipsum|self|get_flashed_messages|url_for)\s*[.\[]",
    re.IGNORECASE,
)
NUMBERS = re.compile(r"(?<![\w.])\d[\d_]{6,}(?![\w.])|\d\s*\*\*\s*\d")


def check_template(template: Any, name: str) -> None:
    """See whether a chat template is plain.

    Args:
        template: its text, or what a ``tokenizer_config.json`` has in its place: a list of
            ``{"name", "template"}``, or templates by name.
        name: of the file, for the message.

    Raises:
        BadInput: if it reaches for the inside of Python or counts without end.
    """
    for text in _texts(template):
        TEMPLATE_BYTES.check(len(text), name)
        found = REACHES.search(text)
        if found:
            told = f"{name}: a chat template with {shown(found.group())!r:.40}"
            raise BadInput(told, "a template of a chat only", TRUST)
        for match in NUMBERS.finditer(text):
            rounds = int(match.group().replace("_", "")[:30]) if "*" not in match.group() else 0
            ROUNDS.check(rounds or ROUNDS.most + 1, f"{name}: a chat template")


def check_template_files(found: tuple[Path, ...]) -> None:
    """The same for every file of templates in a folder.

    Raises:
        BadInput: likewise.
    """
    for path in found:
        if path.suffix in (".jinja", ".jinja2", ".j2") and path.is_file():
            content = read_small(path, TEMPLATE_BYTES)
            check_template(content.decode("utf-8", "replace"), shown(path.name))


def _texts(template: Any) -> Iterator[str]:
    waiting = [template]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            waiting += value.values() if isinstance(value, dict) else value
