"""A step that breaks costs its own run: the sweep goes on, and what broke is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest
from fakes import checkpoint, small_task

import workbench
from workbench.core.deps import MissingDependency
from workbench.recipes.recipe import Recipe
from workbench.recipes.registry import TECHNIQUES, WAYS, Technique
from workbench.runtimes import Torch


@dataclass(frozen=True)
class Breaks:
    name: ClassVar[str] = "breaks"


ERRORS = {
    "RuntimeError: no kernel for this shape": RuntimeError("no kernel\nfor this shape"),
    "needs an optional library": MissingDependency("this needs an optional library. Try: pip"),
    "NotImplementedError": NotImplementedError(),
    "MemoryError": MemoryError(),
}


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory):
    """A client, a tuned tiny model and its task."""
    folder = tmp_path_factory.mktemp("broken")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(folder / "home"))
        patch.setenv("WORKBENCH_FAST", "1")
        client, task = workbench.connect(inline=True), small_task(folder)
        yield client, client.tune(str(checkpoint(folder / "hf")), task), task


def breaking(monkeypatch, error):
    def handler(*_):
        raise error

    way = Technique("breaks", Breaks, "torch", handler, lambda anatomy, _: anatomy)
    monkeypatch.setitem(TECHNIQUES, "breaks", way)
    monkeypatch.setitem(WAYS, ("breaks", "torch"), way)


@pytest.mark.slow
def test_the_points_after_a_broken_one_are_measured(shared_home, monkeypatch):
    client, model, task = shared_home
    breaking(monkeypatch, RuntimeError("no kernel"))

    chains = [[{"name": "breaks"}], [{"name": "magnitude_pruning"}]]
    broken, whole = client.sweep(model, task, {"techniques": chains})

    assert (broken.status, whole.status) == ("failed", "done")
    assert broken.error["value"] == "breaks (RuntimeError: no kernel)"
    assert "leave out breaks" in broken.error["remedy"]


@pytest.mark.slow
@pytest.mark.parametrize("told", ERRORS)
def test_what_a_library_raised_is_one_sentence_in_the_run(shared_home, monkeypatch, told):
    client, model, task = shared_home
    breaking(monkeypatch, ERRORS[told])

    run = client.run(model, task, Recipe(Torch(), (Breaks(),)))

    assert run.status == "failed"
    assert told in run.error["value"]
    assert "\n" not in run.error["value"]
