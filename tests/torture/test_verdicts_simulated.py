"""What the verdicts promise, by simulation; ``-s`` prints the numbers for docs/proofs.md."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.stats import f1, intervals, paired, sequential
from workbench.stats.sequential import LOOKS

SPREAD = 0.067  # of log ratios between launches, as seen on a two-core machine
SEED = 20261101


def said(what: str, value: object) -> None:
    print(f"\n    {what}: {value}", end="")


def answers(lost: int, won: int, rows: int, both: int | None = None) -> tuple:
    """Who was right: both, only the reference, only the candidate, neither."""
    both = (rows - lost - won) * 9 // 10 if both is None else both
    counts = (both, lost, won, rows - lost - won - both)
    kinds = ((True, True, False, False), (True, False, True, False))
    return np.repeat(kinds[0], counts), np.repeat(kinds[1], counts)


# Quality: McNemar's test and the rows that it needs


@pytest.mark.parametrize("rows", [20, 100, 480, 3080])
@pytest.mark.parametrize("changed", [0.01, 0.05, 0.2, 0.6])
def test_models_that_are_equally_good_are_rarely_called_better_or_worse(rows, changed):
    rng = np.random.default_rng(SEED)
    drawn = rng.multinomial(rows, (changed / 2, changed / 2, 1 - changed), 20_000)[:, :2]
    pairs, times = np.unique(drawn, axis=0, return_counts=True)

    false = sum(
        often
        for (lost, won), often in zip(pairs, times, strict=True)
        if paired.quality_verdict(*answers(lost, won, rows)).verdict != "cannot tell"
    )

    said(f"false verdicts, {rows} rows, {changed:.0%} changed", f"{false / 20_000:.2%}")
    assert false / 20_000 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 20_000)


def rows_for_power(lost: float, won: float, power: float = 0.8) -> int:
    """The fewest rows in which McNemar's test sees such a change that often, by simulation."""
    from scipy.stats import binom

    rng = np.random.default_rng(SEED)

    def found(rows: int) -> bool:
        drawn = rng.multinomial(rows, (lost, won, 1 - lost - won), 40_000)[:, :2]
        p = 2 * binom.cdf(drawn.min(axis=1), drawn.sum(axis=1), 0.5)
        return bool((p < paired.ALPHA).mean() >= power)

    low, high = 4, 8
    while not found(high):
        low, high = high, 2 * high
    while high - low > max(1, high // 100):
        middle = (low + high) // 2
        low, high = (low, middle) if found(middle) else (middle, high)
    return high


@pytest.mark.parametrize("changed", [0.01, 0.05, 0.2, 0.6])
@pytest.mark.parametrize("lost", [1.0, 0.9, 0.75, 0.6])  # of what changed
def test_the_rows_needed_are_right_within_a_factor_of_1_3(changed, lost):
    share = changed * lost, changed * (1 - lost)
    truth = rows_for_power(*share)

    exact = paired.n_needed(*answers(round(share[0] * 10**5), round(share[1] * 10**5), 10**5))
    rng = np.random.default_rng(SEED)
    pilots = rng.multinomial(truth, (*share, 1 - changed), 999)[:, :2]
    guesses = [paired.n_needed(*answers(*pilot, truth)) or np.inf for pilot in pilots]

    middle = float(np.median(guesses))
    said(f"{changed:.0%} changed, {lost:.0%} lost", f"true {truth}, told {exact}, {middle:.0f}")
    assert 1 / 1.3 <= exact / truth <= 1.3
    assert 1 / 1.3 <= middle / truth <= 1.3


# Coverage of what is shown with 95 %


@pytest.mark.parametrize("rows", [20, 100, 480, 3080])
def test_the_interval_of_accuracy_covers_its_truth(rows):
    from scipy.stats import binom

    k = np.arange(rows + 1)
    low, high = np.array([intervals.share_interval(int(i), rows) for i in k]).T

    def held(truths: np.ndarray) -> np.ndarray:
        rates = [binom.pmf(k, rows, p)[(low <= p) & (p <= high)].sum() for p in truths]
        return np.asarray(rates)

    usual = held(1 - np.linspace(min(5 / rows, 0.4), 0.5, 300))
    edge = held(1 - np.geomspace(0.02 / rows, 5 / rows, 300))
    for where, rates in (("5 wrong rows or more", usual), ("fewer", edge)):
        said(f"{rows} rows, {where}", f"{rates.mean():.1%}, least {rates.min():.1%}")
    assert 0.945 <= usual.mean() <= 0.96
    assert min(usual.min(), edge.min()) >= 0.92


@pytest.mark.parametrize("rows", [100, 480, 3080])
@pytest.mark.parametrize(("lost", "won"), [(0.1, 0.1), (0.06, 0.04), (0.1, 0.02), (0.3, 0.2)])
@pytest.mark.parametrize("right", [0.3, 0.9])  # of the rows that did not change
def test_the_interval_of_a_change_of_accuracy_covers_its_truth(rows, lost, won, right):
    rng = np.random.default_rng(SEED)
    same = 1 - lost - won
    drawn = rng.multinomial(rows, (lost, won, same * right, same * (1 - right)), 4000)

    held = [
        found.low <= won - lost <= found.high
        for found in (paired.difference(*answers(a, b, rows, c)) for a, b, c, _ in drawn)
    ]

    said(f"{rows} rows, {lost} lost, {won} won, {right} right", f"{np.mean(held):.1%}")
    assert 0.93 <= np.mean(held) <= 0.97 + (0.025 if rows * (lost + won) < 60 else 0.005)


class World:
    """Classes, how often each occurs, and what is answered for it."""

    def __init__(self, seed: int, classes: int, right: float, even: bool) -> None:
        rng = np.random.default_rng(seed)
        shares = np.ones(classes) if even else rng.uniform(0.5, 2.0, classes)
        self.shares = shares / shares.sum()
        each = np.full(classes, right) if even else rng.beta(right * 8, (1 - right) * 8, classes)
        self.says = np.zeros((classes, classes))
        for c in range(classes):
            others = np.delete(np.arange(classes), c)
            self.says[c, others] = rng.dirichlet(np.full(classes - 1, 0.5)) * (1 - each[c])
            self.says[c, c] = each[c]

    def answer(self, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        chosen = (rng.random(len(labels))[:, None] > self.says.cumsum(axis=1)[labels]).sum(axis=1)
        return np.minimum(chosen, len(self.shares) - 1)

    def f1(self, says: np.ndarray) -> float:
        joint = says * self.shares[:, None]
        return float((2 * np.diag(joint) / (joint.sum(axis=0) + joint.sum(axis=1))).mean())


WORLDS, SAMPLES = 10, 200


@pytest.mark.parametrize(("classes", "rows"), [(2, 100), (24, 480), (77, 480), (77, 3080)])
@pytest.mark.parametrize("right", [0.6, 0.85, 0.93, 0.98])
@pytest.mark.parametrize("even", [True, False], ids=["even", "uneven"])
def test_the_interval_of_macro_f1_covers_its_truth(classes, rows, right, even):
    held = []
    for seed in range(WORLDS):
        world, rng = World(seed, classes, right, even), np.random.default_rng(seed)
        truth = world.f1(world.says)
        for _ in range(SAMPLES):
            labels = rng.choice(classes, rows, p=world.shares)
            found = f1.estimate(labels, world.answer(labels, rng))
            held.append(found.low <= truth <= found.high)

    said(f"macro-F1, {classes} classes, {rows} rows, {right} right", f"{np.mean(held):.1%}")
    assert 0.925 <= np.mean(held) <= 0.985


@pytest.mark.parametrize(("classes", "rows"), [(24, 480), (77, 480), (77, 3080)])
@pytest.mark.parametrize("right", [0.6, 0.85, 0.93])
@pytest.mark.parametrize("changed", [0.1, 0.3])
@pytest.mark.parametrize("worse", [True, False], ids=["worse", "alike"])
def test_the_interval_of_a_change_of_macro_f1_covers_its_truth(
    classes, rows, right, changed, worse
):
    held = []
    for seed in range(WORLDS):
        world, rng = World(seed, classes, right, False), np.random.default_rng(seed)
        other = World(seed + 100, classes, right - 0.3, False) if worse else world
        mixed = (1 - changed) * world.says + changed * other.says
        truth = world.f1(mixed) - world.f1(world.says)
        for _ in range(SAMPLES):
            labels = rng.choice(classes, rows, p=world.shares)
            before, anew = world.answer(labels, rng), other.answer(labels, rng)
            after = np.where(rng.random(rows) < changed, anew, before)
            found = f1.change(labels, before, after)
            held.append(found.low <= truth <= found.high)

    said(f"{classes} classes, {rows} rows, {right}, {changed}", f"{np.mean(held):.1%}")
    assert np.mean(held) >= 0.93
    assert worse is False or np.mean(held) <= 0.985  # alike: few rows change, nothing is missed


@pytest.mark.parametrize("launches", LOOKS)
def test_the_interval_of_a_ratio_covers_its_truth(launches):
    rng = np.random.default_rng(SEED)
    ratios = 6.3 * np.exp(rng.normal(0, SPREAD, (20_000, launches)))

    found = [intervals.mean_log_ratio(row) for row in ratios]

    held = np.mean([one.low <= 6.3 <= one.high for one in found])
    said(f"ratio, {launches} launches", f"{held:.1%}")
    assert 0.945 <= held <= 0.955


# Speed: the rule as it runs, looks and all


def measured(ratios: np.ndarray) -> tuple[str, bool, bool, int]:
    """What a measurement of these launches ends with, and what its intervals hold."""
    truth, seen = ratios[0], list(ratios[1:])
    always = True
    for launches in range(1, LOOKS[-1] + 1):
        so_far = seen[:launches]
        if launches in LOOKS:
            look = sequential.repeated_interval(so_far)
            always &= look.low <= truth <= look.high
        if sequential.enough(so_far):
            break
    last = intervals.mean_log_ratio(so_far)
    verdict = sequential.decide(so_far).verdict
    return verdict, bool(always), bool(last.low <= truth <= last.high), launches


def noise(kind: str, rng: np.random.Generator, spread: float, runs: int) -> np.ndarray:
    """Log ratios (runs, 12) of this spread."""
    shape = (runs, LOOKS[-1])
    if kind == "normal":
        return rng.normal(0, spread, shape)
    if kind == "heavy tails":
        return rng.standard_t(3, shape) * spread / np.sqrt(3)
    often_quiet = np.where(rng.random(shape) < 0.1, 3.0, 0.47)  # neighbours come and go
    return rng.normal(0, spread, shape) * often_quiet


@pytest.mark.parametrize("kind", ["normal", "heavy tails", "neighbours"])
@pytest.mark.parametrize("truth", [1.0, 1 / 1.1, 1.3, 6.0])
@pytest.mark.parametrize("spread", [0.02, SPREAD, 0.15])
def test_the_repeated_interval_holds_at_every_look_until_the_end(kind, truth, spread):
    rng, runs = np.random.default_rng(SEED), 4000
    ratios = truth * np.exp(noise(kind, rng, spread, runs))

    found = [measured(np.concatenate([[truth], row])) for row in ratios]

    verdicts = [verdict for verdict, *_ in found]
    held, shown = np.mean([x[1] for x in found]), np.mean([x[2] for x in found])
    told = {v: round(verdicts.count(v) / runs, 4) for v in sorted(set(verdicts))}
    launches = np.mean([x[3] for x in found])
    said(
        f"{kind}, ratio {truth:.2f}, spread {spread}",
        f"{told}, {held:.1%} held, {launches:.1f} launches, the 95 % shown at the end {shown:.1%}",
    )
    error = 3 * np.sqrt(0.025 * 0.975 / runs)
    assert held >= 0.975 - error
    if truth == 1.0:
        assert verdicts.count("cannot tell") / runs >= 0.975 - error
    if truth == 1 / 1.1 and spread <= SPREAD:
        assert verdicts.count("slower") / runs >= 0.9


@pytest.mark.parametrize("effect", [0.4, 0.7, 0.9, 1.2, 2.0])  # in spreads between launches
def test_the_launches_needed_are_right_within_a_factor_of_1_3(effect):
    rng = np.random.default_rng(SEED)

    def power(launches: int) -> float:
        from scipy.stats import t

        drawn = rng.normal(effect, 1, (40_000, launches))
        error = drawn.std(axis=1, ddof=1) / np.sqrt(launches)
        bar = t.ppf(1 - sequential.ALPHAS[-1] / 2, launches - 1)
        return float((drawn.mean(axis=1) / error > bar).mean())

    truth = next(n for n in range(2, 200) if power(n) >= 0.8)
    pilots = np.exp(SPREAD * rng.normal(effect, 1, (999, max(truth, 12))))
    guesses = [sequential.launches_needed(row[:truth]) or np.inf for row in pilots]
    exact = np.exp(SPREAD * (effect + np.array([-1, 1]) * np.sqrt(0.5)))

    told = sequential.launches_needed(list(exact))
    said(f"effect {effect} spreads", f"true {truth}, told {told}, {np.median(guesses):.0f}")
    assert told is not None
    assert 1 / 1.3 <= told / truth <= 1.3 or abs(told - truth) == 1
    settled = [n for n in guesses if n > truth + 1]  # a guess is never below what there is
    assert len(settled) < 0.65 * len(guesses)
