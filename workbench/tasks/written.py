"""A task for models that write, from files: pairs of prompt and target, or whole texts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from workbench.core.errors import BadInput, visible
from workbench.core.records import content_hash
from workbench.tasks.limits import TASK_CHARS
from workbench.tasks.preview import choose_columns
from workbench.tasks.table import columns_of, read
from workbench.tasks.task import SHARE, SPLITS, Rows, Task

METRICS = ("bits_per_byte", "distinct_2", "repetition")
JUDGED = 64  # validation rows that a model writes behind when it is measured
# what a whole text begins with is its prompt: eight words, or sixteen characters without spaces
OPENING = re.compile(r"\s*(?:\S+\s+){8}|.{16}", re.DOTALL)
Pairs = list[tuple[str, str]]


def written(task_id: str, title: str, paths: Sequence[Path], settings: Mapping[str, str]) -> Task:
    """The task of a training file, and perhaps of a test file.

    Args:
        task_id: as commands name it.
        title: as people read it; foreign text.
        paths: one or two files.
        settings: ``text_column`` (of the prompt, or of the whole text), ``target_column``,
            ``header``.

    Raises:
        BadInput: for a column that is not there, too much text, or too few rows.
    """
    parts = dict(zip(("train", "test"), (_pairs(path, settings) for path in paths), strict=False))
    rng = np.random.default_rng(0)
    for split in ("test", "validation"):
        if split not in parts:
            order = rng.permutation(len(parts["train"]))
            out = max(1, round(SHARE * len(order)))
            parts[split] = [parts["train"][i] for i in order[:out]]
            parts["train"] = [parts["train"][i] for i in sorted(order[out:])]
    begun = not settings.get("target_column")
    splits = {split: _rows(parts[split], paths[0].name, split, begun) for split in SPLITS}
    key = content_hash([[list(rows.texts), list(rows.targets)] for rows in splits.values()])
    return Task(
        task_id,
        visible(title, 60),
        (),
        (),
        key,
        splits.__getitem__,
        kind="generation",
        metrics=METRICS,
        judged=JUDGED,
    )


def _rows(pairs: Pairs, name: str, split: str, begun: bool) -> Rows:
    if not pairs:
        wanted = f"enough rows for a {split} split, each long enough to go on from its beginning"
        raise BadInput(name, wanted, "add rows, or name the columns")
    texts, targets = tuple(p for p, _ in pairs), tuple(t for _, t in pairs)
    return Rows(texts, targets=targets, begun=begun)


def _pairs(path: Path, settings: Mapping[str, str]) -> Pairs:
    """(prompt, target) of every row that has both."""
    header = settings.get("header", "1") != "0"
    columns = columns_of(path, header)
    text, target = settings.get("text_column"), settings.get("target_column")
    for name in (text, target):
        if name is not None and name not in columns:
            known = ", ".join(columns)[:200]
            raise BadInput(f"column {name!r:.60}", f"one of {known}", "name one of them")
    if text is None:
        more = len(columns) > 1
        text = choose_columns(path, columns, None, target, header)[0] if more else columns[0]
    found: Pairs = []
    held = 0
    for line in read(path, header):
        whole, behind = line.cells.get(text, ""), line.cells.get(target or "", "")
        pair = (whole, behind) if target else _opened(whole)
        if line.reason or not pair[0].strip() or not pair[1].strip():
            continue
        found.append(pair)
        held += len(pair[0]) + len(pair[1])
        if held > TASK_CHARS:
            most = f"at most {TASK_CHARS:,} characters of text in all"
            raise BadInput(path.name, most, "take a sample of it")
    return found


def _opened(text: str) -> tuple[str, str]:
    """The beginning of a text, and what stands behind it."""
    opening = OPENING.match(text)
    if opening is None:
        return "", ""
    begun = opening.group().rstrip()  # a space belongs to the word behind it
    return begun, text[len(begun) :]
