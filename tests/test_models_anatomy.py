"""A model's parts as shapes: every weight once, and what pruning would leave of them."""

from __future__ import annotations

import json

import pytest
from fakes import CLASSES, checkpoint, classifier, sentences
from hostile import CONFIG, folder

from workbench import models
from workbench.core.errors import BadInput
from workbench.formats import save

FAMILIES = ("bert", "gpt2", "llama")
BLOCK = {  # weights and biases of one layer along heads and along units: hidden 32, 64 units
    "bert": (3 * (32 * 32 + 32) + 32 * 32, 2 * 32 * 64 + 64),
    "gpt2": (3 * (32 * 32 + 32) + 32 * 32, 2 * 32 * 64 + 64),
    "llama": (2 * 32 * 32 + 2 * 32 * 16, 3 * 32 * 64),
}


def stored(place):
    """Bytes of the tensors in a safetensors file, behind its header."""
    path = place / "model.safetensors"
    with path.open("rb") as file:
        return path.stat().st_size - 8 - int.from_bytes(file.read(8), "little")


@pytest.mark.parametrize("family", FAMILIES)
def test_every_weight_is_counted_once_and_the_size_is_that_of_the_file(tmp_path, family):
    from safetensors import safe_open

    place = checkpoint(tmp_path / family, family)
    found = models.anatomy(place)

    with safe_open(place / "model.safetensors", "np") as file:
        shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    assert {part.name: part.shape for part in found.parts} == shapes
    assert found.size_bytes == pytest.approx(stored(place), rel=0.02)
    assert (found.family, found.layers, found.ffn) == (family, 4, 64)
    assert (found.heads, found.groups) == ((4, 2) if family == "llama" else (4, 4))


@pytest.mark.parametrize("family", FAMILIES)
def test_heads_and_units_lie_along_the_axes_that_it_names(tmp_path, family):
    found = models.anatomy(checkpoint(tmp_path / family, family))
    by_role = {
        role: sum(
            part.elements
            for part in found.parts
            if part.layer == 2 and part.role == role and part.axis is not None
        )
        for role in ("attention", "ffn")
    }

    assert (by_role["attention"], by_role["ffn"]) == BLOCK[family]
    for part in found.parts:
        if part.axis is None or part.role == "embedding":
            continue
        total = {"ffn": found.ffn, "attention": found.heads}[part.role]
        total = found.groups if part.grouped else total
        assert part.shape[part.axis] % total == 0
        assert part.cut(1, total).elements * total == part.elements


@pytest.mark.parametrize("family", FAMILIES)
def test_what_it_says_of_a_pruned_model_is_what_the_cut_file_holds(tmp_path, family):
    from workbench.core.artifact import Context
    from workbench.recipes.plan import plan
    from workbench.recipes.recipe import Recipe
    from workbench.recipes.registry import TECHNIQUES

    whole = tmp_path / "whole"
    artifact = classifier(tmp_path / "hf", family)
    save(artifact, whole)
    step = {"name": "structured_pruning", "layers": 0.5, "heads": 0.5, "ffn": 0.25}
    recipe = Recipe.from_json({"techniques": [step], "runtime": {"name": "torch"}})
    predicted = plan(recipe, models.anatomy(whole), "torch").anatomy

    (config,) = recipe.techniques
    handler = TECHNIQUES["structured_pruning"].handler
    rows = sentences(32)
    told = tuple(text for text, _ in rows), tuple(CLASSES.index(label) for _, label in rows)
    around = Context(tmp_path / "work", training=told)
    save(handler(artifact, config, around), tmp_path / "cut")
    found = models.anatomy(tmp_path / "cut")

    assert (found.layers, found.groups, found.ffn) == (
        2,
        found.heads // (4 // _groups(family)),
        48,
    )
    assert shapes(found) == shapes(predicted)  # counts agree along a wrong axis, too
    assert found.size_bytes == pytest.approx(stored(tmp_path / "cut"), rel=0.02)


def shapes(found):
    return sorted((part.role, part.shape) for part in found.parts)


