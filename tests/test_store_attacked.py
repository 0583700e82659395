"""The store under two writers, a ruined index, a clock set back, a disk that is shut."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from fakes import absent
from test_store import RUN

from workbench.store import Store, replacing
from workbench.store.files import TEMPORARY, sweep
from workbench.store.processes import born, lives, myself


def filled(home, count=3):
    store = Store(home)
    for i in range(count):
        store.save(replace(RUN, id=f"r{i}"))
    assert len(store.runs()) == count
    return home / "index.sqlite"


def overwrite(index):
    index.write_bytes(b"\x00\xff" * 4000)


def cut(index):
    with index.open("r+b") as file:
        file.truncate(index.stat().st_size // 2)


def flip(index):
    data = bytearray(index.read_bytes())
    at = data.rindex(b"accuracy")
    data[at : at + 3] = b"xyz"
    index.write_bytes(data)


def be_a_folder(index):
    index.unlink()
    index.mkdir()


def be_of_a_later_version(index):
    index.unlink()
    with sqlite3.connect(index) as db:
        db.execute("CREATE TABLE runs (id TEXT, other BLOB NOT NULL)")
        db.execute("CREATE TABLE runs_1 (unheard_of TEXT)")
        db.execute("PRAGMA user_version = 99")
    db.close()


def leave_a_journal(index):
    index.unlink()
    index.with_name("index.sqlite-journal").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" * 99)


DAMAGES = (overwrite, cut, flip, be_a_folder, be_of_a_later_version, leave_a_journal, os.unlink)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda each: each.__name__)
def test_runs_are_listed_and_saved_whatever_became_of_the_index(tmp_path, damage):
    damage(filled(tmp_path))

    store = Store(tmp_path)
    assert [run.id for run in store.runs()] == ["r0", "r1", "r2"]
    store.save(replace(RUN, id="r3"))
    assert [run.id for run in Store(tmp_path).listed()] == ["r0", "r1", "r2", "r3"]
    assert Store(tmp_path).run("r3").metrics == RUN.metrics


def test_an_index_that_another_process_has_locked_is_not_waited_for_and_not_harmed(tmp_path):
    index = filled(tmp_path)
    Store(tmp_path).save(replace(RUN, id="r3"))
    other = sqlite3.connect(index, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")

    listed = Store(tmp_path).listed()

    assert len(listed) == 4
    other.execute("COMMIT")
    assert other.execute("SELECT count(*) FROM runs_1").fetchone() == (3,)
    other.close()


def test_two_processes_save_while_others_list_and_the_index_is_removed(tmp_path):
    code = (
        "import sys; from dataclasses import replace; from pathlib import Path\n"
        "from test_store import RUN; from workbench.store import Store\n"
        "home = Path(sys.argv[1])\n"
        "for i in range(25):\n"
        "    one = f'{sys.argv[2]}{i}'\n"
        "    Store(home).save(replace(RUN, id=one))\n"
        "    listed = Store(home).listed()\n"
        "    assert one in {run.id for run in listed}, one\n"
        "    assert len({run.id for run in listed}) == len(listed)\n"
        "    if i % 10 == 5: (home / 'index.sqlite').unlink(missing_ok=True)\n"
    )
    paths = [os.path.dirname(__file__), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name], env=environment)
        for name in "ab"
    ]

    assert [process.wait(120) for process in both] == [0, 0]
    expected = {f"{name}{i}" for name in "ab" for i in range(25)}
    assert {run.id for run in Store(tmp_path).runs()} == expected
    assert not list((tmp_path / "runs").glob(f"{TEMPORARY}*"))


def test_the_newest_is_what_was_saved_last_also_when_the_clock_was_set_back(tmp_path):
    store = Store(tmp_path)
    store.save(replace(RUN, id="first", created=4e9))
    store.save(replace(RUN, id="second", created=1.0))
    store.save(replace(RUN, id="third", created=0.0, reference="first"))

    (tmp_path / "index.sqlite").unlink()

    assert [run.id for run in Store(tmp_path).runs()] == ["first", "second", "third"]
    assert Store(tmp_path).done("k1").id == "third"
    assert Store(tmp_path).reference("k1").id == "second"


def test_a_saved_run_is_never_written_over(tmp_path):
    store = Store(tmp_path)
    store.save(RUN, np.ones((2, 2), np.float32))

    with pytest.raises(FileExistsError):
        store.save(replace(RUN, status="failed"))

    assert store.run("r1").status == "done"
    assert store.logits("r1").shape == (2, 2)
    assert sorted(os.listdir(tmp_path / "runs")) == ["r1"]


@pytest.mark.parametrize("text", ["", "[]", "null", '{"id": "r9"}', "[" * 100_000, "{"])
def test_a_folder_that_holds_no_whole_run_is_passed_over(tmp_path, text):
    filled(tmp_path)
    (tmp_path / "runs/r9").mkdir()
    (tmp_path / "runs/r9/run.json").write_text(text)
    shutil.copytree(tmp_path / "runs/r0", tmp_path / "runs/copy")

    assert [run.id for run in Store(tmp_path).runs()] == ["r0", "r1", "r2"]


def test_a_temporary_file_is_swept_when_its_process_number_belongs_to_another_now(tmp_path):
    mine = tmp_path / f"{TEMPORARY}{myself()}-ab"
    reused = tmp_path / f"{TEMPORARY}{os.getpid()}-{int(born(os.getpid())) - 1}-ab"
    mine.write_text("")
    reused.mkdir()

    sweep(tmp_path)

    assert os.listdir(tmp_path) == [mine.name]
    assert lives(str(os.getpid()))
    assert not lives("")


def test_lists_come_without_raw_seconds_and_a_single_run_with_them(tmp_path):
    Store(tmp_path).save(RUN)

    (light,) = Store(tmp_path).listed()

    assert light.launches == ({"reference": None, "candidate": {"pid": 1}},)
    assert replace(light, launches=RUN.launches) == Store(tmp_path).run("r1") == RUN


def strace() -> str:
    return shutil.which("strace") or absent("strace", "apt-get install strace")


def test_what_is_saved_was_fsynced_file_and_folder_before_and_after_the_rename(tmp_path):
    code = (
        "import sys; from pathlib import Path; import numpy as np\n"
        "from test_store import RUN; from workbench.store import Store\n"
        "Store(Path(sys.argv[1]) / 'new' / 'home').save(RUN, np.ones((2, 2), np.float32))\n"
    )
    paths = [os.path.dirname(__file__), os.environ.get("PYTHONPATH", "")]
    log = tmp_path / "calls"
    traced = [strace(), "-f", "-y", "-s", "4096", "-o", log, "-e", "trace=fsync,rename,renameat"]
    subprocess.run(
        [*traced, sys.executable, "-c", code, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        check=True,
    )
    calls = [line for line in log.read_text().splitlines() if str(tmp_path) in line]

    def at(pattern: str) -> int:
        """Where the last call lies that fits."""
        return max(i for i, call in enumerate(calls) if re.search(pattern, call))

    temporary = rf"home/runs/{re.escape(TEMPORARY)}[^/]*"
    renamed = at(rf"rename.*{temporary}\", .*home/runs/r1\"")
    for part in (r"/logits\.safetensors", r"/run\.json", ""):
        assert at(rf"fsync\(\d+<{re.escape(str(tmp_path))}/new/{temporary}{part}>") < renamed
    assert at(r"fsync\(\d+<[^>]*/new/home/runs>") > renamed
    for parent in ("", "/new", "/new/home"):  # their entries for what was made in them
        assert at(rf"fsync\(\d+<{re.escape(str(tmp_path))}{parent}>") < renamed


def test_a_read_only_home_is_listed_and_refuses_to_be_written(tmp_path):
    home = tmp_path / "home"
    filled(home)
    with replacing(home / "runs/r3/run.json") as temporary:  # not yet in the index
        text = (home / "runs/r0/run.json").read_text()
        temporary.write_text(text.replace('"r0"', '"r3"'))
    made = subprocess.run(["mount", "--bind", home, home], capture_output=True)
    if made.returncode:
        pytest.skip("only root can make a folder read-only to itself")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", home], check=True)

        store = Store(home)

        assert len(store.runs()) == 4
        with pytest.raises(OSError, match="Read-only"):
            store.save(replace(RUN, id="r4"))
    finally:
        subprocess.run(["umount", home], check=True)
    assert len(Store(home).runs()) == 4
