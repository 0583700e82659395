"""An index over the run folders, so that a list of thousands of runs opens at once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from workbench.core.records import Run

TABLE = """
CREATE TABLE IF NOT EXISTS runs (
  id TEXT PRIMARY KEY, key TEXT, status TEXT, model TEXT, task TEXT, split TEXT,
  created REAL, record TEXT
)
"""


class Index:
    """SQLite beside the folders; thrown away and rebuilt whenever it disagrees with them.

    Args:
        path: the database file.
        runs: the folder that holds one folder per run.
    """

    def __init__(self, path: Path, runs: Path) -> None:
        self._path, self._runs = path, runs

    def select(self, where: str = "1", values: tuple[object, ...] = ()) -> tuple[Run, ...]:
        """Runs that match an SQL condition, oldest first."""
        with self._open() as db:
            self._catch_up(db)
            rows = db.execute(
                f"SELECT record FROM runs WHERE {where} ORDER BY created, id", values
            ).fetchall()
        return tuple(Run.from_json(json.loads(row[0])) for row in rows)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            db = sqlite3.connect(self._path, timeout=10)
            db.execute(TABLE)
        except sqlite3.DatabaseError:  # torn by a crash: the folders are the truth
            db.close()
            self._path.unlink(missing_ok=True)
            db = sqlite3.connect(self._path, timeout=10)
            db.execute(TABLE)
        with closing(db), db:
            yield db

    def _catch_up(self, db: sqlite3.Connection) -> None:
        """Add the folders that the index does not know, drop the rows whose folder is gone."""
        there = {p.name for p in self._runs.iterdir() if not p.name.startswith(".")}
        known = {row[0] for row in db.execute("SELECT id FROM runs")}
        for name in sorted(there - known):
            try:
                text = (self._runs / name / "run.json").read_text(encoding="utf-8")
                run = Run.from_json(json.loads(text))
            except (OSError, ValueError):
                continue  # not a run of ours, or of a later schema: left alone, not shown
            row = (run.id, run.key, run.status, run.model, run.task, run.split, run.created, text)
            db.execute("INSERT OR REPLACE INTO runs VALUES (?,?,?,?,?,?,?,?)", row)
        db.executemany("DELETE FROM runs WHERE id = ?", [(name,) for name in known - there])
