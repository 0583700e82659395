"""Tokenizer files: what would keep the tokenizers library busy, or make it swell, is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput
from workbench.models.files import read_json, read_small, shown
from workbench.models.limits import (
    ADDED,
    GROWTH,
    LONGEST_WORD,
    PATTERN,
    STEPS,
    TEXT_BYTES,
    TRUST,
    VALUES,
)

NAME = "tokenizer.json"
VOCABULARIES = ("vocab.txt", "vocab.json", "merges.txt", "spiece.model", "tokenizer.model")
STAGES = ("normalizer", "pre_tokenizer", "post_processor", "decoder")
# a group that is repeated and repeats something inside tries every way to share a text out;
# so does a back reference
REPEATED = re.compile(r"(?<!\\)\)(?:[*+]|\{\d*,)")
BACK = re.compile(r"\\[1-9]|\\[kg][<{'\d]|\(\?(?:P=|R|&|\d)")


def check_tokenizer(folder: Path) -> None:
    """Sizes of all files that a tokenizer is made from; what ``tokenizer.json`` asks for.

    Raises:
        BadInput: with the file and the entry.
    """
    for name in VOCABULARIES:
        path = folder / name
        if path.is_file():
            VALUES.check(read_small(path, TEXT_BYTES).count(b"\n"), name)
    path = folder / NAME
    if path.is_file():
        data = read_json(path, TEXT_BYTES)
        for stage in STAGES:
            _check_stage(data.get(stage), stage)
        added, model = data.get("added_tokens"), data.get("model")
        ADDED.check(len(added) if isinstance(added, list) else 0, NAME)
        if isinstance(model, dict):
            longest = model.get("max_input_chars_per_word", 0)
            LONGEST_WORD.check(longest if type(longest) is int else 0, NAME)


def _check_stage(stage: Any, name: str) -> None:
    where = f"{NAME}: {name}"
    parts = list(_objects(stage))
    STEPS.check(sum("type" in part for part in parts), where)
    lists = (value for part in parts for value in part.values() if isinstance(value, list))
    STEPS.check(sum(map(len, lists)), where)  # of special tokens: every text gets them all
    for part in parts:
        _check_pattern(part.get("Regex"), where)
    GROWTH.check(prod(map(_growth, parts)), where)


def _growth(part: dict[str, Any]) -> int:
    """How many characters a step may make of one, every time that it is named."""
    kind, put, pattern = part.get("type"), part.get("content"), part.get("pattern")
    if kind == "ByteLevel":
        return 2  # of one that is not ASCII; what comes out is not ASCII either
    if kind != "Replace" or not isinstance(put, str):
        return 1
    plain = isinstance(pattern, dict) and bool(pattern.get("String"))
    return max(1, len(put) + (not plain))  # a pattern may match between two characters


def _check_pattern(pattern: Any, where: str) -> None:
    if not isinstance(pattern, str):
        return
    PATTERN.check(len(pattern), where)
    plain = re.sub(r"\[(?:\\.|[^\]\\])*\]", "x", pattern)  # inside brackets nothing repeats
    for risk in (REPEATED, BACK):
        found = risk.search(plain)
        if found:
            told = f"{where} with the pattern {shown(pattern)!r:.60}"
            raise BadInput(told, "a pattern that repeats no group", TRUST)


def _objects(data: Any) -> Iterator[dict[str, Any]]:
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
        inside = value.values() if isinstance(value, dict) else value
        if isinstance(value, dict | list):
            waiting += [x for x in inside if isinstance(x, dict | list)]
