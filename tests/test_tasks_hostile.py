"""Files that attack: each is read, or refused in one sentence, and nothing else happens."""

from __future__ import annotations

import gzip
import inspect
import io
import json
import os
import pickle
import re
import sys
import threading
import tracemalloc
import zipfile

import pytest
from fakes import sentences, write_csv

from workbench import tasks
from workbench.core.errors import BadInput
from workbench.tasks import encoding, files, limits, lines, objects, source, table, task
from workbench.tasks.labels import look_alikes, tidy

GOOD = "text,label\nwhere is it,delivery\nmoney back,money\n"


def written(folder, content, name="rows.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refused(path, **how):
    """The one sentence with which a preview is refused."""
    with pytest.raises(BadInput) as caught:
        tasks.preview(path, **how)
    said = str(caught.value)
    assert len(said) < 1000
    assert said.isprintable()
    return said


def zipped():
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return held.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (gzip.compress(b"\0" * 10**7), "gzip"),
        (zipped(), "zip or xlsx"),
        (pickle.dumps({"text": "a", "label": "b"}), "pickle"),
        (pickle.dumps(GOOD, protocol=2), "pickle"),
        (b"PAR1\x15\x04\x15\x10", "parquet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls"),
        (b"\xfd7zXZ\x00\x00", "xz"),
        (b"\x28\xb5\x2f\xfd\x00", "zstd"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\n  <!DOCTYPE HTML><html>not found</html>", "HTML"),
        (b"SQLite format 3\x00", "SQLite"),
    ],
)
def test_what_is_packed_or_binary_is_named_and_never_opened(tmp_path, content, kind):
    for name in ("rows.csv", "rows.jsonl"):
        said = refused(written(tmp_path, content, name))
        assert f"(it is {kind} inside): expected plain text; unpack it" in said


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (GOOD.replace("\n", "\r"), "rows.csv"),
        (GOOD.replace("\n", "\r\n"), "rows.csv"),
        ("text,label\rwhere is it,delivery\r\nmoney back,money\n\r\n\n", "rows.csv"),
        ("\ufeff" + GOOD + "\ufeff" + GOOD.split("\n", 1)[1], "rows.csv"),
        ('{"text":"a","label":"delivery"}\r\r\n\ufeff{"text":"b","label":"money"}', "rows.jsonl"),
    ],
)
def test_newlines_of_every_kind_and_marks_in_the_middle(tmp_path, content, name):
    found = tasks.preview(written(tmp_path, content, name))

    assert set(found.classes) == {"delivery", "money"}
    assert found.bad == 0


def test_a_line_separator_of_unicode_is_text(tmp_path):
    found = tasks.preview(written(tmp_path, "text,label\na\u2028b\x85c,x\nd\x0ce,y\n"))

    assert found.examples == (("a\u2028b\x85c", "x"), ("d\x0ce", "y"))


@pytest.mark.parametrize("name", ["utf-32", "utf-16", "utf-8-sig"])
def test_wide_text_with_a_mark_is_read(tmp_path, name):
    assert tasks.preview(written(tmp_path, GOOD.encode(name))).rows == 2


CHINESE = "text,label\n我的包裹在哪里？,物流\n请退款，谢谢,退款\n"
JAPANESE = "text,label\n荷物はどこですか,配送\n返金してください,お金\n"


@pytest.mark.parametrize(
    "content",
    [
        GOOD.encode("utf-16-le"),
        GOOD.encode("utf-32-be"),
        JAPANESE.encode("shift_jis"),
        JAPANESE.encode("euc_jp"),
        CHINESE.replace("包裹在哪", "包裹貨運").encode("big5", "ignore") * 3,
        "text,label\nétés à la plage,oui\nça va là,non\n".encode("latin-1"),
        "text,label\nгде моя посылка,да\n".encode("cp1251"),
        CHINESE.encode() + CHINESE.encode("gb18030"),
        "text,label\nné,a\n".encode() + "né,b\n".encode("latin-1"),
        b"text,label\n\xed\xa0\x80,a\nb,b\n",
        b"\xff\xfe" + GOOD.encode("utf-16-le") + b"\x00",
    ],
)
def test_other_and_mixed_encodings_are_refused_and_never_garbled(tmp_path, content):
    assert "save it as UTF-8" in refused(written(tmp_path, content))


