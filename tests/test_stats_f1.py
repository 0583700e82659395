from __future__ import annotations

import numpy as np
import pytest

from workbench.stats import f1


def classified(rng: np.random.Generator, classes: int, rows: int, right: float = 0.85) -> tuple:
    labels = rng.integers(0, classes, rows)
    return labels, np.where(rng.random(rows) < right, labels, rng.integers(0, classes, rows))


def test_macro_f1_is_sklearns():
    from sklearn.metrics import f1_score

    for seed, classes in enumerate((2, 7, 40)):
        labels, answers = classified(np.random.default_rng(seed), classes, 90, 0.6)
        expected = f1_score(labels, answers, average="macro", zero_division=0)
        assert f1.macro_f1(labels, answers) == pytest.approx(expected)


@pytest.mark.parametrize("classes", [2, 5, 30])  # of 30, many have one row or none
def test_leaving_each_row_out_is_what_it_says(classes):
    labels, answers = classified(np.random.default_rng(classes), classes, 40, 0.5)

    found = f1._left_out(labels, answers)

    one_by_one = [f1.macro_f1(np.delete(labels, i), np.delete(answers, i)) for i in range(40)]
    np.testing.assert_allclose(found, one_by_one)


def test_macro_f1_of_many_classes_with_few_rows_is_held():
    rng = np.random.default_rng(3)
    labels, answers = classified(rng, 77, 200_000)
    truth = f1.macro_f1(labels, answers)

    def holds() -> bool:
        rows = rng.integers(0, 200_000, 480)
        found = f1.estimate(labels[rows], answers[rows])
        return bool(found.low <= truth <= found.high)

    assert 0.93 <= np.mean([holds() for _ in range(1000)]) <= 0.98  # plain bootstrap: 0.68


@pytest.mark.parametrize(("classes", "changed"), [(24, 0.1), (77, 0.2)])
def test_a_change_of_macro_f1_is_held(classes, changed):
    rng = np.random.default_rng(classes)
    many = 200_000
    labels, before = classified(rng, classes, many)
    other = np.where(rng.random(many) < 0.5, labels, rng.integers(0, classes, many))
    after = np.where(rng.random(many) < changed, other, before)
    truth = f1.macro_f1(labels, after) - f1.macro_f1(labels, before)

    def holds() -> bool:
        rows = rng.integers(0, many, 480)
        found = f1.change(labels[rows], before[rows], after[rows])
        return bool(found.low <= truth <= found.high)

    assert truth < -0.01
    assert 0.93 <= np.mean([holds() for _ in range(1000)]) <= 0.985


def test_the_interval_of_perfect_answers_is_that_of_as_many_right_rows():
    labels = np.arange(40) % 4

    found = f1.estimate(labels, labels)

    assert (found.value, found.high, found.n) == (1.0, 1.0, 40)
    assert found.low == pytest.approx(40 / (40 + 1.96**2), abs=1e-4)  # Wilson's


def test_rare_classes_make_perfect_answers_less_sure():
    rare = np.repeat([0, 1], [38, 2])

    assert f1.estimate(rare, rare).low < 0.75


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_few_rows_give_wide_intervals_and_no_error(rows):
    labels = np.arange(rows)
    for answers in (labels, labels * 0, labels * 0 + 7):
        found = f1.estimate(labels, answers)
        gap = f1.change(labels, labels, answers)
        assert 0 <= found.low <= found.value <= found.high <= 1
        assert found.high - found.low > 0.5
        assert -1 <= gap.low <= gap.value <= gap.high <= 1


def test_equal_answers_on_all_rows_leave_room_for_a_small_change():
    labels, answers = classified(np.random.default_rng(1), 5, 200)

    found = f1.change(labels, answers, answers)

    assert found.low < found.value == 0 < found.high < 0.03
