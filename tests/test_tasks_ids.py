"""Task ids, scores and splits, and Banking77 through the door for files."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import data, sentences, write_csv

from workbench import tasks
from workbench.core.errors import BadInput

LINES = "text,label\nwhere is it,delivery\nmoney back,money\n"


@pytest.mark.parametrize("name", ["", "nothing", "csv:", "csv:a,b,c", "csv:a.csv?color=red"])
def test_an_unknown_task_is_bad_input(name):
    with pytest.raises(BadInput):
        tasks.find(name)


def test_a_header_setting_that_is_neither_is_refused(tmp_path):
    path = write_csv(tmp_path / "one.csv", sentences(60))

    with pytest.raises(BadInput, match="expected 0 or 1"):
        tasks.find(f"csv:{path}?header=maybe")


def test_scores_are_right_per_row_and_splits_are_known(tmp_path):
    task = tasks.find(tasks.csv_id(write_csv(tmp_path / "one.csv", sentences(300))))
    rows = task.rows("test")
    logits = np.eye(3, dtype=np.float32)[rows.labels]
    logits[0] = logits[0][::-1] - 5 * logits[0]

    right = task.score(logits, rows)

    assert right.dtype == bool
    assert right.tolist() == [False] + [True] * (len(rows.texts) - 1)
    with pytest.raises(BadInput, match="train, validation or test"):
        task.rows("dev")


def test_banking77_comes_through_the_door_for_files():
    folder = data("banking77")

    task = tasks.find(tasks.csv_id(folder / "train.csv", folder / "test.csv"))

    assert len(task.classes) == 77
    assert len(task.rows("test").texts) == 3080
    assert len(task.rows("train").texts) + len(task.rows("validation").texts) == 10003
    assert set(task.rows("validation").labels) == set(range(77))
