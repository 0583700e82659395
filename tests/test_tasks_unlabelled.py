"""Texts without labels beside a task: read by the same door, never a row of validation or test."""

from __future__ import annotations

import pytest
from fakes import sentences, write_csv
from test_state import Recorder

from workbench import tasks
from workbench.cli import main, work
from workbench.cli.work import task_id
from workbench.core.errors import BadInput
from workbench.core.records import Job
from workbench.panels.opener import FileOpener
from workbench.state.choose import ChooseState
from workbench.state.session import Session


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


RECIPE = ("--recipe", '{"techniques": [{"name": "distillation"}]}')
GRID = ("--grid", '{"techniques": [{"name": "magnitude_pruning", "amount": [0.1, 0.2]}]}')


@pytest.fixture
def asked(monkeypatch):
    """What commands would ask the server for."""
    heard = []

    def through(kind, request):
        heard.append((kind, request))
        return Job("j", kind, "owner", request, "failed")

    monkeypatch.setattr(work, "through", through)
    return heard


@pytest.mark.parametrize("command", [("run", *RECIPE), ("sweep", *GRID), ("tune",)])
def test_every_command_that_trains_takes_texts_without_labels(
    command, asked, tmp_path, monkeypatch
):
    train, test, _ = files(tmp_path, ["new"])
    monkeypatch.chdir(tmp_path)
    name, *more = command
    usual = ("--model", "m", "--task", f"csv:{train},{test}", "--unlabelled", "more.csv")

    with pytest.raises(SystemExit):
        main([name, *usual, *more])

    ((kind, request),) = asked
    assert (kind, request["task"]) == (
        name,
        tasks.csv_id(train, test, unlabelled=tmp_path / "more.csv"),
    )


def test_texts_without_labels_stand_beside_files_only(asked, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["tune", "--model", "m", "--task", "shopdesk", "--unlabelled", "more.csv"])

    assert ended.value.code == 2
    assert "a task in files" in capsys.readouterr().err
    assert asked == []


def test_a_sweep_says_how_long_it_takes_before_it_starts(asked, capsys):
    with pytest.raises(SystemExit):
        main(["sweep", "--model", "m", "--task", "shopdesk", *GRID])
    assert "2 recipes, about 2 min" in capsys.readouterr().err

    big = '{"techniques": [{"name": "magnitude_pruning", "amount": [0.1%s]}]}' % (", 0.1" * 1999)
    with pytest.raises(SystemExit) as ended:
        main(["sweep", "--model", "m", "--task", "shopdesk", "--grid", big])
    assert ended.value.code == 2
    assert "a grid of 2,000 recipes, about 33 h" in capsys.readouterr().err
    assert len(asked) == 1


def test_the_page_takes_texts_without_labels_beside_a_file_of_ones_own(tmp_path, home):
    train, _, more = files(tmp_path, ["new one", "new two"])
    state = ChooseState(Session(Recorder(), home))
    panel = FileOpener(state)
    panel.path.value = str(train)
    panel.load.click()
    panel.more.value = str(tmp_path / "none.csv")
    panel.use.click()
    assert "none.csv" in panel.note.html
    assert state.session.task == ""

    panel.more.value = f" {more} "
    panel.use.click()

    assert state.session.task == tasks.csv_id(train, None, "text", "label", True, more)
    assert state.task().unlabelled == ("new one", "new two")
    assert panel.more.description
