"""Texts without labels beside a task: read by the same door, never a row of validation or test."""

from __future__ import annotations

import pytest
from fakes import sentences, write_csv

from workbench import tasks
from workbench.cli.work import task_id
from workbench.core.errors import BadInput


def files(folder, more, header=("text",)):
    train = write_csv(folder / "train.csv", sentences(90))
    test = write_csv(folder / "test.csv", sentences(12, seed=1))
    return train, test, write_csv(folder / "more.csv", [(text,) for text in more], header)


def test_its_texts_are_there_once_without_those_of_validation_and_test(tmp_path):
    plain = tasks.find(tasks.csv_id(*files(tmp_path, ["x"])[:2]))
    seen = [plain.rows(split).texts[0] for split in ("validation", "test")]
    train, test, more = files(tmp_path, ["new one", "new one", "  ", *seen, "new two"])

    task = tasks.find(tasks.csv_id(train, test, unlabelled=more))

    assert task.unlabelled == ("new one", "new two")
    assert task.rows("train").texts == plain.rows("train").texts
    assert task.fingerprint != plain.fingerprint
    assert plain.unlabelled == ()


def test_a_command_keeps_it_with_the_other_settings(tmp_path, monkeypatch):
    train, test, _ = files(tmp_path, ["new"])
    monkeypatch.chdir(tmp_path)

    named = task_id("csv:train.csv,test.csv?unlabelled=more.csv", "text", None, False)

    assert named == tasks.csv_id(train, test, "text", unlabelled=tmp_path / "more.csv")
    assert tasks.find(named).unlabelled == ("new",)


def test_the_column_is_that_of_the_texts_or_the_only_one(tmp_path):
    train, test, more = files(tmp_path, ["a", "b"], header=("anything",))
    assert tasks.find(tasks.csv_id(train, test, unlabelled=more)).unlabelled == ("a", "b")
    two = write_csv(tmp_path / "two.csv", [("1", "one")], ("id", "words"))

    with pytest.raises(BadInput, match="a column called text"):
        tasks.find(tasks.csv_id(train, test, unlabelled=two))


@pytest.mark.parametrize("content", [None, "", "text\n", "text\n \n"])
def test_a_file_without_texts_is_refused(content, tmp_path):
    train, test, more = files(tmp_path, ["a"])
    if content is None:
        more.unlink()
    else:
        more.write_text(content)

    with pytest.raises(BadInput, match="more"):
        tasks.find(tasks.csv_id(train, test, unlabelled=more))


def test_a_changed_file_is_read_anew(tmp_path):
    train, test, more = files(tmp_path, ["a"])
    named = tasks.csv_id(train, test, unlabelled=more)
    before = tasks.find(named).fingerprint
    write_csv(more, [("a",), ("quite another",)], ("text",))

    assert tasks.find(named).unlabelled == ("a", "quite another")
    assert tasks.find(named).fingerprint != before
