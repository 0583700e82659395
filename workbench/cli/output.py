"""What commands print: tables and numbers on stdout, progress on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.core.errors import visible
from workbench.core.records import Run
from workbench.i18n.numbers import (
    change_words,
    duration,
    figure,
    interval,
    quality_of,
    speed_words,
)
from workbench.i18n.recipe_words import recipe_words
from workbench.i18n.table import TEXTS, text

WIDTH = 24  # of the progress bar
LINE, CELL = 2_000, 200  # characters of foreign text that a line or a cell may show


def as_json(data: Any) -> None:
    """One JSON document on stdout; what no terminal should see is escaped as JSON has it."""
    words = json.dumps(data, ensure_ascii=False, indent=1)
    lines = (line if line.isprintable() else _escaped(line) for line in words.split("\n"))
    print("\n".join(lines))


def _escaped(words: str) -> str:
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in words)


def say(words: str) -> None:
    """A line on stdout; foreign text in it stays on that line and is made visible."""
    print(visible(words, LINE))


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as what is in them; control characters of foreign texts made visible."""
    cells = [[visible(cell, CELL) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(heads))]
    for row in cells:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(line.rstrip())


def describe(run: Run) -> None:
    """A run in words: what it is, its verdicts, its numbers with their intervals."""
    say(f"{recipe_words(run.recipe, 'en')}  [{run.status}]  {run.id}")
    if run.error:
        say(f"  {text('error.sentence', 'en', **run.error)}")
    if run.reference is not None:
        judged = quality_of(run.metrics)
        pairs = ("speedup_latency", "speedup_latency"), (f"{judged}_change", judged)
        for (metric, key), words in zip(pairs, (speed_words, change_words), strict=True):
            if metric in run.metrics:
                say(f"  {words(run.metrics[metric], run.verdicts.get(key), 'en')}")
    for name, estimate in run.metrics.items():
        ends = interval(name, estimate, "en")
        say(f"  {text(f'metric.{name}', 'en')}: {figure(name, estimate)} ({ends})")


class Progress:
    """A bar on stderr that follows one job; lines instead where stderr is no terminal."""

    def __init__(self) -> None:
        self._line = ""
        self._terminal = sys.stderr.isatty()

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Take in one event of the client."""
        job = event["job"] if event["type"] == "job" else None
        if not isinstance(job, Mapping):
            return
        key = f"stage.{job['stage']}"
        words = text(key, "en", done=job["done"], total=job["total"]) if key in TEXTS else ""
        if not self._terminal:
            if words != self._line:
                print(words, file=sys.stderr)
            self._line = words
            return
        share = job["done"] / job["total"] if job["total"] else 0.0
        full = round(WIDTH * min(1.0, share))
        left = f" {duration(job['seconds_left'])} left" if job["seconds_left"] else ""
        print(
            f"\r\033[K[{'█' * full}{'·' * (WIDTH - full)}] {words}{left}",
            end="",
            file=sys.stderr,
            flush=True,
        )

    def close(self) -> None:
        """Clear the bar."""
        if self._terminal:
            print("\r\033[K", end="", file=sys.stderr)
