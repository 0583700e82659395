"""Files become tasks: columns, encodings, splits, and one sentence for whatever is wrong."""

from __future__ import annotations

import json

import numpy as np
import pytest
from fakes import sentences, write_csv

from workbench import tasks
from workbench.core.errors import BadInput
from workbench.tasks import limits
from workbench.tasks.task import held_out

LINES = "text,label\nwhere is it,delivery\nmoney back,money\n"


def written(folder, content, name="rows.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_chinese_is_read_in_every_usual_encoding(tmp_path, encoding):
    rows = "text,label\n我的包裹在哪里？,物流\n请退款，谢谢,退款\n"

    found = tasks.preview(written(tmp_path, rows.encode(encoding)))

    assert found.classes == {"物流": 1, "退款": 1}
    assert found.examples[0] == ("我的包裹在哪里？", "物流")
    assert found.bad == 0


def test_an_encoding_that_nobody_can_tell_is_refused(tmp_path):
    rows = "text,label\nun été à la plage,ja\nGrüße aus Köln,nein\n".encode("latin-1")

    with pytest.raises(BadInput, match="UTF-8, UTF-16 or GB18030") as caught:
        tasks.preview(written(tmp_path, rows))
    assert str(caught.value).count(". ") == 0


def test_latin_letters_are_not_taken_for_rare_chinese(tmp_path):
    rows = b"text,label\n" + b"\xe9t\xe9s,a\n\xe9t\xe9s,b\n"  # decodes as GB18030, to nonsense

    with pytest.raises(BadInput, match="save it as UTF-8"):
        tasks.preview(written(tmp_path, rows))


def test_bad_rows_are_told_by_physical_line_and_left_out(tmp_path):
    content = 'text,label\nfine,a\n"two\nlines",b\n,a\nno label,\none cell\nx,y,z\nlast,b\n'

    found = tasks.preview(written(tmp_path, content))

    assert [row.line for row in found.bad_rows] == [5, 6, 7, 8]
    assert [row.reason for row in found.bad_rows][:2] == ["no text", "no label"]
    assert (found.rows, found.classes) == (3, {"a": 1, "b": 2})
    told = found.to_json()
    assert told["schema"] == 1
    assert told["bad_rows"][0] == {"line": 5, "reason": "no text"}
    assert json.loads(json.dumps(told)) == told


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "rows.csv", "empty"),
        (b"\n\n\n", "rows.csv", "texts and one of labels"),
        (b"text,label\n", "rows.csv", "usable row"),
        (b"text,label\n,\n", "rows.csv", "line 2: no text"),
        (b"text\nhello\n", "rows.csv", "texts and one of labels"),
        (b"text,label\na,x\nb,x\n", "rows.csv", "at least two classes"),
        (b"text,text\na,x\n", "rows.csv", "'text' twice"),
        (b"text,,label\na,b,c\n", "rows.csv", "a name of its own"),
        (b"text,label\na\0b,x\n\0,y\n", "rows.csv", "NUL"),
        (b"PK\x03\x04 zipped", "rows.xlsx", ".csv, .tsv or .jsonl"),
        (b"\x1f\x8b gzip", "rows.csv.gz", ".csv, .tsv or .jsonl"),
        (b"\xff\xfe\x00\xd8", "rows.csv", "UTF-8, UTF-16"),
        (b"[1, 2]\n[3]\n", "rows.jsonl", "one JSON object per line"),
        (b"\x80\x81\x82,a\n", "rows.csv", "save it as UTF-8"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_sentence(tmp_path, content, name, said):
    with pytest.raises(BadInput) as caught:
        tasks.preview(written(tmp_path, content, name))

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["absent.csv", "", "x" * 5000 + ".csv", "~nobody-here/a.csv"])
def test_a_path_that_is_not_there_is_bad_input(name):
    with pytest.raises(BadInput, match="that is there"):
        tasks.preview(name)


def test_a_missing_column_is_named_beside_those_there_are(tmp_path):
    path = written(tmp_path, LINES)

    with pytest.raises(BadInput, match=r"'body'.*one of text, label"):
        tasks.preview(path, text_column="body")
    with pytest.raises(BadInput, match="one of text, label"):
        tasks.find(tasks.csv_id(path, label_column="body"))


def test_columns_without_telling_names_are_guessed_and_it_says_so(tmp_path):
    rows = [(text, str(i % 3), label) for i, (text, label) in enumerate(sentences(60))]
    path = written(
        tmp_path,
        "words,grade,group\n" + "".join(f"{a},{b}x{i},{c}\n" for i, (a, b, c) in enumerate(rows)),
    )

    found = tasks.preview(path)

    assert (found.text_column, found.label_column) == ("words", "group")
    assert found.guessed == ("words", "group")
    assert tasks.preview(written(tmp_path, LINES)).guessed == ()


def test_a_million_columns_are_refused(tmp_path):
    with pytest.raises(BadInput, match=f"at most {limits.COLUMNS:,}"):
        tasks.preview(written(tmp_path, ",".join(map(str, range(10**6))) + "\n1,2\n"))


