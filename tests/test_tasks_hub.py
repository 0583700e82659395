"""The door for Hugging Face data sets, with folders in the place of the hub."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import require, sentences

from workbench import tasks
from workbench.core.errors import BadInput


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    datasets = require("datasets", "pip install llm-workbench")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))


def stored(folder, splits, names=None):
    """A folder of parquet files, one for each split."""
    import datasets

    folder.mkdir()
    for split, rows in splits.items():
        columns = {"utterance": [r[0] for r in rows], "intent": [r[1] for r in rows]}
        made = datasets.Dataset.from_dict(columns)
        if names:
            made = made.cast_column("intent", datasets.ClassLabel(names=names))
        made.to_parquet(str(folder / f"{split}.parquet"))
    return f"hf:{folder}"


def test_a_data_set_becomes_a_task_with_three_splits(tmp_path):
    name = stored(tmp_path / "set", {"train": sentences(90), "test": sentences(30, seed=1)})

    task = tasks.find(name)

    assert task.classes == ("delivery", "money", "product")
    assert task.rows("test").texts == tuple(text for text, _ in sentences(30, seed=1))
    assert len(task.rows("validation").texts) == 9
    assert len(task.rows("train").texts) == 81
    assert task.rows("train").labels.dtype == np.int64


def test_class_numbers_get_their_names_and_rows_without_label_are_left_out(tmp_path):
    rows = [(f"text {i}", i % 2) for i in range(40)] + [("unlabelled", -1), ("", 0)]
    name = stored(tmp_path / "set", {"train": rows}, names=["bad", "good"])

    task = tasks.find(name)

    assert task.classes == ("bad", "good")
    texts = [t for split in tasks.SPLITS for t in task.rows(split).texts]
    assert sorted(texts) == sorted(f"text {i}" for i in range(40))
    row = task.rows("train")
    assert all(int(t.split()[1]) % 2 == y for t, y in zip(row.texts, row.labels, strict=True))


def test_a_column_that_is_not_there_is_named_beside_those_there_are(tmp_path):
    name = stored(tmp_path / "set", {"train": sentences(60)})

    with pytest.raises(BadInput, match=r"'body'.*one of utterance, intent"):
        tasks.find(f"{name}?text_column=body")


def test_offline_it_says_what_is_cached(tmp_path, monkeypatch):
    (tmp_path / "cache" / "PolyAI___banking77").mkdir(parents=True)

    with pytest.raises(BadInput, match=r"cached here \(hf:PolyAI/banking77\)"):
        tasks.find("hf:nobody/nothing-of-this-name")
