"""A slow step is done once: recipes that begin alike share what it made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import workbench
from workbench.jobs import limits, point
from workbench.jobs.stages import Stages
from workbench.recipes.plan import Step
from workbench.recipes.recipe import Recipe
from workbench.recipes.registry import WAYS
from workbench.runtimes import OnnxRuntime, Torch
from workbench.store import Store
from workbench.techniques import DynamicInt8, StructuredPruning

SMALL = StructuredPruning(layers=0.8, ffn=0.9, heads=0.9)
STEP = Step("structured_pruning", "torch", "torch", SMALL)


@pytest.fixture
def counted(monkeypatch):
    """How often pruning was done, and every step counts as slow."""
    monkeypatch.setenv("WORKBENCH_FAST", "1")
    monkeypatch.setattr(point, "WORTH_S", 0.0)
    way, calls = WAYS["structured_pruning", "torch"], []

    def prune(*given):
        calls.append(given)
        return way.handler(*given)

    monkeypatch.setitem(WAYS, ("structured_pruning", "torch"), replace(way, handler=prune))
    return calls


@pytest.mark.slow
def test_what_a_recipe_made_serves_the_next_that_begins_alike(counted, home):
    client = workbench.connect(inline=True)
    model = client.tune("all-MiniLM-L6-v2", "shopdesk")
    first = client.run(model, "shopdesk", Recipe(Torch(), (SMALL,)))
    again = client.run(model, "shopdesk", Recipe(Torch(), (SMALL,)), verify=True)
    other = client.run(model, "shopdesk", Recipe(OnnxRuntime(), (SMALL, DynamicInt8())))

    assert [run.status for run in (first, again, other)] == ["done"] * 3
    assert len(counted) == 1, "the same pruned model is measured, verified and quantised"
    assert other.metrics["making"].value > first.metrics["making"].value, "the whole way is told"
    files = [home / "runs" / run.id / "artifact" / "model.safetensors" for run in (first, again)]
    assert files[0].read_bytes() == files[1].read_bytes()
    changed = client.run(model, "shopdesk", Recipe(Torch(), (replace(SMALL, ffn=0.8),)))
    assert changed.status == "done"
    assert len(counted) == 2


@pytest.fixture
def kept(home, tuned):
    """Stages that hold one, its artifact, and where it lies."""
    made = Stages(home, "model", "task")
    made.keep([STEP], tuned, 7.0)
    (place,) = (home / "cache" / "stages").iterdir()
    return made, tuned, place


@pytest.fixture
def tuned():
    from workbench import models
    from workbench.core.home import home
    from workbench.formats.torch import new_classifier

    return new_classifier(models.folder("all-MiniLM-L6-v2", home()), ("a", "b"), 16)


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
