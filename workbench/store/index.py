"""An index over the run folders, so that a list of thousands of runs opens at once."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from workbench.core.records import Run

TABLE = "runs_1"  # another version of these columns is another table
COLUMNS = "id TEXT PRIMARY KEY, number INT, key, status, model, task, split, created, sum, record"
PATIENCE_S = 1.0  # for another process that writes


class _Torn(sqlite3.DatabaseError):
    """A row is not what was written."""


class Index:
    """SQLite beside the folders, brought up to date by every question, and never needed.

    Torn, it is removed and made anew. Locked, on a full or read-only disk, or made unreadable in
    a way that we do not know, it is passed over: the answer then comes from the folders alone.

    Args:
        path: the database file.
        runs: the folder that holds one folder per run.
    """

    def __init__(self, path: Path, runs: Path) -> None:
        self._path, self._runs = path, runs

    def select(self, where: str = "1", values: tuple[object, ...] = ()) -> tuple[Run, ...]:
        """Runs that match an SQL condition, in the order in which they were saved.

        They come without the raw seconds of their launches, which are nearly all of a record: of
        every launch there are the process ids.
        """
        order = "ORDER BY number, created, id"
        rows = self._ask(f"SELECT sum, record FROM {TABLE} WHERE {where} {order}", values)
        return tuple(Run.from_json(json.loads(text)) for _, text in rows)

    def last(self) -> int:
        """The number of the run that was saved last; 0 if there is none."""
        return int(self._ask(f"SELECT 0, coalesce(max(number), 0) FROM {TABLE}", ())[0][1])

    def _ask(self, question: str, values: tuple[object, ...]) -> Sequence[Any]:
        for _ in range(2):
            try:
                return self._answer(str(self._path), question, values)
            except sqlite3.OperationalError:
                break
            except sqlite3.DatabaseError:
                self._remove()
        return self._answer(":memory:", question, values)

    def _answer(self, path: str, question: str, values: tuple[object, ...]) -> Sequence[Any]:
        with closing(sqlite3.connect(path, timeout=PATIENCE_S)) as db, db:
            db.execute(f"CREATE TABLE IF NOT EXISTS {TABLE} ({COLUMNS})")
            self._catch_up(db)
            rows = db.execute(question, values).fetchall()
        if any(told and told != _sum(text) for told, text in rows):
            raise _Torn
        return rows

    def _remove(self) -> None:
        """Remove the database; its journal goes first, or it would be taken for the next one's."""
        for path in (*self._path.parent.glob(f"{self._path.name}-*"), self._path):
            try:
                path.unlink(missing_ok=True)
            except OSError:
                return

    def _catch_up(self, db: sqlite3.Connection) -> None:
        """Add the folders that the index does not know, drop the rows whose folder is gone.

        The rows are read first: what another process adds meanwhile is then not taken for gone.
        """
        known = {row[0] for row in db.execute(f"SELECT id FROM {TABLE}")}
        there = {p.name for p in self._runs.iterdir() if not p.name.startswith(".")}
        rows = [row for name in sorted(there - known) if (row := _row(self._runs / name))]
        marks = ",".join("?" * len(COLUMNS.split(",")))
        db.executemany(f"INSERT OR REPLACE INTO {TABLE} VALUES ({marks})", rows)
        db.executemany(f"DELETE FROM {TABLE} WHERE id = ?", [(name,) for name in known - there])


def _row(folder: Path) -> tuple[Any, ...] | None:
    """The row of a run's folder; None if it holds no run of ours, or one of a later schema."""
    try:
        text = (folder / "run.json").read_text(encoding="utf-8")
        data = json.loads(text)
        run, number = Run.from_json(data), int(data.get("number", 0))
        light = json.dumps({**data, "launches": [_pids(launch) for launch in run.launches]})
    except (OSError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return None
    if run.id != folder.name:
        return None
    fields = (run.key, run.status, run.model, run.task, run.split, run.created)
    return (run.id, number, *fields, _sum(light), light)


def _pids(launch: Mapping[str, Any]) -> dict[str, Any]:
    return {side: told and {"pid": told.get("pid")} for side, told in launch.items()}


def _sum(text: str) -> int:
    return zlib.crc32(text.encode()) or 1
