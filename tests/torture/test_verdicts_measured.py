"""Verdicts through the whole path: jobs, hosts, a real model; an hour or two on a quiet machine.

``WORKBENCH_PROOF_RUNS`` says how many runs of each kind there are (60); with fewer, the shares
that are allowed stay the same. ``WORKBENCH_PROOF_MODEL`` says of which model: the built-in one,
or ``tfidf``, whose hosts open in a second. Each test prints its line for docs/proofs.md.
"""

from __future__ import annotations

import functools
import os
import time
from pathlib import Path

import numpy as np
import pytest

import workbench
from workbench.jobs import meters
from workbench.measure import environment
from workbench.measure.compare import latency_ratios
from workbench.models.baseline import BASELINE
from workbench.models.catalogue import BUILT_IN
from workbench.recipes.recipe import Recipe
from workbench.runtimes import Sklearn, Torch

RUNS = int(os.environ.get("WORKBENCH_PROOF_RUNS", "60"))
MODEL = os.environ.get("WORKBENCH_PROOF_MODEL", BUILT_IN)
LOST = max(1, RUNS // 10)  # of 60: 6


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """How a recipe of the model is measured, its own runtime, and that one slowed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("home")))
        patch.delenv("WORKBENCH_FAST", raising=False)
        here = str(Path(__file__).parent)
        patch.syspath_prepend(here)
        patch.setenv("PYTHONPATH", os.pathsep.join([here, os.environ.get("PYTHONPATH", "")]))
        import slowed

        timed = functools.partial(meters.compare, module="slowed")
        patch.setattr(meters, "compare", timed)  # the hosts know the slowed runtime as well
        client = workbench.connect(inline=True)
        model = client.tune(MODEL, "shopdesk")
        run = functools.partial(client.run, model, "shopdesk")
        kinds = (Sklearn, slowed.SlowedPlain) if MODEL == BASELINE else (Torch, slowed.Slowed)
        yield run, *kinds


def measured(run, recipe: Recipe, say) -> list[str]:
    """The verdicts of many runs, and their line for the record."""
    found, ratios, took = [], [], []
    for number in range(RUNS):
        started = time.monotonic()
        done = run(recipe)
        assert done.status == "done", done.error
        took.append((time.monotonic() - started) / len(done.launches))
        found.append(done.verdicts["speedup_latency"].verdict)
        ratios.append(np.log(latency_ratios(done.launches)))
        say(f"{number + 1}/{RUNS}: {found[-1]} after {len(done.launches)} launches")
    inside = np.concatenate([logs - logs.mean() for logs in ratios])
    pairs = [(logs[:-1] - logs.mean()) @ (logs[1:] - logs.mean()) for logs in ratios]
    freedom = len(inside) - len(ratios)
    where = environment()
    say(
        f"| {recipe.runtime.name} of {MODEL} against its reference, {RUNS} runs"
        f" | { {v: found.count(v) for v in sorted(set(found))} }"
        f" | {np.mean([len(x) for x in ratios]):.1f} launches a run, {np.mean(took):.1f} s each"
        f" | ratio {np.exp(np.mean([x.mean() for x in ratios])):.3f}, SD of its log between"
        f" launches {np.sqrt((inside**2).sum() / freedom):.3f}, correlation of neighbours"
        f" {sum(pairs) / (inside**2).sum():+.2f}"
        f" | {where.cpu}, {where.cores} cores, {time.strftime('%Y-%m-%d')} |"
    )
    return found


@pytest.fixture
def say(capsys):
    def out(line: str) -> None:
        with capsys.disabled():
            print(f"\n{line}", end="", flush=True)

    return out


def test_a_model_against_itself_is_rarely_called_faster_or_slower(bench, say):
    run, usual, _ = bench

    found = measured(run, Recipe(usual()), say)

    assert RUNS - found.count("cannot tell") <= LOST


def test_a_recipe_made_ten_per_cent_slower_is_found(bench, say):
    run, _, slowed = bench

    found = measured(run, Recipe(slowed(percent=10)), say)

    assert found.count("slower") >= RUNS - LOST
    assert "faster" not in found
