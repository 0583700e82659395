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


@pytest.mark.parametrize("rows", [30, 480])
def test_the_interval_of_a_share_covers_93_per_cent_at_least_even_next_to_one(rows):
    from scipy.stats import binom

    k = np.arange(rows + 1)
    low, high = np.array([intervals.share_interval(int(i), rows) for i in k]).T
    truths = 1 - np.concatenate([np.linspace(0.02, 0.5, 49), np.geomspace(0.02 / rows, 0.02, 60)])

    held = [binom.pmf(k, rows, p)[(low <= p) & (p <= high)].sum() for p in truths]

    assert min(held) >= 0.92  # a discrete count cannot do better everywhere; Wilson alone: 0.84
    assert 0.945 <= np.mean(held[:49]) <= 0.96


def test_an_interval_mirrors_when_right_and_wrong_change_places():
    for k in range(31):
        low, high = intervals.share_interval(k, 30)
        assert intervals.share_interval(30 - k, 30) == pytest.approx((1 - high, 1 - low))
        assert 0 <= low <= k / 30 <= high <= 1
