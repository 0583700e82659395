"""Recipes, grids, plans, and the compression rate as a promise."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest
from fakes import checkpoint, classifier

from workbench import models
from workbench.core.errors import BadInput
from workbench.formats import save
from workbench.recipes.grid import expand, seconds, time_words
from workbench.recipes.plan import plan
from workbench.recipes.rate import lowest_rate, rate_of, recipe_for_rate
from workbench.recipes.recipe import Recipe
from workbench.recipes.registry import RUNTIMES, TECHNIQUES
from workbench.runtimes import OnnxRuntime, Torch, TorchCompile
from workbench.techniques import (
    Bf16,
    Distillation,
    DynamicInt8,
    MagnitudePruning,
    StructuredPruning,
    VocabularyPruning,
)

WHOLE = Recipe(OnnxRuntime(threads=2), (StructuredPruning(ffn=0.5, heads=0.25), DynamicInt8()))


def minilm():
    """The built-in encoder as a classifier has it: without the pooler."""
    from workbench.models.catalogue import built_in_folder

    whole = models.anatomy(built_in_folder())
    return replace(whole, parts=tuple(p for p in whole.parts if "pooler" not in p.name))


def test_a_recipe_survives_json_and_names_every_setting():
    assert Recipe.from_json(json.loads(json.dumps(WHOLE.to_json()))) == WHOLE


def test_a_recipe_as_code_makes_the_same_recipe():
    code = WHOLE.as_code("m", "t")
    space = {}
    exec(code.split("client =")[0], space)

    assert space["recipe"] == WHOLE
    assert "client.run('m', 't', recipe)" in code


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {"technique": []},
        {"techniques": {}},
        {"techniques": [{"name": "magic"}]},
        {"techniques": [{"name": "bf16", "amount": 1}]},
        {"techniques": [{"name": "magnitude_pruning", "amount": 2}]},
        {"techniques": ["bf16"]},
        {"techniques": [{"name": "bf16"}, {"name": "bf16"}]},
        {"runtime": {"name": "warp"}},
        {"runtime": {"name": "torch", "threads": 0}},
        {"runtime": "torch"},
        {"schema": 2},
        {"front": {}},
    ],
)
def test_what_no_recipe_is_gets_one_sentence(wrong):
    with pytest.raises(BadInput) as caught:
        Recipe.from_json(wrong)
    assert "\n" not in str(caught.value)


def test_a_grid_is_the_product_of_its_lists():
    grid = {
        "techniques": [[], [{"name": "structured_pruning", "ffn": [0.25, 0.5]}]],
        "runtime": [{"name": "torch", "threads": [1, 2]}, {"name": "onnxruntime"}],
    }
    found = expand(grid)

    assert len(found) == len(set(found)) == 9
    with pytest.raises(BadInput):
        expand({"techniques": [[{"name": "structured_pruning", "ffn": []}]]})


def test_a_plan_puts_the_exports_in(tmp_path):
    save(classifier(tmp_path / "hf"), tmp_path / "a")
    planned = plan(WHOLE, models.anatomy(tmp_path / "a"))

    assert [s.name for s in planned.steps] == ["structured_pruning", "export", "dynamic_int8"]
    assert planned.format == "onnx"


def test_an_impossible_chain_is_refused_with_the_step_and_the_reason(tmp_path):
    anatomy = models.anatomy(checkpoint(tmp_path / "hf"))
    for wrong, named in (
        (Recipe(OnnxRuntime(), (Bf16(),)), "bf16"),
        (Recipe(OnnxRuntime(), (Bf16(), DynamicInt8())), "bf16"),
        (Recipe(Torch(), (DynamicInt8(),)), "torch"),
        (Recipe(OnnxRuntime(), (DynamicInt8(), StructuredPruning(ffn=0.5))), "structured_pruning"),
        (Recipe(TorchCompile(), (DynamicInt8(), MagnitudePruning())), "behind magnitude_pruning"),
    ):
        with pytest.raises(BadInput, match=named):
            plan(wrong, anatomy)


def test_a_family_that_pruning_does_not_know_is_refused_with_a_layer_before_any_work():
    """Its other rates are there all the same: a narrower precision reaches them."""
    anatomy = replace(minilm(), family="distilbert")
    with pytest.raises(BadInput, match=r"distilbert \(at encoder.layer.0.attention") as refused:
        plan(Recipe(Torch(), (StructuredPruning(ffn=0.5),)), anatomy)
    assert "bert" in refused.value.expected
    assert lowest_rate(anatomy) == pytest.approx(0.25, abs=0.02)
    recipe = recipe_for_rate(0.5, anatomy, Recipe(Torch()))
    assert [c.name for c in recipe.techniques] == ["bf16"]


def test_every_rate_of_the_domain_is_reached_within_two_per_cent():
    anatomy = minilm()
    floor = lowest_rate(anatomy)
    assert 0.12 < floor < 0.15
    for rate in (floor, 0.14, 0.2, 0.25, 0.3, 0.4, 0.5, 0.54, 0.6, 0.75, 0.9, 1.0):
        recipe = recipe_for_rate(rate, anatomy, Recipe(OnnxRuntime()))
        assert rate_of(recipe, anatomy) == pytest.approx(rate, rel=0.02), rate
        plan(recipe, anatomy)
    for outside in (floor * 0.9, 1.1, 0.0):
        with pytest.raises(BadInput, match="compression rate"):
            recipe_for_rate(outside, anatomy, Recipe(OnnxRuntime()))


def test_where_no_recipe_lies_the_nearest_is_proposed():
    """One layer in float32 is 0.53 of the whole, all layers in bfloat16 are 0.50."""
    anatomy = minilm()
    recipe = recipe_for_rate(0.512, anatomy, Recipe(OnnxRuntime()))

    assert rate_of(recipe, anatomy) == pytest.approx(0.5, abs=0.001)


def test_a_quarter_is_reached_by_int8_alone():
    recipe = recipe_for_rate(0.25, minilm(), Recipe(OnnxRuntime()))
    assert [c.name for c in recipe.techniques] == ["dynamic_int8"]


def test_a_slider_can_ask_for_a_recipe_at_every_move():
    anatomy = minilm()
    started = time.perf_counter()
    for step in range(20):
        recipe_for_rate(0.2 + step * 0.04, anatomy, Recipe(OnnxRuntime()))
    assert (time.perf_counter() - started) / 20 < 1.0  # a slip of an order of magnitude, no more


def test_the_tables_hold_what_the_words_name():
    pruning = {"magnitude_pruning", "structured_pruning", "vocabulary_pruning"}
    precisions = {"bf16", "fp16", "fp8", "dynamic_int8", "static_int8", "weight_only"}
    keras = {"gradual_pruning", "weight_clustering", "quantisation_aware"}
    assert set(TECHNIQUES) == {*precisions, *pruning, *keras, "distillation"}
    engines = {"torch", "torch_compile", "onnxruntime", "openvino", "tensorrt"}
    assert set(RUNTIMES) == {*engines, "sklearn", "tensorflow", "litert"}


def test_the_rate_counts_what_vocabulary_pruning_removes_and_keeps_it_where_it_can():
    anatomy = minilm()
    like = Recipe(OnnxRuntime(), (VocabularyPruning(rows=0.8), Distillation()))
    floor = lowest_rate(anatomy, like)

    assert floor < lowest_rate(anatomy)
    for rate in (floor, 0.1, 0.2, 0.25, 0.5, 0.58):
        recipe = recipe_for_rate(rate, anatomy, like)
        assert rate_of(recipe, anatomy) == pytest.approx(rate, rel=0.03), rate
        assert VocabularyPruning(rows=0.8) in recipe.techniques
    wide = recipe_for_rate(0.9, anatomy, like)
    assert rate_of(wide, anatomy) == pytest.approx(0.9, rel=0.02)
    assert not any(isinstance(c, VocabularyPruning) for c in wide.techniques)


def test_distillation_stands_behind_what_changes_the_model():
    from workbench.state.compress import _ordered

    chain = (Distillation(), DynamicInt8(), StructuredPruning(ffn=0.5))
    assert [c.name for c in _ordered(chain)] == [
        "structured_pruning",
        "distillation",
        "dynamic_int8",
    ]


def test_how_long_a_grid_takes_is_known_before_it_starts():
    prune = {"name": "structured_pruning", "ffn": [0.1, 0.2, 0.3]}
    plain = expand({"techniques": [[], [prune]], "runtime": [{"name": "torch"}]})
    taught = expand({"techniques": [[prune, {"name": "distillation"}]]})

    assert (len(plain), seconds(plain)) == (4, 4 * 60)
    assert (len(taught), seconds(taught)) == (3, 3 * 210)
    assert [time_words(s) for s in (20, 60, 240, 5000, 90_000, 3.6e9)] == [
        "about 1 min",
        "about 1 min",
        "about 4 min",
        "about 1.4 h",
        "about 25 h",
        "about 1,000,000 h",
    ]


@pytest.mark.parametrize(
    ("grid", "told"),
    [
        (
            {"techniques": [{"name": "magnitude_pruning", "amount": [0.1] * 2000}]},
            "a grid of 2,000 recipes, about 33 h",
        ),
        (
            {
                "techniques": [
                    [],
                    [
                        {"name": "structured_pruning", "ffn": [0.1] * 1000},
                        {"name": "distillation"},
                    ],
                ],
                "runtime": [{"name": "torch"}, {"name": "openvino", "threads": [1, 2]}],
            },
            "a grid of 3,003 recipes, about 175 h",
        ),
        (
            {"techniques": [{"name": "x", **{f"k{n}": [1, 2] for n in range(3000)}}]},
            "a grid of over 1,000,000,000 recipes, more than 1,000,000 h",
        ),
    ],
)
def test_a_grid_that_is_too_large_says_how_large_and_how_long(grid, told):
    with pytest.raises(BadInput, match="at most 1000 recipes") as refused:
        expand(grid)
    assert refused.value.value == told
