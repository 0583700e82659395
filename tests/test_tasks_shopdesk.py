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
