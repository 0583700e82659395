"""A disk without room, at every kind of write: one sentence, nothing half-written, and on it goes.

The disk is a small one in memory, which only root can mount.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from dataclasses import replace

import numpy as np
import pytest
from crash import PATIENCE_S, Home, until
from test_store import RUN

from workbench.cli.main import main
from workbench.core.errors import BadInput
from workbench.jobs.book import Book
from workbench.jobs.client import HttpClient
from workbench.store import Store, disk_error, write_json
from workbench.store.files import TEMPORARY


class Disk:
    """A mounted folder that can be filled to the last byte."""

    def __init__(self, path):
        self.path, self._ballast = path, path / "ballast"

    def fill(self):
        with self._ballast.open("ab", buffering=0) as file:
            for size in (1 << 16, 1 << 12, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    continue

    def free(self):
        self._ballast.unlink()

    def names(self):
        return sorted(str(p.relative_to(self.path)) for p in self.path.rglob("*"))


@pytest.fixture
def disk(tmp_path):
    path = tmp_path / "disk"
    path.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "none", path], capture_output=True
    )
    if made.returncode:
        pytest.skip("only root can mount a small disk")
    yield Disk(path)
    subprocess.run(["umount", "-l", path], check=True)


def refused(act) -> str:
    with pytest.raises(Exception, match=r"[Nn]o space left") as caught:
        act()
    return str(disk_error(caught.value, "/home/one"))


def test_a_run_a_model_and_a_small_file_are_refused_whole_and_kept_once_there_is_room(disk):
    store = Store(disk.path)
    store.save(RUN)
    store.runs()
    disk.fill()
    before = disk.names()
    many = np.zeros((500, 500), np.float32)

    for act in (
        lambda: store.save(replace(RUN, id="r2"), many),
        lambda: write_json(disk.path / "token", ["x" * 5000]),
        lambda: write_json(disk.path / "models" / "m" / "card.json", {}),
    ):
        assert refused(act) == (
            "/home/one (disk full): expected free space on its disk; "
            "free some space, then try again."
        )

    assert [name for name in disk.names() if TEMPORARY in name] == []
    assert set(disk.names()) - set(before) <= {"models", "models/m"}
    disk.free()
    store.save(replace(RUN, id="r2"), many)
    assert [run.id for run in Store(disk.path).runs()] == ["r1", "r2"]


def test_runs_are_listed_from_their_folders_when_the_index_cannot_grow(disk):
    store = Store(disk.path)
    for i in range(5):
        store.save(replace(RUN, id=f"r{i}"))
    (disk.path / "index.sqlite").unlink()
    disk.fill()

    assert len(Store(disk.path).runs()) == 5


def test_a_job_that_cannot_be_written_down_is_not_taken_on_and_an_end_is_owed(disk):
    book = Book(disk.path / "jobs")
    job = book.submit("run", "owner", {})
    book.take()
    disk.fill()

    refused(lambda: book.submit("run", "owner", {"much": "x" * 10000}))
    book.change(job.id, status="failed", error={"value": "x" * 10000})

    assert book.take() is None
    assert [j.status for j in book.listed()] == ["failed"]
    disk.free()
    second = book.submit("run", "owner", {})
    book.take()
    again = {j.id: j.status for j in Book(disk.path / "jobs").listed()}
    assert again == {job.id: "failed", second.id: "queued"}


def test_a_server_that_cannot_start_tells_the_client_and_the_command_why(
    disk, monkeypatch, capsys
):
    home = disk.path / "home"
    home.mkdir()
    monkeypatch.setenv("WORKBENCH_HOME", str(home))
    disk.fill()

    with pytest.raises(BadInput, match=r"home \(disk full\)"):
        HttpClient(home).jobs()
    with pytest.raises(SystemExit) as ended:
        main(["jobs", "--json"])

    told = capsys.readouterr()
    assert ended.value.code == 2
    assert told.err.count("\n") == 1
    assert "free space on its disk" in json.loads(told.out)["error"]["expected"]


def test_a_server_lives_through_a_full_disk_and_works_again(disk, monkeypatch):
    place = Home(disk.path.parent, monkeypatch.setenv, home="disk")
    try:
        server = place.server() if place.client.jobs() == () else None
        filled = threading.Event()
        job = place.client.submit("sweep", place.request(place.fresh(2)))

        def heard(event):
            if event["type"] == "run" and not filled.is_set():
                disk.fill()
                filled.set()

        ended = place.client.wait(job, heard)
        assert filled.is_set()
        assert ended.status == "failed"
        assert "disk full" in ended.error["value"]
        with pytest.raises(BadInput, match="disk full"):
            place.client.submit("sweep", place.request(place.fresh(2)) | {"timeout": 1e6})
        assert [run for run in Store(place.home).runs() if run.status == "done"] == []

        disk.free()
        ended = place.client.wait(place.client.submit("sweep", place.request(place.fresh(1))))
        assert ended.status == "done"
        assert place.server() == server
        until(lambda: place.temporary() == [], PATIENCE_S)
    finally:
        place.stop()
    assert os.path.exists(place.home / "runs")
