"""A data file before it becomes a task: columns, classes, what is wrong with which row."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput
from workbench.tasks.encoding import encoding_of
from workbench.tasks.labels import Notice, notices, tidy
from workbench.tasks.limits import BAD_ROWS, CELL_CHARS, CLASSES, LABEL_CHARS
from workbench.tasks.source import as_path
from workbench.tasks.table import Line, columns_of, read

TEXT_NAMES = ("text", "utterance", "sentence", "question", "content", "review", "message", "文本")
LABEL_NAMES = ("label", "category", "intent", "class", "target", "topic", "标签", "类别")
EXAMPLES = 5
GUESSED = 502  # rows by which columns are guessed
CLEAN = re.compile("[^\\0\ud800-\udfff]*").fullmatch


@dataclass(frozen=True)
class BadRow:
    """A row that is left out: physical line of the file, from 1, and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class Preview:
    """What a file holds.

    Args:
        path: of the file.
        columns: their names.
        text_column: where the texts are, as given or guessed.
        label_column: where the labels are.
        rows: that can be used.
        classes: label to count, in alphabetical order.
        bad_rows: at most 1,000 of those left out.
        bad: how many were left out.
        examples: (text, label) of the first rows.
        encoding: as it was found.
        guessed: columns that neither the user nor their names chose, but a look at the cells.
        warnings: what a reader should look at, though the file can be used.
    """

    path: str
    columns: tuple[str, ...]
    text_column: str
    label_column: str
    rows: int
    classes: dict[str, int]
    bad_rows: tuple[BadRow, ...]
    bad: int
    examples: tuple[tuple[str, str], ...]
    encoding: str = "utf-8-sig"
    guessed: tuple[str, ...] = ()
    warnings: tuple[Notice, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data for ``--json``."""
        return {
            "schema": 1,
            "id": self.path,
            "columns": list(self.columns),
            "text_column": self.text_column,
            "label_column": self.label_column,
            "encoding": self.encoding,
            "guessed": list(self.guessed),
            "warnings": [notice.told("en") for notice in self.warnings],
            "rows": self.rows,
            "classes": dict(self.classes),
            "bad": self.bad,
            "bad_rows": [{"line": row.line, "reason": row.reason} for row in self.bad_rows],
            "examples": [{"text": text[:500], "label": label} for text, label in self.examples],
        }


def preview(
    path: str | Path,
    text_column: str | None = None,
    label_column: str | None = None,
    header: bool = True,
) -> Preview:
    """Look through a file.

    Args:
        path: CSV, TSV or JSONL.
        text_column: guessed from its name, else from its length, where None.
        label_column: guessed likewise.
        header: whether the first line names the columns.

    Raises:
        BadInput: if the file cannot be read, or has no such column, no usable row or one class.
    """
    path = as_path(path)
    columns = columns_of(path, header)
    chosen = choose_columns(path, columns, text_column, label_column, header)
    counts, bad, wrong, examples = _looked_through(path, chosen, header)
    _check_classes(path, chosen[1], counts, bad)
    return Preview(
        path=str(path),
        columns=columns,
        text_column=chosen[0],
        label_column=chosen[1],
        rows=sum(counts.values()),
        classes=dict(sorted(counts.items())),
        bad_rows=tuple(bad),
        bad=wrong,
        examples=tuple(examples),
        encoding=encoding_of(path),
        guessed=_by_look(chosen, text_column, label_column),
        warnings=notices(counts, encoding_of(path)),
    )


def _looked_through(
    path: Path, chosen: tuple[str, str], header: bool
) -> tuple[Counter[str], list[BadRow], int, list[tuple[str, str]]]:
    """Classes with their counts, the first bad rows, how many there are, the first good rows."""
    counts: Counter[str] = Counter()
    bad: list[BadRow] = []
    examples: list[tuple[str, str]] = []
    wrong = 0
    for line in read(path, header):
        reason = why_bad(line, *chosen)
        if reason:
            wrong += 1
            if len(bad) < BAD_ROWS:
                bad.append(BadRow(line.number, reason))
            continue
        pair = line.cells[chosen[0]], tidy(line.cells[chosen[1]])
        counts[pair[1]] += 1
        if len(examples) < EXAMPLES:
            examples.append(pair)
        if len(counts) > CLASSES:
            raise BadInput(path.name, f"at most {CLASSES:,} classes", "choose the label column")
    return counts, bad, wrong, examples


def _by_look(
    chosen: tuple[str, str], text_column: str | None, label_column: str | None
) -> tuple[str, ...]:
    sources = ((chosen[0], text_column, TEXT_NAMES), (chosen[1], label_column, LABEL_NAMES))
    return tuple(c for c, given, names in sources if not given and c.lower() not in names)


def _check_classes(path: Path, column: str, counts: Counter[str], bad: list[BadRow]) -> None:
    if not counts:
        why = f" (line {bad[0].line}: {bad[0].reason})" if bad else ""
        raise BadInput(f"{path.name}{why}", "at least one usable row", "mend the rows")
    if len(counts) == 1:
        only = next(iter(counts))
        raise BadInput(
            f"{path.name}: only the class {only!r:.60} in column {column!r:.60}",
            "at least two classes",
            "choose another label column or add rows of another class",
        )


def why_bad(line: Line, text_column: str, label_column: str) -> str:
    """Why a row is left out; empty if it can be used."""
    if line.reason:
        return line.reason
    text, label = line.cells.get(text_column, ""), line.cells.get(label_column, "")
    if len(text) > CELL_CHARS:
        return f"text of {len(text):,} characters, more than {CELL_CHARS:,}"
    if len(label) > LABEL_CHARS:
        return f"label of {len(label):,} characters, more than {LABEL_CHARS:,}"
    if not text or text.isspace():
        return "no text"
    if not tidy(label):
        return "no label"
    if (text.isascii() and "\0" not in text and CLEAN(label)) or CLEAN(text + label):
        return ""
    return "NUL character" if "\0" in text + label else "half a character (lone surrogate)"


def choose_columns(
    path: Path,
    columns: tuple[str, ...],
    text_column: str | None,
    label_column: str | None,
    header: bool,
) -> tuple[str, str]:
    """The text and the label column, as given or guessed.

    Raises:
        BadInput: if a given one is not there, or there are fewer than two.
    """
    if len(columns) < 2:
        raise BadInput(
            f"{path.name} (columns: {', '.join(columns)[:200]})",
            "a column of texts and one of labels",
            "give a file with both",
        )
    for given in (text_column, label_column):
        if given is not None and given not in columns:
            listed = ", ".join(columns)[:300]
            raise BadInput(f"column {given!r:.60}", f"one of {listed}", "choose one of them")
    text = text_column or _named(columns, TEXT_NAMES, label_column)
    label = label_column or _named(columns, LABEL_NAMES, text)
    if text and label:
        return text, label
    return _guessed(path, columns, text, label, header)


def _named(columns: tuple[str, ...], names: tuple[str, ...], taken: str | None) -> str | None:
    free = [c for c in columns if c != taken]
    return next((c for name in names for c in free if c.lower() == name), None)


def _guessed(
    path: Path, columns: tuple[str, ...], text: str | None, label: str | None, header: bool
) -> tuple[str, str]:
    """The longest column is the text, the one with the fewest values the label.

    Of the first rows no cell is kept: they may have gigabytes.
    """
    long = dict.fromkeys(columns, 0)
    values: dict[str, set[int]] = {name: set() for name in columns}
    for line in islice(read(path, header), GUESSED):
        for name, cell in line.cells.items():
            if name in long:
                long[name] += len(cell)
                values[name].add(hash(cell))
    text = text or max((c for c in columns if c != label), key=lambda c: long[c])
    label = label or min((c for c in columns if c != text), key=lambda c: len(values[c]))
    return text, label
