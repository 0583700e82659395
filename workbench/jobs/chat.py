"""Prompts as a model's chat template tells them, filled in by a closed process."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from workbench.jobs.closed import Order, answered
from workbench.models.chat import chat_template, special_words

FILLER, DOING = "workbench.jobs.templater", "filling in its template"
SECONDS = 30  # of the clock; of processor time it has less


def told_as_chat(folder: Path, prompts: Sequence[str]) -> list[str]:
    """Each prompt as what a user says to the model, up to where its answer begins.

    Args:
        folder: of a model that has a template (``models.chat``).
        prompts: one message each.

    Raises:
        BadInput: if the template cannot be filled in, or takes too much.
    """
    asked = {"template": chat_template(folder), "words": special_words(folder)}
    given = json.dumps({**asked, "prompts": list(prompts)}).encode()
    small = "a chat template that is filled in within bounded memory"
    quick = f"a chat template that is filled in within {SECONDS} s"
    order = Order(FILLER, (), folder.name, DOING, small, quick, SECONDS, given)
    return list(answered(order)["prompts"])
