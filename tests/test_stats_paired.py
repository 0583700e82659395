from __future__ import annotations

import numpy as np
import pytest

from workbench.stats import paired


def answers(both: int, lost: int, won: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    """Who was right: both, only the reference, only the candidate, neither."""
    counts = (both, lost, won, neither)
    before, after = (True, True, False, False), (True, False, True, False)
    return np.repeat(before, counts), np.repeat(after, counts)


def test_mcnemar_is_the_exact_binomial_test():
    from scipy.stats import binomtest

    for lost, won in ((9, 2), (3, 3), (30, 14), (0, 6)):
        expected = binomtest(lost, lost + won).pvalue
        assert paired.mcnemar(*answers(50, lost, won, 5)) == pytest.approx(expected)


def test_models_that_answer_alike_are_not_told_apart():
    assert paired.mcnemar(*answers(40, 0, 0, 10)) == 1.0


@pytest.mark.parametrize("changed", [1, 5, 8, 16, 24, 43, 50])
def test_mcnemar_is_wrong_at_most_five_times_in_a_hundred(changed):
    from scipy.stats import binom

    false = sum(
        binom.pmf(lost, changed, 0.5)
        for lost in range(changed + 1)
        if paired.mcnemar(*answers(20, lost, changed - lost, 3)) < 0.05
    )

    assert false <= 0.05


def test_the_interval_of_a_difference_holds_the_truth():
    rng = np.random.default_rng(4)
    shares = (0.83, 0.07, 0.04, 0.06)

    def holds() -> bool:
        found = paired.difference(*answers(*rng.multinomial(300, shares)))
        return found.low <= -0.03 <= found.high

    assert 0.92 <= np.mean([holds() for _ in range(600)]) <= 0.985


def test_a_difference_is_corrected_for_continuity():
    """Worked by hand after Newcombe's method 10: his phi is (36 * 3 - 12 * 2 - 53 / 2) / …"""
    found = paired.difference(*answers(36, 12, 2, 3))

    phi = (36 * 3 - 12 * 2 - 26.5) / np.sqrt(48 * 5 * 38 * 15)
    (l1, u1), (l2, u2) = paired.wilson(48, 53), paired.wilson(38, 53)
    down, up = (38 / 53 - l2, u1 - 48 / 53), (u2 - 38 / 53, 48 / 53 - l1)
    half = [np.sqrt(a * a - 2 * phi * a * b + b * b) for a, b in (down, up)]
    assert (found.low, found.high) == pytest.approx((-10 / 53 - half[0], -10 / 53 + half[1]))


def test_a_difference_changes_its_sign_with_the_sides():
    before, after = answers(36, 12, 2, 3)
    one, other = paired.difference(before, after), paired.difference(after, before)

    assert one.value == pytest.approx(-10 / 53)
    assert one.low < one.value < one.high < 0
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))


def power(rows: int, lost: float, won: float) -> float:
    """Share of samples of this size in which the exact test sees the difference."""
    from scipy.stats import binom

    rng = np.random.default_rng(6)
    drawn = rng.multinomial(rows, (lost, won, 1 - lost - won), 20_000)[:, :2]
    p = 2 * binom.cdf(drawn.min(axis=1), drawn.sum(axis=1), 0.5)
    return float((p < 0.05).mean())


@pytest.mark.parametrize(("lost", "won"), [(0.06, 0.03), (0.02, 0.005), (0.3, 0.25)])
def test_the_rows_needed_are_right_within_a_factor_of_1_3(lost, won):
    counts = (0, round(lost * 2000), round(won * 2000), 2000 - round((lost + won) * 2000))

    needed = paired.n_needed(*answers(*counts))

    assert power(int(needed / 1.3), lost, won) < 0.8 < power(int(needed * 1.3), lost, won)


def test_no_number_of_rows_settles_a_difference_of_zero():
    assert paired.n_needed(*answers(50, 4, 4, 2)) is None


def test_the_verdict_follows_the_test_and_says_how_many_rows_would_settle_it():
    worse = paired.quality_verdict(*answers(400, 30, 5, 45))
    better = paired.quality_verdict(*answers(400, 5, 30, 45))
    open_question = paired.quality_verdict(*answers(400, 12, 7, 61))

    assert (worse.verdict, better.verdict) == ("worse", "better")
    assert open_question.verdict == "cannot tell"
    assert open_question.n_needed > 480


def test_macro_f1_gets_a_verdict_of_its_own():
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 6, 400)
    good = np.where(rng.random(400) < 0.95, labels, (labels + 1) % 6)
    poor = np.where(rng.random(400) < 0.85, good, (labels + 2) % 6)

    assert paired.f1_verdict(labels, good, poor).verdict == "worse"
    assert paired.f1_verdict(labels, poor, good).verdict == "better"
    assert paired.f1_verdict(labels, good, good).verdict == "cannot tell"
