from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest

from workbench.measure import environment, quality


def logits_for(answers: np.ndarray, classes: int) -> np.ndarray:
    return np.eye(classes, dtype=np.float32)[answers]


def test_accuracy_and_macro_f1_come_with_rows_and_intervals():
    labels = np.arange(200) % 4
    answers = labels.copy()
    answers[:20] = (answers[:20] + 1) % 4

    found, said = quality(logits_for(answers, 4), labels)

    assert set(found) == {"accuracy", "macro_f1"}
    assert found["accuracy"].value == pytest.approx(0.9)
    assert all(e.low < e.value < e.high and e.n == 200 for e in found.values())
    assert said == {}


def test_a_candidate_is_compared_on_the_same_rows():
    labels = np.arange(400) % 4
    poor = labels.copy()
    poor[:60] = (poor[:60] + 1) % 4
    good, bad = logits_for(labels, 4), logits_for(poor, 4)

    found, said = quality(bad, labels, good)

    assert found["accuracy_change"].value == pytest.approx(-0.15)
    assert found["accuracy_change"].high < 0
    assert {name: v.verdict for name, v in said.items()} == {
        "accuracy": "worse",
        "macro_f1": "worse",
    }
    assert quality(good, labels, bad)[1]["accuracy"].verdict == "better"


def test_equal_answers_leave_the_question_open():
    labels = np.arange(100) % 4
    logits = logits_for((labels + (labels == 3)) % 4, 4)

    found, said = quality(logits, labels, logits)

    assert found["accuracy_change"].value == 0
    assert {v.verdict for v in said.values()} == {"cannot tell"}
    assert said["accuracy"].n_needed is None


def test_the_environment_says_what_times_hold_for():
    found = environment()

    assert found.cpu
    assert found.cores >= 1
    assert found.memory_bytes > 1e8
    assert {"numpy", "torch", "transformers"} <= set(found.libraries)
    assert environment() is found
    json.dumps(asdict(found))
