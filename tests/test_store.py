"""What the store promises: whole or not at all, found again, rebuilt from the folders."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

from workbench.core.errors import BadInput
from workbench.core.records import Estimate, Run, Verdict
from workbench.store import Store, replacing
from workbench.store.files import TEMPORARY, sweep

RUN = Run(
    id="r1",
    key="k1",
    status="done",
    model="m",
    task="t",
    split="test",
    recipe={"schema": 1, "techniques": [], "runtime": {"name": "torch", "threads": 1}},
    environment={"cpu": "c"},
    metrics={"accuracy": Estimate(0.9, 0.8, 0.95, 100, "1")},
    verdicts={"accuracy": Verdict("cannot tell", 400)},
    launches=({"reference": None, "candidate": {"pid": 1, "seconds": [0.1]}},),
    created=1.0,
)


def test_a_saved_run_comes_back_equal_with_its_outputs(tmp_path):
    logits = np.arange(6, dtype=np.float32).reshape(3, 2)

    Store(tmp_path).save(RUN, logits)

    again = Store(tmp_path)
    assert again.run("r1") == RUN
    np.testing.assert_array_equal(again.logits("r1"), logits)


def test_the_index_is_rebuilt_from_the_folders_when_it_is_lost_or_torn(tmp_path):
    Store(tmp_path).save(RUN)
    Store(tmp_path).runs()

    (tmp_path / "index.sqlite").write_bytes(b"not a database, torn by a crash" * 50)

    assert [r.id for r in Store(tmp_path).runs()] == ["r1"]


def test_a_run_whose_folder_was_removed_is_no_longer_listed(tmp_path):
    store = Store(tmp_path)
    store.save(RUN)
    assert store.done("k1") is not None

    (tmp_path / "runs/r1").rename(tmp_path / "elsewhere")

    assert store.runs() == ()
    assert store.done("k1") is None


def test_the_newest_done_run_of_a_key_is_found_and_failed_ones_are_not(tmp_path):
    store = Store(tmp_path)
    store.save(RUN)
    store.save(replace(RUN, id="r2", created=2.0))
    store.save(replace(RUN, id="r3", created=3.0, status="failed"))

    assert store.done("k1").id == "r2"
    assert store.looks("t") == 2


def test_an_artifact_is_moved_into_the_run(tmp_path):
    made = tmp_path / "made"
    made.mkdir()
    (made / "model.onnx").write_bytes(b"x")

    Store(tmp_path).save(replace(RUN, artifact="runs/r1/artifact"), artifact=made)

    assert (tmp_path / "runs/r1/artifact/model.onnx").read_bytes() == b"x"
    assert not made.exists()


def test_an_error_while_writing_leaves_what_was_there(tmp_path):
    target = tmp_path / "file"
    target.write_text("old")

    def fails():
        with replacing(target) as temporary:
            temporary.write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fails()

    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_what_a_dead_writer_left_is_swept_and_a_living_one_is_spared(tmp_path):
    dead, living = tmp_path / f"{TEMPORARY}999999999-ab", tmp_path / f"{TEMPORARY}{os.getpid()}-ab"
    dead.mkdir()
    living.write_text("")

    sweep(tmp_path)

    assert os.listdir(tmp_path) == [living.name]


def test_an_unknown_run_is_refused_with_the_command_that_lists_them(tmp_path):
    with pytest.raises(BadInput, match="workbench runs"):
        Store(tmp_path).run("nope")


def test_a_record_of_an_unknown_schema_is_refused():
    with pytest.raises(BadInput, match="schema 2"):
        Run.from_json({**RUN.to_json(), "schema": 2})
