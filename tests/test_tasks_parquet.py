"""Folders of parquet files that unpack to far more than they are."""

from __future__ import annotations

import json
import time

import pytest
from fakes import require, sentences

from workbench import tasks
from workbench.core.errors import BadInput
from workbench.tasks import hub, parquet


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    datasets = require("datasets", "pip install llm-workbench")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def stored(folder, rows=None, about=None, **how):
    """A folder with one file of these columns; ``about`` is what it says of them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(exist_ok=True)
    texts, labels = zip(*sentences(60), strict=True)
    made = pa.table({"text": texts, "label": labels} | (rows or {}))
    if about:
        made = made.replace_schema_metadata({"huggingface": json.dumps(about)})
    pq.write_table(made, folder / "train.parquet", **how)
    return f"hf:{folder}"


def again(text, count):
    """So many times the same text: in the file once."""
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(pa.array([0, 1] * (count // 2), pa.int32()), [text, "b"])


def refused(name, words):
    with pytest.raises(BadInput, match=words) as caught:
        tasks.find(name)
    said = str(caught.value)
    assert said.isprintable()
    assert len(said) < 500


@pytest.mark.parametrize("column", ["text", "label"])
def test_a_text_of_a_megabyte_a_million_times_is_refused_before_it_is_unpacked(tmp_path, column):
    count = 1_000_000
    rows = {"text": again("a", count), "label": again("x", count)}
    name = stored(tmp_path / "set", rows | {column: again("x" * 10**6, count)})
    assert (tmp_path / "set" / "train.parquet").stat().st_size < 10**6

    began = time.monotonic()
    refused(name, "at most 500,000,000 characters of text in all; take a sample")
    few = {name: values[:1200] for name, values in rows.items()}
    refused(stored(tmp_path / "few", few | {column: again("早" * 10**6, 1200)}), "characters")

    assert time.monotonic() - began < 30
    assert not (tmp_path / "cache").exists()


def test_texts_that_build_on_each_other_are_counted_a_few_at_a_time(tmp_path, monkeypatch):
    import pyarrow as pa

    monkeypatch.setattr(parquet, "HELD", 1 << 24)
    monkeypatch.setattr(parquet, "TASK_CHARS", 10**8)
    count = 2000
    rows = {"text": ["a" * 100_000 + str(i) for i in range(count)], "label": ["x", "y"] * 1000}
    name = stored(
        tmp_path / "set", rows, use_dictionary=False, column_encoding={"text": "DELTA_BYTE_ARRAY"}
    )
    del rows
    before = pa.default_memory_pool().max_memory()

    refused(name, "characters of text in all")

    assert pa.default_memory_pool().max_memory() <= max(before, 10**8)


def test_too_many_rows_or_bytes_or_columns_are_refused_by_what_the_file_says(
    tmp_path, monkeypatch
):
    name = stored(tmp_path / "set")

    for limit, most, words in (
        ("COLUMNS", 1, r"\(2 columns\): expected at most 1 columns"),
        ("ROWS", 59, "at most 59 rows"),
        ("FILE_BYTES", 100, r"train.parquet \([\d,]+ bytes\): expected at most 100 bytes"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(parquet, limit, most)
            refused(name, words)


def test_other_columns_that_are_too_much_are_left_out(tmp_path):
    count = 1_000_000
    rows = {
        "text": [f"text {i}" for i in range(count)],
        "label": ["a", "b"] * (count // 2),
        "shop": again("north", count),
        "page": again("x" * 10**6, count),
        "parts": [[]] * count,
        "price": [0.5] * count,
    }
    name = stored(tmp_path / "set", rows)
    file = str(tmp_path / "set" / "train.parquet")

    assert parquet.light({"train": [file]}, ("text", "label"), name) == ["text", "label", "shop"]


def test_slices_and_names_of_classes_come_through(tmp_path):
    kinds = {"text": {"dtype": "string", "_type": "Value"}}
    kinds |= {"label": {"names": ["bad", "good"], "_type": "ClassLabel"}}
    kinds |= {"shop": {"dtype": "string", "_type": "Value"}}
    kinds |= {"parts": {"feature": {"dtype": "int64", "_type": "Value"}, "_type": "List"}}
    rows = {"label": [0, 1] * 30, "shop": ["north", "south", "west"] * 20, "parts": [[1]] * 60}

    task = tasks.find(stored(tmp_path / "set", rows, {"info": {"features": kinds}}))

    assert task.classes == ("bad", "good")
    assert set(task.rows("test").slices) == {"shop"}


@pytest.mark.parametrize("kind", ["Image", "Audio", "Pdf"])
def test_a_text_that_says_it_is_a_picture_opens_no_file(tmp_path, kind):
    label = {"dtype": "string", "_type": "Value"}
    about = {"info": {"features": {"text": {"_type": kind}, "label": label}}}
    names = [str(tmp_path / f"{number}.png") for number in range(60)]
    pictures = [{"bytes": None, "path": name} for name in names]

    task = tasks.find(stored(tmp_path / "set", {"text": names}, about))

    assert {text for split in tasks.SPLITS for text in task.rows(split).texts} == set(names)
    refused(stored(tmp_path / "other", {"text": pictures}, about), "words or numbers")


@pytest.mark.parametrize("column", ["text", "label"])
def test_lists_and_bytes_are_no_texts_and_no_labels(tmp_path, column):
    for number, values in enumerate(([["a"]] * 60, [b"a"] * 60, [{"a": "b"}] * 60)):
        name = stored(tmp_path / f"set{number}", {column: values})
        refused(name, f"column '{column}' of .*: expected a column of words or numbers")


def test_what_is_no_parquet_is_named(tmp_path):
    name = stored(tmp_path / "set")
    content = (tmp_path / "set" / "train.parquet").read_bytes()

    for spoilt in (b"", b"PAR1", content[:-20], b"PAR1" + bytes(2000) + content[-8:]):
        (tmp_path / "set" / "train.parquet").write_bytes(spoilt)
        hub.find_hub.cache_clear()
        refused(name, r"train.parquet \(\w+\): expected a parquet file that can be read")