def test_a_guessed_encoding_is_pointed_out(tmp_path):
    found = tasks.preview(written(tmp_path, CHINESE.encode("gb18030")))

    assert "GB18030" in found.to_json()["warnings"][0]
    assert "GB18030" in found.warnings[0].told("zh")
    assert tasks.preview(written(tmp_path, CHINESE)).warnings == ()


def test_space_around_labels_means_nothing_and_look_alikes_are_pointed_out(tmp_path):
    labels = ["Money", " Money ", "money", "MONEY\u3000", "a  b", "a\u00a0b", "caf\u0301e", "x"]
    found = tasks.preview(
        written(tmp_path, "text,label\n" + "".join(f"t{i},{x}\n" for i, x in enumerate(labels)))
    )

    assert found.classes["Money"] == 2
    assert found.classes["a b"] == 2
    told = found.to_json()["warnings"]
    assert len(told) == 1
    assert "'MONEY' (1), 'Money' (2), 'money' (1)" in told[0]
    assert look_alikes({"Ａ": 1, "a": 1, "b": 1}) == [["a", "Ａ"]]
    assert tidy("\ufeff e\u0301 \u200b") == "é"


def test_a_quote_that_is_never_closed_costs_one_row(tmp_path):
    rows = [f"text {i},{'ab'[i % 2]}" for i in range(1000)]
    rows[10] = '"' + rows[10]

    found = tasks.preview(written(tmp_path, "text,label\n" + "\n".join(rows)))

    assert found.rows == 999
    assert [(bad.line, bad.reason) for bad in found.bad_rows] == [(12, lines.UNCLOSED)]


def test_a_quote_that_would_join_two_rows_makes_no_row(tmp_path):
    content = 'text,label\n"a,x\n"b",y\nc,x\n"two\nlines",y\n'

    found = tasks.preview(written(tmp_path, content))

    assert [bad.line for bad in found.bad_rows] == [2]
    assert found.examples == (("c", "x"), ("two\nlines", "y"))


def test_many_quotes_that_are_never_closed_are_refused_in_time(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "LINE_CHARS", 1000)
    monkeypatch.setattr(lines, "RESCAN_CHARS", 25_000)

    said = refused(written(tmp_path, "text,label\n" + 'x"y,"z\n' * 10_000))

    assert re.search(r"line \d+: expected quotes that are closed; mend the quotes", said)


def test_a_line_without_end_is_left_out_and_the_next_one_is_read(tmp_path):
    big = "x" * (3 * limits.LINE_CHARS)

    found = tasks.preview(written(tmp_path, f"text,label\na,x\n{big},y\r\nb,y\n"))

    assert found.examples == (("a", "x"), ("b", "y"))
    assert [bad.line for bad in found.bad_rows] == [3]
    assert "a line of more than 4,000,000 characters" in found.bad_rows[0].reason
    body = '{"text":"a","label":"x"}\n' + f'{{"text":"{big}"}}\n' + '{"text":"b","label":"y"}'
    assert tasks.preview(written(tmp_path, body, "r.jsonl")).bad_rows[0].line == 2


def test_numbers_stay_as_written_and_what_is_no_json_is_a_bad_row(tmp_path):
    rows = [
        '{"text": 1e999, "label": 1.50}',
        '{"text": %s, "label": 1.50}' % ("9" * 5000),
        '{"text": "a", "label": NaN}',
        '{"text": "a", "label": -Infinity}',
        '{"text": "a", "text": "b", "label": 2}',
        '{"text": ["a"], "label": 2}',
        '{"text": "a", "label": {"b": 1}}',
        '{"text": "\\u0000", "label": 2}',
        '{"text": "a", "label": null, "\\ud800": 1}',
        '{"text": "a", "label": 2}',
        '[{"text": "a"}]',
        '{"text": "a", "label": 3',
    ]

    found = tasks.preview(written(tmp_path, "\n".join(rows), "rows.jsonl"))

    assert found.classes == {"1.50": 2, "2": 1}
    assert found.columns == ("text", "label")
    assert [row.reason for row in found.bad_rows] == [
        "NaN is no number",
        "-Infinity is no number",
        "a key twice",
        "no text",
        "no label",
        "NUL character",
        "no label",
        "no JSON object",
        "no JSON",
    ]


def test_formulas_are_text(tmp_path):
    evil = "=cmd|'/c calc'!A1"

    found = tasks.preview(written(tmp_path, f'text,label\n"{evil}",=1+1\n@SUM(A1),b\n'))

    assert found.examples[0] == (evil, "=1+1")


