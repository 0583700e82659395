"""Promises that every technique keeps, on every family of networks."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from fakes import CLASSES, classifier, sentences, weights_hash

from workbench import models
from workbench.core.artifact import Context
from workbench.core.errors import BadInput
from workbench.core.knobs import knobs
from workbench.formats import load, save
from workbench.recipes.plan import plan
from workbench.recipes.recipe import Recipe
from workbench.recipes.registry import EXPORTS, RUNTIMES, TECHNIQUES, WAYS
from workbench.runtimes import OnnxRuntime, OpenVino, Torch
from workbench.techniques import (
    Bf16,
    Distillation,
    DynamicInt8,
    MagnitudePruning,
    StaticInt8,
    StructuredPruning,
    VocabularyPruning,
    WeightOnly,
)
from workbench.techniques.magnitude_pruning import linear_layers

EVERY = [
    pytest.param(Bf16(), Torch(), id="bf16"),
    pytest.param(MagnitudePruning(amount=0.5), Torch(), id="magnitude"),
    pytest.param(StructuredPruning(layers=0.25, ffn=0.5, heads=0.5), Torch(), id="structured"),
    pytest.param(
        StructuredPruning(ffn=0.3, heads=0.5, importance="magnitude"), Torch(), id="by weight"
    ),
    pytest.param(
        StructuredPruning(ffn=0.6, heads=0.5, widths="per_layer"), Torch(), id="per layer"
    ),
    pytest.param(VocabularyPruning(rows=0.7), Torch(), id="vocabulary"),
    pytest.param(Distillation(epochs=1), Torch(), id="distillation"),
    pytest.param(DynamicInt8(), OnnxRuntime(), id="int8 onnx"),
    pytest.param(StaticInt8(), OnnxRuntime(), id="static onnx"),
    pytest.param(StaticInt8(), OpenVino(), id="static openvino"),
    pytest.param(WeightOnly(), OpenVino(), id="weights openvino"),
]
FAMILIES = ("bert", "gpt2", "llama")
TEXTS = [text for text, _ in sentences(9, seed=3)]


def context(folder, teacher=None):
    folder.mkdir()
    rows = sentences(64)
    labels = tuple(CLASSES.index(label) for _, label in rows)
    texts = tuple(text for text, _ in rows)
    return Context(folder, calibration=texts[:12], training=(texts, labels), teacher=teacher)


def chain(config):
    """The technique by itself, or behind one that it needs before it."""
    needs = TECHNIQUES[config.name].follows
    return (StructuredPruning(layers=0.5, importance="magnitude"), config) if needs else (config,)


def answers(folder, runtime):
    session = RUNTIMES[runtime.name].opener(folder, runtime)
    found = session.predict(TEXTS)
    session.close()
    return found


def carried_out(planned, original, around, exported):
    artifact = original
    for step in planned.steps:
        if step.config is not None:
            artifact = WAYS[step.name, step.source].handler(artifact, step.config, around)
        else:
            assert artifact is original, "nothing was done to it before"
            artifact = exported(artifact, step.target, around.workspace)
    return artifact


@pytest.mark.parametrize(("config", "runtime"), EVERY)
def test_config_survives_json(config, runtime):
    assert type(config)(**json.loads(json.dumps(asdict(config)))) == config


@pytest.mark.parametrize("name", sorted({**TECHNIQUES, **RUNTIMES}) or ["bf16"])
def test_config_is_described_and_cites_its_source(name):
    entry = TECHNIQUES.get(name) or RUNTIMES[name]
    knobs(entry.config_type)
    assert "Source:" in entry.config_type.__doc__


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("config", "runtime"), EVERY)
def test_a_technique_keeps_its_promises(config, runtime, family, exported, tmp_path):
    original = classifier(tmp_path / "hf", family)
    save(original, tmp_path / "before")
    loaded = load(tmp_path / "before")
    around = context(tmp_path / "work", loaded)
    anatomy = models.anatomy(tmp_path / "before")
    planned = plan(Recipe(runtime, chain(config)), anatomy)
    before = weights_hash(loaded)

    artifact = carried_out(planned, loaded, around, exported)
    save(artifact, tmp_path / "after")
    save(load(tmp_path / "after"), tmp_path / "again")

    assert weights_hash(loaded) == before, "the reference was touched"
    first, second = (answers(tmp_path / name, runtime) for name in ("after", "again"))
    assert first.shape == (len(TEXTS), len(CLASSES))
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first, second)
    if artifact.format == "torch":
        after = models.anatomy(tmp_path / "after")
        assert planned.size_bytes == pytest.approx(after.size_bytes, rel=0.02)
        weights = (tmp_path / "after/model.safetensors").stat().st_size
        assert after.size_bytes == pytest.approx(weights, rel=0.25)  # tiny: headers count
        assert (after.layers, after.groups, after.ffn) == (
            planned.anatomy.layers,
            planned.anatomy.groups,
            planned.anatomy.ffn,
        )
        assert (after.vocabulary, after.alphabet) == (
            planned.anatomy.vocabulary,
            planned.anatomy.alphabet,
        )


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("runtime", [OnnxRuntime(), OpenVino()], ids=["onnx", "openvino"])
def test_an_exported_file_answers_as_the_network_does(runtime, family, exported, tmp_path):
    original = classifier(tmp_path / "hf", family)
    save(original, tmp_path / "plain")
    made = exported(original, RUNTIMES[runtime.name].format, tmp_path)

    plain, found = answers(tmp_path / "plain", Torch()), answers(made.folder, runtime)
    assert np.abs(found - plain).max() < 1e-3 * plain.std(axis=0).max()


@pytest.mark.parametrize("family", FAMILIES)
def test_structured_pruning_really_removes_parameters(family, tmp_path):
    original = classifier(tmp_path / "hf", family)
    handler = TECHNIQUES["structured_pruning"].handler

    pruned = handler(
        original, StructuredPruning(layers=0.5, ffn=0.5, heads=0.5), context(tmp_path / "w")
    )

    def weights(artifact):
        layers = [
            p.numel() for n, p in artifact.payload.named_parameters() if "layer" in n or ".h." in n
        ]
        return sum(layers)

    assert weights(pruned) < 0.3 * weights(original)
    assert len(pruned.payload.about.kept["layers"]) == 2


@pytest.mark.parametrize("family", FAMILIES)
def test_pruning_what_does_nothing_changes_no_answer(family, tmp_path):
    """Heads and units whose outgoing weights are zero go first, and nothing is missed."""
    import torch

    from workbench.formats.blocks import family_of, layers_of

    original = classifier(tmp_path / "hf", family)
    blocks = family_of(family)
    with torch.no_grad():
        for layer in layers_of(original.payload.encoder, blocks):
            for slots, share in ((blocks.heads, 2), (blocks.ffn, 2)):
                out = layer.get_submodule(slots[-1].path)
                front = out.weight.movedim(slots[-1].axis, 0)
                front[: len(front) // share] = 0
    save(original, tmp_path / "before")

    pruned = TECHNIQUES["structured_pruning"].handler(
        original, StructuredPruning(ffn=0.5, heads=0.5), context(tmp_path / "w")
    )
    save(pruned, tmp_path / "after")

    before, after = (answers(tmp_path / n, Torch()) for n in ("before", "after"))
    np.testing.assert_allclose(before, after, atol=1e-5)


def test_pruning_twice_counts_in_the_original(tmp_path):
    original = classifier(tmp_path / "hf")
    handler = TECHNIQUES["structured_pruning"].handler
    once = handler(original, StructuredPruning(layers=0.5, ffn=0.5), context(tmp_path / "1"))
    twice = handler(once, StructuredPruning(layers=0.5, ffn=0.5), context(tmp_path / "2"))
    save(twice, tmp_path / "after")

    kept_once, kept_twice = once.payload.about.kept, twice.payload.about.kept
    assert set(kept_twice["layers"]) < set(kept_once["layers"])
    place = kept_once["layers"].index(kept_twice["layers"][0])
    assert set(kept_twice["ffn"][0]) < set(kept_once["ffn"][place])
    assert np.isfinite(answers(tmp_path / "after", Torch())).all()


@pytest.mark.parametrize("amount", [0.3, 0.9])
def test_magnitude_pruning_zeros_the_share_it_says(amount, tmp_path):
    original = classifier(tmp_path / "hf")
    pruned = TECHNIQUES["magnitude_pruning"].handler(
        original, MagnitudePruning(amount=amount), context(tmp_path / "w")
    )

    for module in linear_layers(pruned.payload.encoder):
        zeros = float((module.weight == 0).float().mean())
        assert zeros == pytest.approx(amount, abs=0.01)


def test_int8_keeps_the_answers_of_a_trained_head_close(exported, tmp_path):
    """The head stays in float: quantised it once gave the same logits for every text."""
    original = classifier(tmp_path / "hf")
    save(original, tmp_path / "before")
    around = context(tmp_path / "w")
    onnx = exported(original, "onnx", around.workspace)
    small = TECHNIQUES["dynamic_int8"].handler(onnx, DynamicInt8(), around)

    plain = answers(tmp_path / "before", Torch())
    whole, quantised = (answers(a.folder, OnnxRuntime()) for a in (onnx, small))

    np.testing.assert_allclose(plain, whole, atol=1e-4)
    spread = plain.std(axis=0).max()
    assert np.abs(quantised - plain).max() < spread
    assert quantised.std(axis=0).max() > spread / 2


def test_an_onnx_session_takes_any_batch_and_length_and_answers_row_by_row(exported, tmp_path):
    onnx = exported(classifier(tmp_path / "hf"), "onnx", tmp_path)
    session = RUNTIMES["onnxruntime"].opener(onnx.folder, OnnxRuntime())
    together = session.predict(TEXTS)

    for i, text in enumerate(TEXTS):
        np.testing.assert_allclose(session.predict([text])[0], together[i], atol=1e-4)
    assert session.predict([""]).shape == (1, 3)


@pytest.mark.parametrize("family", FAMILIES)
def test_uneven_layers_keep_as_much_in_all_and_run_in_onnx(family, tmp_path):
    original = classifier(tmp_path / "hf", family)
    blocks_of_first = original.payload.encoder.get_parameter(FIRST[family])
    blocks_of_first.data *= 1e-3  # what comes out of the first layer's units hardly matters
    around = context(tmp_path / "w")
    config = StructuredPruning(ffn=0.5, heads=0.5, widths="per_layer")

    pruned = TECHNIQUES["structured_pruning"].handler(original, config, around)
    save(pruned, tmp_path / "after")
    onnx = EXPORTS["torch", "onnx"](load(tmp_path / "after"), around)

    widths = [len(units) for units in pruned.payload.about.kept["ffn"]]
    assert sum(widths) == 4 * 32
    assert widths[0] == min(widths) == 1
    assert min(map(len, pruned.payload.about.kept["heads"])) >= 1
    plain, found = answers(tmp_path / "after", Torch()), answers(onnx.folder, OnnxRuntime())
    np.testing.assert_allclose(plain, found, atol=1e-4)
    with pytest.raises(BadInput, match="not equally wide"):
        plan(Recipe(Torch(), (StructuredPruning(),)), models.anatomy(tmp_path / "after"))


FIRST = {  # weights that lead out of the first layer's units
    "bert": "encoder.layer.0.output.dense.weight",
    "gpt2": "h.0.mlp.c_proj.weight",
    "llama": "layers.0.mlp.down_proj.weight",
}
