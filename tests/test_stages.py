"""A slow step is done once: recipes that begin alike share what it made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes import classifier, small_task

from workbench.formats import save
from workbench.jobs import limits, making, point
from workbench.jobs.desk import Desk
from workbench.jobs.setup import prepare
from workbench.jobs.stages import Stages
from workbench.recipes.plan import Step, plan
from workbench.recipes.recipe import Recipe
from workbench.recipes.registry import WAYS
from workbench.runtimes import OnnxRuntime, Torch
from workbench.store import Store
from workbench.techniques import DynamicInt8, StructuredPruning

SMALL = StructuredPruning(layers=0.8, ffn=0.9, heads=0.9, importance="magnitude")
STEP = Step("structured_pruning", "torch", "torch", SMALL)


@pytest.fixture
def counted(monkeypatch):
    """How often pruning was done, and every step counts as slow."""
    monkeypatch.setattr(making, "WORTH_S", 0.0)
    way, calls = WAYS["structured_pruning", "torch"], []

    def prune(*given):
        calls.append(given)
        return way.handler(*given)

    monkeypatch.setitem(WAYS, ("structured_pruning", "torch"), replace(way, handler=prune))
    return calls


@pytest.fixture
def made(home, tmp_path):
    """What a recipe of a small model makes on a split: its folder and the seconds."""
    save(classifier(tmp_path / "hf"), tmp_path / "model")
    desk = Desk("job", "client", home, Store(home), lambda _: None, lambda: False, "secret")
    setup = prepare(str(tmp_path / "model"), small_task(tmp_path), home)

    def make(recipe, split="validation"):
        workspace = tmp_path / str(len(list(tmp_path.iterdir())))
        workspace.mkdir()
        origin = point.Bench(desk, setup, split).origin
        return making.made(plan(recipe, setup.anatomy), setup, desk, workspace, origin)

    return make


def test_what_a_recipe_made_serves_the_next_that_begins_alike(counted, made):
    first, took = made(Recipe(Torch(), (SMALL,)))
    again, _ = made(Recipe(Torch(), (SMALL,)), "test")
    _, longer = made(Recipe(OnnxRuntime(), (SMALL, DynamicInt8())))

    assert len(counted) == 1, "the same pruned model is measured, verified and quantised"
    assert longer > took, "the time of the whole way is told"
    weights = [(folder / "model.safetensors").read_bytes() for folder in (first, again)]
    assert weights[0] == weights[1]
    made(Recipe(Torch(), (replace(SMALL, ffn=0.8),)))
    assert len(counted) == 2


@pytest.fixture
def kept(home, encoder):
    """Stages that hold one, its artifact, and where it lies."""
    made = Stages(home, "model", "task")
    made.keep([STEP], encoder, 7.0)
    (place,) = (home / "cache" / "stages").iterdir()
    return made, encoder, place


@pytest.fixture
def encoder(tmp_path):
    return classifier(tmp_path / "hf")


def test_what_is_kept_comes_back_bit_by_bit_with_its_time(kept):
    made, artifact, _ = kept
    found = made.furthest([STEP, Step("export", "torch", "onnx")])

    assert (found.steps, found.seconds) == (1, 7.0)
    tensors = [dict(one.payload.state_dict()) for one in (artifact, found.artifact)]
    assert tensors[0].keys() == tensors[1].keys()
    assert all(np.array_equal(value, tensors[1][name]) for name, value in tensors[0].items())


def test_another_model_or_setting_finds_nothing(kept, home):
    made, _, _ = kept

    assert Stages(home, "other", "task").furthest([STEP]) is None
    assert made.furthest([replace(STEP, config=replace(SMALL, heads=0.5))]) is None


@pytest.mark.parametrize(
    "name", ["made.json", "artifact/artifact.json", "artifact/model.safetensors"]
)
def test_a_damaged_stage_is_made_anew(kept, name):
    made, _, place = kept
    (place / name).write_bytes(b"\0half")

    assert made.furthest([STEP]) is None


def test_the_least_used_goes_and_a_half_written_one_is_swept(kept, home, monkeypatch):
    made, artifact, place = kept
    monkeypatch.setattr(limits, "STAGES", 1)
    made.keep([replace(STEP, name="other")], artifact, 1.0)
    assert not place.exists()
    left = place.parent / ".tmp-999999999-1-deadbeef"
    left.mkdir()
    Store(home)
    assert not left.exists()
