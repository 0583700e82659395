"""Finished runs: saved whole, found again."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from workbench.core.errors import BadInput
from workbench.core.records import Run
from workbench.store.files import make, replacing, sweep, write_json
from workbench.store.index import Index

LOGITS = "logits.safetensors"
WRITTEN = ("", "runs", "models", "jobs", "cache/stages")  # where writers leave something


class Store:
    """The runs under ``home``; any number of processes may read and write at once.

    Args:
        home: ``WORKBENCH_HOME``.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._folder = home / "runs"
        make(self._folder)
        self._index = Index(home / "index.sqlite", self._folder)
        for name in WRITTEN:
            sweep(home / name)

    def runs(self) -> tuple[Run, ...]:
        """All finished runs (done, failed, cancelled), in the order in which they were saved."""
        return tuple(map(self._whole, self._index.select()))

    def listed(self) -> tuple[Run, ...]:
        """The same at once, however many: of their launches only the process ids."""
        return self._index.select()

    def run(self, run_id: str) -> Run:
        """One run.

        Raises:
            BadInput: if there is none of that id.
        """
        found = self.find(run_id)
        if found is None:
            raise no_run(run_id)
        return found

    def find(self, run_id: str) -> Run | None:
        """One run, if it was saved."""
        found = self._index.select("id = ?", (run_id,))
        return self._whole(found[0]) if found else None

    def _whole(self, run: Run) -> Run:
        """A run of the index with its raw seconds; without them if its folder has just gone."""
        with suppress(OSError, ValueError):
            text = (self._folder / run.id / "run.json").read_text(encoding="utf-8")
            return Run.from_json(json.loads(text))
        return run

    def done(self, key: str) -> Run | None:
        """The newest run with this content that is done, if there is one."""
        found = self._index.select("key = ? AND status = 'done'", (key,))
        return self._whole(found[-1]) if found else None

    def reference(self, key: str) -> Run | None:
        """The newest reference with this content that is done, if there is one."""
        found = self._index.select("key = ? AND status = 'done'", (key,))
        plain = [run for run in found if run.reference is None]
        return plain[-1] if plain else None

    def save(
        self, run: Run, logits: np.ndarray | None = None, artifact: Path | None = None
    ) -> None:
        """Keep a run, once; when this returns it survives a crash.

        Args:
            run: the record; its ``artifact`` names ``runs/<id>/artifact`` if one is given here.
            logits: (rows, classes) of its split, so that later runs can be paired with it.
            artifact: a folder that is moved into the run's own.

        Raises:
            FileExistsError: if a run of this id was saved before; it stays as it is.
            OSError: if the disk is full or cannot be written; nothing is kept.
        """
        from safetensors.numpy import save_file

        with replacing(self._folder / run.id) as temporary:
            temporary.mkdir()
            if artifact is not None:
                shutil.move(artifact, temporary / "artifact")
            if logits is not None:
                save_file({"logits": np.ascontiguousarray(logits)}, temporary / LOGITS)
            number = self._index.last() + 1  # order that no clock can turn round
            write_json(temporary / "run.json", {**run.to_json(), "number": number})

    def logits(self, run_id: str) -> np.ndarray:
        """Float32 (rows, classes), in the order of the split's rows.

        Raises:
            BadInput: if the run kept none, because it did not get that far.
        """
        from safetensors.numpy import load_file

        path = self._folder / run_id / LOGITS
        if not path.is_file():
            raise BadInput(f"run {run_id!r}", "a finished run with outputs", "measure it again")
        return np.asarray(load_file(path)["logits"])

    def attach(self, run_id: str, name: str, data: Any) -> None:
        """Keep JSON beside a saved run, such as its profile; when this returns it survives."""
        write_json(self._folder / run_id / f"{name}.json", data, self._folder)

    def attached(self, run_id: str, name: str) -> Any:
        """What was attached under that name, or None."""
        return _json(self._folder / run_id / f"{name}.json")

    def cached(self, name: str) -> Any:
        """JSON of that name in the home's cache, or None."""
        return _json(self.home / "cache" / name)

    def looks(self, task: str, split: str = "test") -> int:
        """How many runs have looked at a split of a task; the test split wears out."""
        found = self._index.select("task = ? AND split = ? AND status = 'done'", (task, split))
        return len(found)


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def no_run(run_id: str) -> BadInput:
    """Why a run cannot be told of."""
    remedy = "list them with workbench runs"
    return BadInput(f"run {run_id[:40]!r}", "the id of a stored run", remedy)
