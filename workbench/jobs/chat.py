"""Prompts as a model's chat template tells them, filled in by a closed process."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from workbench.core.records import content_hash
from workbench.jobs.closed import Order, answered
from workbench.models.chat import chat_template, special_words
from workbench.tasks.task import Rows, Task

FILLER, DOING = "workbench.jobs.templater", "filling in its template"
SECONDS = 30  # of the clock; of processor time it has less
AT_ONCE = 5_000  # prompts of a process


def told_as_chat(folder: Path, prompts: Sequence[str]) -> list[str]:
    """Each prompt as what a user says to the model, up to where its answer begins.

    Args:
        folder: of a model that has a template (``models.chat``).
        prompts: one message each.

    Raises:
        BadInput: if the template cannot be filled in, or takes too much.
    """
    asked = {"template": chat_template(folder), "words": special_words(folder)}
    small = "a chat template that is filled in within bounded memory"
    quick = f"a chat template that is filled in within {SECONDS} s"
    found: list[str] = []
    for start in range(0, len(prompts), AT_ONCE):
        some = list(prompts[start : start + AT_ONCE])
        given = json.dumps({**asked, "prompts": some}).encode()
        order = Order(FILLER, (), folder.name, DOING, small, quick, SECONDS, given)
        found += answered(order)["prompts"]
    return found


def spoken(task: Task, folder: Path) -> Task:
    """A task as a model with a chat template is asked it; the same task for any other model.

    Prompts that are the beginning of a text stay as they are: nobody is asked anything.

    Args:
        task: any task.
        folder: of the model.

    Raises:
        BadInput: as ``models.chat.chat_template`` does; a template that cannot be filled in is
            told when the rows are asked for.
    """
    template = chat_template(folder) if task.kind == "generation" else ""
    if not template:
        return task

    @cache
    def load(split: str) -> Rows:
        rows = task.rows(split)
        if rows.begun:
            return rows
        return replace(rows, texts=tuple(told_as_chat(folder, rows.texts)), chat=True)

    key = content_hash(task.fingerprint, template, special_words(folder))
    return replace(task, load=load, fingerprint=key)