@pytest.mark.parametrize("column", ["\x1b]0;x\x07", "\u202eevil", "<script>", "x" * 10**6, "a\nb"])
def test_names_of_columns_never_reach_a_sentence_as_they_are(tmp_path, column):
    path = written(tmp_path, f'"{column}","{column}"\na,b\n')
    assert "twice" in refused(path)
    path = written(tmp_path, f'"{column}",other\na,b\n')
    assert "expected one of" in refused(path, text_column="absent")


def test_only_ordinary_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "loop.csv").symlink_to(tmp_path / "pool.csv")
    (tmp_path / "pool.csv").symlink_to(tmp_path / "loop.csv")
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    (tmp_path / "null.csv").symlink_to("/dev/null")
    for name in ("pipe", "folder", "loop", "zero", "null"):
        assert "that is there" in refused(tmp_path / f"{name}.csv")
        with pytest.raises(BadInput, match="that is there"):
            tasks.find(tasks.csv_id(tmp_path / f"{name}.csv"))


def test_a_file_that_becomes_a_pipe_is_not_waited_for(tmp_path, monkeypatch):
    path = written(tmp_path, GOOD)
    encoding.encoding_of(path)
    monkeypatch.setattr(encoding, "encoding_of", lambda _: "utf-8")
    path.unlink()
    os.mkfifo(path)

    with pytest.raises(BadInput, match="a file that can be read"), encoding.reading(path):
        pass


NAMES = ["a\nb", "\x1b[2J", "\u202efdp", "<img src=x onerror=alert(1)>", "a,b?c=d&e%41#", "é" * 80]


@pytest.mark.parametrize("name", [*NAMES, os.fsdecode(b"\xff\xfe")])
def test_hostile_file_names_become_tasks_with_visible_titles(tmp_path, name):
    path = tmp_path / f"{name}.csv"
    write_csv(path, sentences(60))

    found = tasks.find(tasks.csv_id(path))

    assert found.title.isprintable()
    assert tasks.preview(path).rows == 60
    assert tasks.csv_id(path).isascii()
    path.write_text("text\n")
    assert refused(path)


@pytest.mark.parametrize(
    "task_id",
    [
        "csv:%00.csv",
        "csv:~root%00/x.csv",
        "csv:" + "a/" * 5000 + "b.csv",
        "csv:" + "x" * 10**7,
        "csv:a.csv?" + "&" * 10**6,
        "csv:a.csv?text_column=a&text_column=b",
        "csv:a.csv?header=1&header=0",
        "csv:a.csv?header=%0a\u202e",
        "csv:a.csv?__class__=x",
        "csv:a.csv?=",
        "csv:a.csv?text_column=%ff%fe",
        "csv:,,,",
        "csv:///dev/zero",
        "csv:/proc/self/mem",
        "csv:/proc/self/environ?header=0",
        "csv:\ud800.csv",
        "hf:../../etc",
        "hf:" + "x" * 10**7,
        "hf:a/b?" + "text_column=a&" * 1000,
        "hf:a/b\x00",
        "hf:https://example.org/x",
        "\x1b[31mred",
        "x" * 10**7,
    ],
)
def test_hostile_task_ids_are_refused_in_one_short_line(task_id):
    with pytest.raises(BadInput) as caught:
        tasks.find(task_id)

    assert len(str(caught.value)) < 1000
    assert str(caught.value).isprintable()


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path):
    path = written(tmp_path, "text,label\n" + "where is it,delivery\n" * 100_000)
    rows = table.read(path)
    next(rows)

    with path.open("ab") as file:
        file.write(b"more,rows\n")
    with pytest.raises(BadInput, match="stays as it is while it is read; try again"):
        list(rows)


def test_a_file_that_is_cut_in_the_middle_of_a_character_is_refused(tmp_path):
    path = written(tmp_path, "text,label\n" + "早上好,好\n" * 100_000)
    rows = table.read(path)
    next(rows)

    os.truncate(path, 700_001)
    with pytest.raises(BadInput, match="stays as it is"):
        list(rows)


