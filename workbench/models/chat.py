"""The chat template of a model, as its folder holds it; it is filled in elsewhere, shut in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.models.files import read_json, read_small
from workbench.models.limits import TEMPLATE_BYTES
from workbench.models.template import check_template

OWN = "chat_template.jinja"
SHARED = ("tokenizer_config.json", "chat_template.json")
WORDS = ("bos_token", "eos_token", "unk_token", "pad_token")


def chat_template(folder: Path) -> str:
    """The template that a chat is told in; empty if the model has none.

    Raises:
        BadInput: if a file that may hold it is damaged or too large, or the template reaches for
            more than a chat.
    """
    found, name = "", OWN
    if (folder / OWN).is_file():
        found = read_small(folder / OWN, TEMPLATE_BYTES).decode("utf-8", "replace")
    for name in () if found else SHARED:
        if found := _default(_read(folder / name).get("chat_template")):
            break
    check_template(found, name)
    return found


def special_words(folder: Path) -> dict[str, str]:
    """Special tokens by the names that templates have for them."""
    told = _read(folder / SHARED[0])
    words = {name: told.get(name) for name in WORDS}
    plain = {n: w.get("content") if isinstance(w, dict) else w for n, w in words.items()}
    return {name: word for name, word in plain.items() if isinstance(word, str)}


def _read(path: Path) -> dict[str, Any]:
    return read_json(path) if path.is_file() else {}


def _default(found: Any) -> str:
    """The one for a plain chat, of several that have names."""
    if isinstance(found, list):
        found = {x.get("name"): x.get("template") for x in found if isinstance(x, dict)}
    if isinstance(found, dict):
        found = found.get("default")
    return found if isinstance(found, str) else ""
