from __future__ import annotations

import numpy as np
import pytest

from workbench.stats import intervals


def test_the_wilson_interval_is_the_published_one():
    found = intervals.proportion(15, 148)  # Newcombe 1998, Statistics in Medicine 17:857, table I
    none = intervals.proportion(0, 20)

    assert (found.value, found.n, found.unit) == (15 / 148, 148, "1")
    np.testing.assert_allclose([found.low, found.high], [0.0624, 0.1605], atol=5e-5)
    np.testing.assert_allclose([none.low, none.high], [0.0, 0.1611], atol=5e-5)


def test_a_share_of_all_rows_stays_below_one():
    assert intervals.proportion(480, 480).high == 1.0


def test_ratios_of_launches_get_a_t_interval_on_the_log_scale():
    ratios = [5.1, 6.3, 5.7, 6.0]
    logs = np.log(ratios)

    found = intervals.mean_log_ratio(ratios)

    half = 3.182446 * logs.std(ddof=1) / 2  # Student's t, 3 degrees of freedom
    np.testing.assert_allclose(
        [found.value, found.low, found.high],
        np.exp([logs.mean(), logs.mean() - half, logs.mean() + half]),
        rtol=1e-6,
    )
    assert (found.n, found.unit) == (4, "1")


def test_one_launch_alone_knows_almost_nothing():
    found = intervals.mean_log_ratio([2.0])

    assert (found.value, found.n) == (pytest.approx(2.0), 1)
    assert found.low < 0.1 < 10 < found.high


def test_a_higher_level_gives_a_wider_interval():
    narrow, wide = (intervals.mean_positive([1.0, 1.2, 1.1], "s", x) for x in (0.8, 0.99))

    assert wide.low < narrow.low < narrow.high < wide.high
    assert (wide.unit, wide.level) == ("s", 0.99)


def test_an_exact_number_has_no_doubt():
    found = intervals.exact(90e6, "B")

    assert found.low == found.value == found.high
    assert (found.kind, found.n) == ("exact", 1)


def test_macro_f1_over_confusion_counts_is_sklearns():
    from sklearn.metrics import f1_score

    rng = np.random.default_rng(0)
    labels, answers = rng.integers(0, 7, 200), rng.integers(0, 7, 200)
    counts = rng.integers(0, 3, (2, 200))

    found = intervals.macro_f1(labels, answers, counts.astype(np.float32))

    for row, value in zip(counts, found, strict=True):
        drawn = np.repeat(np.arange(200), row)
        assert value == pytest.approx(f1_score(labels[drawn], answers[drawn], average="macro"))


def classified(rng: np.random.Generator, classes: int, rows: int) -> tuple:
    labels = rng.integers(0, classes, rows)
    return labels, np.where(rng.random(rows) < 0.85, labels, rng.integers(0, classes, rows))


def test_the_bootstrap_holds_the_macro_f1_of_many_classes_with_few_rows():
    rng = np.random.default_rng(3)
    labels, answers = classified(rng, 77, 200_000)
    truth = intervals.macro_f1(labels, answers, np.ones((1, 200_000), dtype=np.float32))[0]

    def holds() -> bool:
        rows = rng.integers(0, 200_000, 480)
        y, a = labels[rows], answers[rows]
        low, high = intervals.bootstrap(lambda c: intervals.macro_f1(y, a, c), 480, draws=300)
        return bool(low <= truth <= high)

    assert np.mean([holds() for _ in range(80)]) >= 0.85  # a plain percentile interval: 0.68


def test_the_bootstrap_gives_the_same_interval_for_the_same_seed():
    y, a = classified(np.random.default_rng(1), 5, 100)
    one, again, other = (
        intervals.bootstrap(lambda c: intervals.macro_f1(y, a, c), 100, seed=s) for s in (1, 1, 2)
    )

    assert one == again != other


def test_the_bootstrap_of_perfect_answers_is_a_point():
    y = np.arange(40) % 4

    assert intervals.bootstrap(lambda c: intervals.macro_f1(y, y, c), 40) == (1.0, 1.0)
