"""What this case study plugs into the workbench: tasks, a model, a page."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from case_studies.news_generation.corpus import SEED, corpus
from case_studies.news_generation.events import checked as record_of
from case_studies.news_generation.facts.check import checked, to_json
from case_studies.news_generation.tokens import BODY, END, prompt, target
from workbench.core.errors import BadInput
from workbench.core.records import content_hash
from workbench.tasks.task import Rows, Task

NEWSDESK, TRANSFER, MODEL = "newsdesk", "newsdesk-transfer", "newsdesk-lm"
METRICS = ("fidelity", "bits_per_byte")
JUDGED = 160  # validation rows that a model writes behind: ten of each type and language
FOLDER = Path(__file__).parent / "model"
PAGE = "news.ipynb"
SOURCE = "trained here from nothing on newsdesk; case_studies/news_generation/train.py"


def _task(name: str, title: str, transfer: bool) -> Task:
    @cache
    def load(split: str) -> Rows:
        pairs = corpus(split, transfer)
        languages = tuple(pair.record.language for pair in pairs)
        return Rows(
            texts=tuple(prompt(pair.record) for pair in pairs),
            labels=np.zeros(0, dtype=np.int64),
            slices={
                "language": languages,
                "event": tuple(pair.record.event.name for pair in pairs),
            },
            targets=tuple(target(pair) for pair in pairs),
            records=tuple(pair.record.to_json() for pair in pairs),
        )

    return Task(
        name,
        title,
        (),
        ("en", "zh"),
        content_hash(SEED, name),  # what it makes bit by bit, without making it
        load,
        kind="generation",
        metrics=METRICS,
        check=check,
        judged=JUDGED,
    )


def check(record: Mapping[str, Any], text: str) -> dict[str, float]:
    """What a brief tells of a record: shares of its facts, and a number of inventions.

    Args:
        record: as ``Record.to_json`` has it.
        text: headline and body, special tokens and all.
    """
    found = checked(record_of(record), _plain(text))
    statuses = [fact.status for fact in found.facts]
    return {
        "fidelity": found.fidelity,
        "missing": statuses.count("missing") / len(statuses),
        "wrong": statuses.count("wrong") / len(statuses),
        "invented": float(len(found.invented)),
    }


def prompt_of(record: Mapping[str, Any]) -> str:
    """What a model of this study reads before it writes a brief.

    Args:
        record: plain data, from a stranger's file.

    Raises:
        BadInput: for a missing, unknown or mistyped slot, or another type of event.
    """
    return prompt(record_of(record))


def facts_of(record: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Every fact of a record as a text tells it, and what was invented, as plain data."""
    shown = _plain(text)
    return to_json(checked(record_of(record), shown), shown)


def _plain(text: str) -> str:
    """What a model wrote, as a reader sees it: the headline, then the body on a new line."""
    shown = text.partition(END)[0].replace(BODY, "\n")
    return "\n".join(line.strip() for line in shown.strip().split("\n"))


@cache
def newsdesk() -> Task:
    """Briefs of eight types of events."""
    return _task(NEWSDESK, "newsdesk", transfer=False)


@cache
def newsdesk_transfer() -> Task:
    """Briefs of the two types of events that no model of ours was trained on."""
    return _task(TRANSFER, "newsdesk, new types", transfer=True)


def newsdesk_lm() -> dict[str, Any]:
    """Where the model lies, and the words of its card.

    Raises:
        BadInput: if its weights are not there.
    """
    if not (FOLDER / "model.safetensors").is_file():
        remedy = "train it: python -m case_studies.news_generation.train FOLDER"
        raise BadInput(f"model {MODEL}", "its weights beside the case study", remedy)
    return {
        "folder": FOLDER,
        "title": MODEL,
        "kinds": ("generation",),
        "languages": ("en", "zh"),
        "license": "Apache-2.0",
        "source": SOURCE,
        "task": NEWSDESK,
        "note": "writes news briefs from event records, and nothing else",
    }


TASKS = {NEWSDESK: newsdesk, TRANSFER: newsdesk_transfer}
MODELS = {MODEL: newsdesk_lm}
