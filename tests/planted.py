"""Two runs on made-up rows, with a harm planted in one slice."""

from __future__ import annotations

import numpy as np

from workbench.ledger.groups import Answers

SLICE = ("kind", "rare")
SETTLED = ("worse", "better", "worse than the rest")


def answers(n, churn, seed, harm=0.10, share=0.05, classes=24, accuracy=0.92):
    """What ``groups`` takes: both runs' answers, class names, slice columns.

    ``churn`` of all rows go from right to wrong and as many from wrong to right, anywhere;
    ``harm`` is how much of its accuracy the slice loses besides, on average.
    """
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    right, luck = rng.random(n) < accuracy, rng.random(n)
    before = np.where(right, labels, (labels + 1) % classes)
    after = before.copy()
    lose, win = right & (luck < churn / accuracy), ~right & (luck < churn / (1 - accuracy))
    after[lose], after[win] = (labels[lose] + 2) % classes, labels[win]
    rare = np.zeros(n, dtype=bool)
    rare[rng.permutation(n)[: round(n * share)]] = True
    slices = {
        "style": rng.choice(["angry", "plain", "polite", "typos"], n),
        "channel": rng.choice(["chat", "mail", "phone"], n),
        "kind": np.where(rare, SLICE[1], rng.choice(["long", "middle", "short"], n)),
    }
    able = np.flatnonzero(rare & (after == labels))
    hit = rng.permutation(able)[: rng.binomial(len(able), min(1.0, harm * rare.sum() / len(able)))]
    after[hit] = (labels[hit] + 2) % classes
    names = [f"class {i}" for i in range(classes)]
    columns = {name: tuple(map(str, values)) for name, values in slices.items()}
    return Answers(labels, before, after), names, columns


def found_in(groups):
    """Whether the planted slice was found, and the share of findings that are others."""
    found = {(g.column, g.value): g.verdict.verdict for g in groups}
    told = [name for name, verdict in found.items() if verdict in SETTLED]
    hit = SLICE in told and found[SLICE] != "better"
    return hit, sum(name != SLICE for name in told) / max(1, len(told))