def _groups(family):
    return 2 if family == "llama" else 4


@pytest.mark.parametrize("family", FAMILIES)
def test_our_own_artifacts_have_a_head_and_the_same_blocks(tmp_path, family):
    save(classifier(tmp_path / "hf", family), tmp_path / "own")

    plain, own = models.anatomy(tmp_path / "hf"), models.anatomy(tmp_path / "own")

    heads = [part for part in own.parts if part.name.startswith("head.")]
    assert {part.name: (part.shape, part.role) for part in heads} == {
        "head.weight": ((3, 32), "linear"),
        "head.bias": ((3,), "linear"),
    }
    inside = [(p.shape, p.role, p.layer, p.axis) for p in plain.parts if p.layer is not None]
    assert inside == [(p.shape, p.role, p.layer, p.axis) for p in own.parts if p.layer is not None]
    assert models.safety.check(tmp_path / "own") == ()


@pytest.mark.parametrize(("kind", "width"), [("float32", 4), ("bfloat16", 2), ("float16", 2)])
def test_the_width_follows_the_stored_type(tmp_path, kind, width):
    import torch
    import transformers as t

    config = t.DistilBertConfig(dim=32, n_layers=2, n_heads=4, hidden_dim=64, vocab_size=64)
    model = t.DistilBertModel(config).to(getattr(torch, kind))
    model.save_pretrained(tmp_path / "hf")

    found = models.anatomy(tmp_path / "hf")

    assert {part.width for part in found.parts} == {width}
    assert (found.layers, found.heads, found.ffn) == (2, 4, 64)
    assert found.size_bytes == pytest.approx(stored(tmp_path / "hf"), rel=0.02)
    axes = {part.name.split("layer.0.")[-1]: part.axis for part in found.parts if part.layer == 0}
    assert (axes["attention.q_lin.weight"], axes["attention.out_lin.weight"]) == (0, 1)
    assert (axes["ffn.lin1.bias"], axes["ffn.lin2.weight"]) == (0, 1)


@pytest.mark.parametrize("prefix", ["", "bert.", "encoder."])
def test_roles_do_not_depend_on_what_stands_before_the_names(tmp_path, prefix):
    import numpy as np
    from hostile import safetensors

    one = np.zeros((8, 8), "<f4")
    weights = {
        f"{prefix}embeddings.word_embeddings.weight": one,
        f"{prefix}encoder.layer.0.attention.self.query.weight": one,
        f"{prefix}encoder.layer.0.attention.output.LayerNorm.weight": one[0],
    }
    found = models.anatomy(folder(tmp_path / "model", weights=safetensors(weights)))

    assert [part.role for part in found.parts] == ["embedding", "attention", "norm"]


def test_a_sharded_model_is_read_whole(tmp_path):
    import transformers as t

    shape = {"hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 4}
    model = t.BertModel(t.BertConfig(**shape, intermediate_size=64, vocab_size=64))
    model.save_pretrained(tmp_path / "one")
    model.save_pretrained(tmp_path / "many", max_shard_size="30KB")
    assert not (tmp_path / "many" / "model.safetensors").exists()

    one, many = models.anatomy(tmp_path / "one"), models.anatomy(tmp_path / "many")

    assert {p.name: p.shape for p in many.parts} == {p.name: p.shape for p in one.parts}
    assert models.safety.check(tmp_path / "many") == ()


def test_new_weights_in_the_same_folder_are_seen(tmp_path):
    place = checkpoint(tmp_path / "hf")
    before = models.anatomy(place)

    other = models.anatomy(checkpoint(place, "gpt2"))

    assert (before.family, other.family) == ("bert", "gpt2")


def test_groups_of_unequal_size_are_refused(tmp_path):
    place = folder(tmp_path / "model", {"num_attention_heads": 4, "num_key_value_heads": 3})

    with pytest.raises(BadInput, match="4 heads in 3 groups"):
        models.anatomy(place)
    assert json.loads((place / "config.json").read_text()) != CONFIG
