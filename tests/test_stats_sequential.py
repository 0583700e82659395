from __future__ import annotations

import numpy as np
import pytest

from workbench.stats import sequential
from workbench.stats.sequential import ALPHAS, LOOKS, NARROW, decide, enough, repeated_interval

SPREAD = 0.067  # of log ratios between launches, as seen on a two-core machine


def simulated(truth: float, draws: int = 100_000) -> tuple[float, float, float]:
    """Shares of ``faster``, ``slower`` and of intervals that always held the truth."""
    from scipy.stats import t

    logs = np.random.default_rng(0).normal(np.log(truth), SPREAD, (draws, LOOKS[-1]))
    said, live, held = np.zeros(draws), np.ones(draws, bool), np.ones(draws, bool)
    for look, alpha in zip(LOOKS, ALPHAS, strict=True):
        seen = logs[:, :look]
        middle, error = seen.mean(axis=1), seen.std(axis=1, ddof=1) / np.sqrt(look)
        half = t.ppf(1 - alpha / 2, look - 1) * error
        told = np.where(np.abs(middle) > half, np.sign(middle), 0.0)
        held &= np.abs(middle - np.log(truth)) <= half
        narrow = np.sinh(t.ppf(0.975, look - 1) * error) <= NARROW
        stop = live & (((told != 0) & narrow) | (look == LOOKS[-1]))
        said[stop] = told[stop]
        live &= ~stop
    return float((said > 0).mean()), float((said < 0).mean()), float(held.mean())


def test_a_model_against_itself_is_rarely_called_faster_or_slower():
    faster, slower, held = simulated(1.0)

    assert 0.01 < faster + slower <= 0.028
    assert held >= 0.97


@pytest.mark.parametrize("truth", [0.9, 1 / 1.1])
def test_a_true_slow_down_of_ten_per_cent_is_found(truth):
    faster, slower, held = simulated(truth)

    assert slower >= 0.9
    assert faster < 0.001
    assert held >= 0.97


@pytest.mark.parametrize(("launches", "alpha"), list(zip(LOOKS, ALPHAS, strict=True)))
def test_the_repeated_interval_is_a_t_interval_at_the_error_of_its_look(launches, alpha):
    from scipy.stats import t

    logs = np.random.default_rng(launches).normal(0.3, SPREAD, launches)
    half = t.ppf(1 - alpha / 2, launches - 1) * logs.std(ddof=1) / np.sqrt(launches)

    found = repeated_interval(list(np.exp(logs)))

    ends = np.exp([logs.mean() - half, logs.mean() + half])
    np.testing.assert_allclose([found.low, found.high], ends, rtol=1e-9)
    assert (found.level, found.n) == (pytest.approx(0.975), launches)


def test_nothing_is_decided_before_the_first_look():
    assert decide([9.0, 9.1]).verdict == "cannot tell"


def test_between_looks_the_last_look_counts():
    clear = [2.0, 2.01, 1.99]

    assert decide(clear).verdict == "faster"
    assert decide([*clear, 0.01]).verdict == "faster"
    assert decide([1 / r for r in clear]).verdict == "slower"


def test_an_open_question_says_how_many_launches_would_settle_it():
    found = decide([1.05, 0.99, 1.04])

    assert found.verdict == "cannot tell"
    assert 3 < found.n_needed <= sequential.MOST


@pytest.mark.parametrize("effect", [0.6, 1.0, 1.5, 2.5])  # in spreads between launches
def test_the_launches_needed_are_right_within_a_factor_of_1_3(effect):
    from scipy.stats import nct, t

    def power(launches: int) -> float:
        bar = t.ppf(1 - ALPHAS[-1] / 2, launches - 1)
        return float(nct.sf(bar, launches - 1, effect * np.sqrt(launches)))

    needed = sequential.launches_needed(
        list(np.exp(SPREAD * (effect + np.array([-1, 1]) * np.sqrt(0.5))))
    )

    assert needed is not None
    assert power(int(needed / 1.3)) < 0.8 < power(int(np.ceil(needed * 1.3)))


def test_measuring_stops_at_a_look_once_the_answer_is_clear_and_narrow():
    clear = [2.0, 2.01, 1.99]

    assert enough(clear)
    assert not enough(clear[:2])
    assert not enough([*clear, 2.0])  # four launches are no look
    assert not enough([2.0, 2.2, 1.8])  # clear or not, too wide


def test_measuring_ends_after_twelve_launches_whatever_was_seen():
    noise = list(np.exp(np.random.default_rng(1).normal(0, 0.5, 12)))

    assert decide(noise).verdict == "cannot tell"
    assert enough(noise)
