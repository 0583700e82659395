"""A user's own columns tell groups of rows apart, as those of the package's data set do."""

from __future__ import annotations

import json

import numpy as np
import pytest

from workbench import tasks
from workbench.ledger.flips import Named, ledger
from workbench.tasks.limits import SLICE_VALUES, SLICES
from workbench.tasks.slices import Collector, Column

ROWS = 600


def cells(i):
    word = ("refund", "order")[i % 2]
    channel = ("mail", "phone", "")[i % 3]
    return {"id": f"n{i}", "text": f"{word} {i}", "label": word, "channel": channel, "same": "x"}


def csv_file(path):
    lines = [",".join(cells(0)), *(",".join(cells(i).values()) for i in range(ROWS))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def jsonl_file(path):
    rows = [{k: v for k, v in cells(i).items() if v} for i in range(ROWS)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("made", [csv_file, jsonl_file])
def test_columns_that_name_groups_are_slices_of_every_split(made, tmp_path):
    suffix = made.__name__.removesuffix("_file")
    task = tasks.find(tasks.csv_id(made(tmp_path / f"rows.{suffix}"), None, "text", "label"))

    for split in tasks.SPLITS:
        rows = task.rows(split)
        assert set(rows.slices) == {"channel"}, "not the row's id, nor what is always the same"
        numbers = [int(text.split()[1]) for text in rows.texts]
        assert list(rows.slices["channel"]) == [cells(i)["channel"] for i in numbers]


def test_further_columns_change_neither_splits_nor_what_runs_depend_on(tmp_path):
    whole = csv_file(tmp_path / "whole.csv")
    bare = tmp_path / "bare.csv"
    lines = ["text,label", *(f"{cells(i)['text']},{cells(i)['label']}" for i in range(ROWS))]
    bare.write_text("\n".join(lines) + "\n")
    one, other = (tasks.find(tasks.csv_id(path, None, "text", "label")) for path in (whole, bare))

    assert one.fingerprint == other.fingerprint
    assert one.rows("test").texts == other.rows("test").texts


def test_harm_in_a_users_own_column_is_named(tmp_path):
    train, test = csv_file(tmp_path / "train.csv"), csv_file(tmp_path / "test.csv")
    task = tasks.find(tasks.csv_id(train, test, "text", "label"))
    rows = task.rows("test")
    logits = np.eye(2, dtype=np.float32)[rows.labels]
    phone = np.array([value == "phone" for value in rows.slices["channel"]])
    after = np.where((phone & (np.arange(len(phone)) % 4 == 0))[:, None], logits[:, ::-1], logits)

    found = ledger(Named("a", "b", task.id, "test", task.classes), rows, logits, after)

    worse = [g for g in found.groups if g.column == "channel" and g.verdict.verdict == "worse"]
    assert [g.value for g in worse] == ["phone"]
    assert found.flips[0].slices == {"channel": "phone"}


def test_no_more_columns_and_values_than_groups_can_be_looked_at():
    collector = Collector([f"c{i}" for i in range(SLICES + 5)] + ["free", "long"])
    for i in range(1000):
        row = {f"c{n}": str(i % (n + 2)) for n in range(SLICES + 5)}
        collector.add({**row, "free": str(i % (SLICE_VALUES + 1)), "long": "x" * (i + 1)})

    found = collector.columns()

    assert list(found) == [f"c{i}" for i in range(SLICES)]
    assert all(len(column) == 1000 for column in found.values())


def test_a_column_is_a_sequence_of_its_values():
    column = Column(("a", "b"), np.array([0, 1, 1], np.uint8))

    assert list(column) == ["a", "b", "b"]
    assert list(column[1:]) == ["b", "b"]
    assert list(column.taken(np.array([2, 0]))) == ["b", "a"]
