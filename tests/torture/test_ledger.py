"""How often a harm in a small slice is found, and how often one that is none."""

from __future__ import annotations

import numpy as np
import pytest
from planted import answers, found_in

from workbench.ledger.exact import RATE
from workbench.ledger.groups import groups

TRIALS = 100


@pytest.mark.parametrize(("n", "churn"), [(2000, 0.0), (2000, 0.005), (2000, 0.01), (3080, 0.02)])
def test_ten_points_on_a_slice_of_five_per_cent_are_found_in_90_of_100(n, churn):
    told = [found_in(groups(*answers(n, churn, seed))) for seed in range(TRIALS)]
    hits, false = sum(hit for hit, _ in told), float(np.mean([share for _, share in told]))
    print(f"{n} rows, {churn:.1%} churn: found {hits} of {TRIALS}, false discoveries {false:.3f}")
    assert hits >= 90
    assert false <= RATE


@pytest.mark.parametrize(("n", "churn"), [(480, 0.02), (2000, 0.01), (3080, 0.04)])
def test_where_nothing_was_planted_findings_are_rare(n, churn):
    told = [found_in(groups(*answers(n, churn, seed, harm=0.0)))[1] for seed in range(TRIALS)]
    print(f"{n} rows, {churn:.1%} churn, no harm: {np.mean(told):.3f} had a finding")
    assert np.mean(told) <= RATE
