"""Finished runs: saved whole, found again."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from workbench.core.errors import BadInput
from workbench.core.records import Run
from workbench.store.files import replacing, sweep, write_json
from workbench.store.index import Index

LOGITS = "logits.safetensors"


class Store:
    """The runs under ``home``; any number of processes may read and write at once.

    Args:
        home: ``WORKBENCH_HOME``.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._folder = home / "runs"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._index = Index(home / "index.sqlite", self._folder)
        sweep(self._folder)

    def runs(self) -> tuple[Run, ...]:
        """All finished runs (done, failed, cancelled), oldest first."""
        return self._index.select()

    def run(self, run_id: str) -> Run:
        """One run.

        Raises:
            BadInput: if there is none of that id.
        """
        found = self._index.select("id = ?", (run_id,))
        if not found:
            raise BadInput(
                f"run {run_id!r}", "the id of a stored run", "list them with workbench runs"
            )
        return found[0]

    def done(self, key: str) -> Run | None:
        """The newest finished run with this content, if there is one."""
        found = self._index.select("key = ? AND status = 'done'", (key,))
        return found[-1] if found else None

    def save(
        self, run: Run, logits: np.ndarray | None = None, artifact: Path | None = None
    ) -> None:
        """Keep a run; when this returns it survives a crash.

        Args:
            run: the record; its ``artifact`` names ``runs/<id>/artifact`` if one is given here.
            logits: (rows, classes) of its split, so that later runs can be paired with it.
            artifact: a folder that is moved into the run's own.
        """
        from safetensors.numpy import save_file

        with replacing(self._folder / run.id) as temporary:
            temporary.mkdir()
            if artifact is not None:
                shutil.move(artifact, temporary / "artifact")
            if logits is not None:
                save_file({"logits": np.ascontiguousarray(logits)}, temporary / LOGITS)
            write_json(temporary / "run.json", run.to_json())

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

    def looks(self, task: str, split: str = "test") -> int:
        """How many runs have looked at a split of a task; the test split wears out."""
        found = self._index.select("task = ? AND split = ? AND status = 'done'", (task, split))
        return len(found)