def test_a_cell_above_the_limit_is_a_bad_row(tmp_path):
    content = "text,label\nfine,a\n" + "x" * (limits.CELL_CHARS + 1) + ",b\ngood,b\n"

    found = tasks.preview(written(tmp_path, content))

    assert [row.line for row in found.bad_rows] == [3]
    assert "1,000,001 characters" in found.bad_rows[0].reason
    assert found.rows == 2


def test_jsonl_reads_objects_and_reports_the_rest(tmp_path):
    lines = [
        '{"utterance": "late", "intent": "a"}',
        "not json",
        '{"utterance": {"nested": 1}, "intent": "a"}',
        "",
        '{"utterance": "\\ud800 half", "intent": "b"}',
        '{"utterance": "back", "intent": 7}',
        "[" * 100_000,
    ]

    found = tasks.preview(written(tmp_path, "\n".join(lines), "rows.jsonl"))

    assert found.classes == {"7": 1, "a": 1}
    assert [(row.line, row.reason) for row in found.bad_rows] == [
        (2, "no JSON"),
        (3, "no text"),
        (5, "half a character (lone surrogate)"),
        (7, "no JSON"),
    ]


def test_a_task_id_survives_odd_paths_and_column_names(tmp_path):
    folder = tmp_path / "a, b & c?=%41 好"
    folder.mkdir()
    train = write_csv(folder / "tr,ain.csv", sentences(90), ("the text&", "the=label"))
    test = write_csv(folder / "te?st.csv", sentences(30, seed=1), ("the text&", "the=label"))

    name = tasks.csv_id(train, test, text_column="the text&", label_column="the=label")
    task = tasks.find(name)

    assert task.id == name
    assert task.classes == ("delivery", "money", "product")
    assert len(task.rows("test").texts) == 30
    assert len(task.rows("train").texts) + len(task.rows("validation").texts) == 90


def test_a_file_without_header_is_read_from_its_first_line(tmp_path):
    path = write_csv(tmp_path / "bare.csv", sentences(60), None)

    task = tasks.find(tasks.csv_id(path, header=False))

    assert sum(len(task.rows(split).texts) for split in tasks.SPLITS) == 60


def test_splits_that_are_not_given_are_cut_seeded_and_stratified(tmp_path):
    path = write_csv(tmp_path / "one.csv", sentences(300))

    task = tasks.find(tasks.csv_id(path))
    parts = {split: task.rows(split) for split in tasks.SPLITS}

    assert {k: len(v.texts) for k, v in parts.items()} == {
        "train": 243,
        "validation": 27,
        "test": 30,
    }
    for rows in parts.values():
        assert rows.labels.dtype == np.int64
        assert len(set(np.bincount(rows.labels))) == 1
    np.testing.assert_array_equal(
        held_out(parts["train"].labels, 0.1, 0), held_out(parts["train"].labels, 0.1, 0)
    )
    assert not np.array_equal(
        held_out(parts["train"].labels, 0.1, 0), held_out(parts["train"].labels, 0.1, 1)
    )


def test_every_row_lands_in_exactly_one_split(tmp_path):
    rows = [(f"row number {i}", "ab"[i % 2]) for i in range(100)]
    task = tasks.find(tasks.csv_id(write_csv(tmp_path / "rows.csv", rows)))

    texts = [text for split in tasks.SPLITS for text in task.rows(split).texts]

    assert sorted(texts) == sorted(text for text, _ in rows)
    for split in tasks.SPLITS:
        held = task.rows(split)
        told = [task.classes[i] for i in held.labels]
        assert [(t, y) for t, y in zip(held.texts, told, strict=True)] == [
            pair for t in held.texts for pair in rows if pair[0] == t
        ]


def test_too_few_rows_for_a_split_are_refused(tmp_path):
    path = written(tmp_path, LINES)

    with pytest.raises(BadInput, match="enough rows for a validation split"):
        tasks.find(tasks.csv_id(path))


def test_labels_unseen_in_training_are_refused(tmp_path):
    train = write_csv(tmp_path / "train.csv", sentences(60))
    test = write_csv(tmp_path / "test.csv", [("hello", "greeting"), ("late", "delivery")])

    with pytest.raises(BadInput, match=r"label 'greeting'.*labels that the training rows"):
        tasks.find(tasks.csv_id(train, test))


def test_a_model_is_not_tested_on_the_file_it_is_trained_on(tmp_path):
    path = write_csv(tmp_path / "train.csv", sentences(60))

    with pytest.raises(BadInput, match="as training and as test file"):
        tasks.find(tasks.csv_id(path, tmp_path / "." / "train.csv"))


def test_a_changed_file_is_read_again_and_has_another_fingerprint(tmp_path):
    path = write_csv(tmp_path / "one.csv", sentences(60))
    name = tasks.csv_id(path)
    before = tasks.find(name)
    assert tasks.find(name) is before

    write_csv(path, sentences(90))

    assert tasks.find(name).fingerprint != before.fingerprint


def test_the_same_rows_elsewhere_have_the_same_fingerprint(tmp_path):
    (tmp_path / "there").mkdir()
    here = write_csv(tmp_path / "one.csv", sentences(60))
    there = write_csv(tmp_path / "there" / "two.csv", sentences(60))

    assert (
        tasks.find(tasks.csv_id(here)).fingerprint == tasks.find(tasks.csv_id(there)).fingerprint
    )