def test_a_file_that_is_written_all_the_time_never_brings_another_error(tmp_path):
    path = written(tmp_path, GOOD * 20)
    stop = threading.Event()

    def scribble():
        turn = 0
        while not stop.is_set():
            turn += 1
            body = (GOOD * 20).encode(("utf-8", "utf-16", "gb18030")[turn % 3])
            path.write_bytes(body[: len(body) // (1 + turn % 4)])

    thread = threading.Thread(target=scribble)
    thread.start()
    try:
        outcomes = [tried(path) for _ in range(60)]
    finally:
        stop.set()
        thread.join()
    assert set(outcomes) <= {"read", "refused"}


def tried(path):
    try:
        tasks.preview(path)
    except BadInput:
        return "refused"
    return "read"


def thin(monkeypatch, name, value):
    """Set a limit wherever it was imported to."""
    preview = sys.modules["workbench.tasks.preview"]
    modules = (limits, source, table, preview, files, task, lines, objects)
    for module in modules:
        if hasattr(module, name):
            monkeypatch.setattr(module, name, value)


SMALL = {
    "FILE_BYTES": 10,
    "ROWS": 1,
    "LINES": 2,
    "TASK_CHARS": 10,
    "COLUMNS": 1,
    "CLASSES": 1,
    "ID_CHARS": 5,
    "CELL_CHARS": 10,
    "LABEL_CHARS": 5,
    "LINE_CHARS": 15,
}


@pytest.mark.parametrize("name", SMALL)
def test_every_limit_is_said_as_it_is_documented(tmp_path, monkeypatch, name):
    path = written(tmp_path, "text,label\nok,aa\nok,bb\nwhere is it,delivery\n")
    documented = " ".join(inspect.getdoc(limits).split())
    wanted = re.search(rf"``{name}``: ``(.+?)``", documented).group(1).split(": ")[-1]
    shape = re.sub(r"\d[\d,]*", r"[\\d,]+", re.escape(wanted))
    thin(monkeypatch, name, SMALL[name])

    said = []
    for look in (lambda: tasks.preview(path), lambda: tasks.find(tasks.csv_id(path))):
        try:
            said += [row.reason for row in look().bad_rows]
        except BadInput as err:
            said.append(str(err))

    assert any(re.search(shape, words) for words in said), (wanted, said)


def test_guessing_columns_keeps_no_row(tmp_path):
    rows = [f"{'ab'[i % 2]},{i % 5},{str(i % 7) * 200_000}" for i in range(60)]
    path = written(tmp_path, "one,two,three\n" + "\n".join(rows))

    tracemalloc.start()
    found = tasks.preview(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (found.text_column, found.label_column) == ("three", "one")
    assert peak < 6e6  # of 12; the five examples are some of it


def test_keys_are_collected_until_they_are_too_many(tmp_path):
    read = []
    rows = (json.dumps({f"{row}.{key}": "" for key in range(900)}) for row in range(100))

    class Watched(lines.Lines):
        def __next__(self):
            read.append(1)
            return super().__next__()

    with pytest.raises(BadInput, match=r"\(2,700 columns\): expected at most 2,000 columns"):
        tasks.preview(written(tmp_path, "\n".join(rows), "rows.jsonl"))
    found = objects.keys(tmp_path, Watched("x", (tmp_path / "rows.jsonl").open()))

    assert (len(found), len(read)) == (2700, 3)


def test_nothing_but_bad_rows_says_what_is_wrong_with_the_first(tmp_path):
    assert "line 2: 1 cells instead of 2" in refused(written(tmp_path, "text,label\na\nb\n"))
    assert "usable row" in refused(written(tmp_path, "text,label\n"))
    assert "at least two classes" in refused(written(tmp_path, "text,label\na,x\nb,x \n"))


def test_the_second_file_of_files_put_together_brings_no_class_named_label(tmp_path):
    found = tasks.preview(written(tmp_path, GOOD + GOOD))

    assert set(found.classes) == {"delivery", "money"}
    assert found.to_json()["bad_rows"] == [{"line": 4, "reason": "the header once more"}]


def test_a_preview_of_hostile_rows_is_json_that_any_terminal_survives(tmp_path, capsys):
    from workbench.cli.main import main

    path = written(tmp_path, 'text,label\n"\x1b[2J\u202e\x9b",\x1b]0;x\x07\nb,<b>\n')
    for arguments in (["preview", str(path)], ["preview", str(path), "--json"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        out = capsys.readouterr().out
        assert caught.value.code == 0
        assert out.replace("\n", "").isprintable()
    assert json.loads(out)["examples"][0] == {"text": "\x1b[2J\u202e\x9b", "label": "\x1b]0;x\x07"}
