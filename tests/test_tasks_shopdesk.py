"""The package's own data set keeps what its card promises."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest

from workbench import tasks
from workbench.tasks.shopdesk import SLICES


@pytest.fixture(scope="module")
def shopdesk():
    return tasks.find("shopdesk")


def plain(text):
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def test_it_has_24_intents_and_enough_rows(shopdesk):
    sizes = {split: len(shopdesk.rows(split).texts) for split in tasks.SPLITS}

    assert len(shopdesk.classes) == 24
    assert sizes["train"] >= 1000
    assert sizes["validation"] >= 480
    assert sizes["test"] >= 480
    for split in tasks.SPLITS:
        assert set(shopdesk.rows(split).labels) == set(range(24))


def test_no_utterance_is_in_two_splits(shopdesk):
    seen = Counter(plain(t) for s in tasks.SPLITS for t in set(shopdesk.rows(s).texts))

    assert [text for text, count in seen.items() if count > 1] == []


def test_every_row_has_its_slices_and_a_whole_text(shopdesk):
    for split in tasks.SPLITS:
        rows = shopdesk.rows(split)
        assert rows.labels.dtype == np.int64
        assert set(rows.slices) == set(SLICES)
        for values in rows.slices.values():
            assert len(values) == len(rows.texts)
            assert len(set(values)) > 1
            assert all(values)
        assert all(text == text.strip() != "" for text in rows.texts)


def test_it_is_in_the_catalogue_and_is_read_once(shopdesk):
    assert tasks.catalogue()[0] is shopdesk
    assert shopdesk.languages == ("en",)
    assert shopdesk.metrics == ("accuracy", "macro_f1")


def shingles(text, length=5):
    words = plain(text).split()
    return {" ".join(words[i : i + length]) for i in range(len(words) - length + 1)}


def test_splits_share_no_five_words_in_a_row(shopdesk):
    found = {s: set().union(*map(shingles, shopdesk.rows(s).texts)) for s in tasks.SPLITS}

    assert not found["train"] & found["test"]
    assert not found["validation"] & found["test"]
    assert not found["train"] & found["validation"]


def test_counting_words_does_not_solve_it(shopdesk):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    train, test = shopdesk.rows("train"), shopdesk.rows("test")
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    plain_model = make_pipeline(make_union(words, letters), LogisticRegression(C=30, max_iter=500))
    plain_model.fit(train.texts, train.labels)

    assert 0.4 < plain_model.score(test.texts, test.labels) <= 0.92
