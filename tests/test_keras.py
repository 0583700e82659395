"""Keras networks end to end: trained, made smaller by TensorFlow's tools, run by its engines."""

from __future__ import annotations

import gzip
import json
import shutil

import numpy as np
import psutil
import pytest
from fakes import checkpoint, require, small_task

import workbench
from workbench import models, tasks
from workbench.core.artifact import Artifact, Context
from workbench.core.errors import BadInput, Cancelled
from workbench.formats import apart, load, save
from workbench.formats import keras as form
from workbench.jobs.packed import packed
from workbench.jobs.request import check_request
from workbench.measure import quality
from workbench.recipes.plan import plan
from workbench.recipes.rate import lowest_rate, rate_of, recipe_for_rate
from workbench.recipes.recipe import Recipe
from workbench.recipes.registry import EXPORTS, RUNTIMES, WAYS
from workbench.runtimes import LiteRt, OpenVino, TensorFlow, Torch
from workbench.techniques import (
    Bf16,
    Distillation,
    DynamicInt8,
    Fp16,
    GradualPruning,
    QuantisationAware,
    StaticInt8,
    StructuredPruning,
    WeightClustering,
    WeightOnly,
)
from workbench.training.fit import Follow
from workbench.training.keras import fit_keras

pytestmark = pytest.mark.slow
CONVOLUTION, TRANSFORMER, PICTURES = "keras-conv1d", "keras-transformer", "keras-cnn"
INSTALL = "pip install 'llm-workbench[tf]'"


def score(logits, labels):
    return {name: value.to_json() for name, value in quality(logits, labels)[0].items()}


@pytest.fixture(scope="module")
def data(once):
    """A small task of texts, the same for every process."""
    folder = once("keras_task", small_task)
    return tasks.csv_id(folder / "small.csv", folder / "small_test.csv")


@pytest.fixture(scope="module")
def trained(once, data):
    """``trained(model)``: the artifact of a network, trained once for all processes."""
    require("tensorflow", INSTALL)

    def of(model):
        task = tasks.find("digits" if model == PICTURES else data)

        def make(folder):
            made = fit_keras(model, task, folder, score, Follow(), 4 if model == PICTURES else 25)
            shutil.move(made.folder, folder / "artifact")

        folder = once(f"trained-{model}", make) / "artifact"
        return Artifact(
            "keras", folder, tuple(json.loads((folder / "artifact.json").read_text())["labels"])
        )

    return of


def task_of(model, data):
    return tasks.find("digits" if model == PICTURES else data)


@pytest.fixture
def context(tmp_path, data):
    def of(model, **more):
        rows = task_of(model, data).rows("train")
        training = (rows.texts, tuple(map(int, rows.labels)))
        return Context(tmp_path, calibration=rows.texts[:64], training=training, **more)

    return of


def opened(artifact, config):
    return RUNTIMES[config.name].opener(artifact.folder, config)


def answered(artifact, config, texts):
    session = opened(artifact, config)
    told = session.predict(texts)
    session.close()
    return told


def made(artifact, recipe, context):
    """What a recipe makes of an artifact, step by step."""
    for step in plan(recipe, models.anatomy(artifact.folder)).steps:
        if step.config is None:
            artifact = EXPORTS[step.source, step.target](artifact, context)
        else:
            artifact = WAYS[step.name, step.source].handler(artifact, step.config, context)
    return artifact


@pytest.mark.parametrize("model", [CONVOLUTION, TRANSFORMER, PICTURES])
def test_a_network_learns_and_is_the_same_in_every_engine(model, trained, context, data):
    rows = task_of(model, data).rows("test")
    texts, whole = list(rows.texts)[:300], trained(model)

    plain = answered(whole, TensorFlow(), texts)

    assert (plain.argmax(axis=1) == rows.labels[:300]).mean() > 0.8
    for runtime in (LiteRt(), LiteRt(threads=2), OpenVino()):
        other = answered(made(whole, Recipe(runtime), context(model)), runtime, texts)
        np.testing.assert_allclose(other, plain, atol=2e-3)


PRECISIONS = [
    pytest.param(Fp16(), 0.99, 0.55, id="float16"),
    pytest.param(DynamicInt8(), 0.97, 0.35, id="dynamic"),
    pytest.param(StaticInt8(), 0.97, 0.35, id="full integer"),
]


@pytest.mark.parametrize("model", [TRANSFORMER, PICTURES])
@pytest.mark.parametrize(("technique", "agreement", "share"), PRECISIONS)
def test_a_precision_keeps_the_answers_and_is_as_small_as_planned(
    model, technique, agreement, share, trained, context, data
):
    rows, whole = task_of(model, data).rows("test"), trained(model)
    recipe = Recipe(LiteRt(), (technique,))
    planned = plan(recipe, models.anatomy(whole.folder))

    small = made(whole, recipe, context(model))

    plain, told = (answered(*x, rows.texts) for x in ((whole, TensorFlow()), (small, LiteRt())))
    assert (plain.argmax(axis=1) == told.argmax(axis=1)).mean() >= agreement
    size = (small.folder / form.MODEL).stat().st_size
    before = models.anatomy(whole.folder).size_bytes
    assert size < share * before + 60_000
    assert planned.size_bytes < share * before
    assert abs(size - planned.size_bytes) < 0.1 * planned.size_bytes + 40_000


@pytest.mark.parametrize("model", [CONVOLUTION, TRANSFORMER, PICTURES])
@pytest.mark.parametrize("importance", ["taylor", "magnitude"])
def test_structured_pruning_leaves_what_was_promised(model, importance, trained, context, data):
    whole, config = trained(model), StructuredPruning(ffn=0.5, heads=0.5, importance=importance)
    anatomy = models.anatomy(whole.folder)
    planned = plan(Recipe(TensorFlow(), (config,)), anatomy)

    small = made(whole, Recipe(TensorFlow(), (config,)), context(model))

    held = form.load(small.folder)
    stored = sum(weights.nbytes for weights in held.weights.values())
    assert stored == planned.size_bytes < anatomy.size_bytes
    assert np.isfinite(
        answered(small, TensorFlow(), task_of(model, data).rows("test").texts[:9])
    ).all()


def test_what_was_pruned_learns_again_from_the_whole_model(trained, context, data):
    whole, rows = trained(TRANSFORMER), tasks.find(data).rows("test")
    cut = StructuredPruning(ffn=0.97, heads=0.75)
    losses = []
    around = context(TRANSFORMER, teacher=whole, loss=lambda *told: losses.append(told))

    poor = made(whole, Recipe(TensorFlow(), (cut,)), around)
    taught = made(whole, Recipe(TensorFlow(), (cut, Distillation(epochs=12))), around)

    right = [
        (answered(x, TensorFlow(), rows.texts).argmax(axis=1) == rows.labels).mean()
        for x in (poor, taught)
    ]
    assert right[1] >= max(right[0], 0.8)
    assert any(accuracy is not None for _, _, accuracy in losses)


@pytest.mark.parametrize("schedule", ["polynomial", "constant"])
@pytest.mark.parametrize("epochs", [1, 6])
def test_zeros_that_were_asked_for_lie_in_the_file(schedule, epochs, trained, context):
    whole = trained(CONVOLUTION)
    config = GradualPruning(amount=0.5, schedule=schedule, epochs=epochs)

    recipe = Recipe(TensorFlow(), (config,))
    thin = made(whole, recipe, context(CONVOLUTION))

    held = form.load(thin.folder).weights
    told = packed(recipe, thin.folder)
    matrices = [w for w in held.values() if w.ndim > 1]
    zeros = sum((w == 0).sum() for w in matrices) / sum(w.size for w in matrices)
    assert told["zeros"].value == pytest.approx(zeros)
    for name in ("phrases/kernel", "inner/kernel"):
        assert (held[name] == 0).mean() == pytest.approx(0.5, abs=0.01)
    assert not (held["classes/kernel"] == 0).mean() > 0.1
    files = [(x.folder / "model.safetensors").read_bytes() for x in (whole, thin)]
    sizes = [len(gzip.compress(content, 6)) for content in files]
    assert sizes[1] < 0.85 * sizes[0]
    assert told["packed_size"].value == pytest.approx(sizes[1], rel=0.001)


def test_the_weights_of_a_layer_share_a_few_values(trained, context):
    config = WeightClustering(clusters=16, epochs=1)

    few = made(trained(PICTURES), Recipe(TensorFlow(), (config,)), context(PICTURES))

    held = form.load(few.folder).weights
    for name in ("edges/kernel", "parts/kernel", "inner/kernel"):
        assert len(np.unique(held[name])) <= 16


@pytest.mark.parametrize("model", [TRANSFORMER, PICTURES])
def test_a_network_trained_for_int8_answers_as_well_in_litert(model, trained, context, data):
    rows, whole = task_of(model, data).rows("test"), trained(model)
    recipe = Recipe(LiteRt(), (QuantisationAware(epochs=1),))

    small = made(whole, recipe, context(model))

    told = answered(small, LiteRt(), rows.texts)
    assert (told.argmax(axis=1) == rows.labels).mean() > 0.8
    assert (small.folder / form.MODEL).stat().st_size < (
        0.95 if model == TRANSFORMER else 0.35
    ) * models.anatomy(whole.folder).size_bytes + 60_000


def test_zeros_survive_training_for_int8(trained, context):
    pruned = GradualPruning(amount=0.5, epochs=2)
    techniques = (pruned, QuantisationAware(epochs=1, keep_zeros=True))
    whole = trained(PICTURES)

    thin = made(whole, Recipe(TensorFlow(), (pruned,)), context(PICTURES))
    aware = WAYS["quantisation_aware", "keras"].handler(thin, techniques[1], context(PICTURES))

    held = form.load(aware.folder).weights
    for name in ("edges/kernel", "parts/kernel", "inner/kernel"):
        assert (held[name] == 0).mean() > 0.49


def test_an_artifact_is_the_same_after_it_was_saved(trained, context, tmp_path):
    whole = trained(PICTURES)
    aware = made(whole, Recipe(LiteRt(), (QuantisationAware(epochs=1),)), context(PICTURES))
    texts = tasks.find("digits").rows("test").texts[:20]

    save(aware, tmp_path / "again")

    again = load(tmp_path / "again")
    np.testing.assert_array_equal(
        answered(aware, LiteRt(), texts), answered(again, LiteRt(), texts)
    )


REFUSED = {
    "a technique of torch": (Recipe(TensorFlow(), (Bf16(),)), "takes the keras format"),
    "a runtime of torch": (Recipe(Torch()), "takes the keras format"),
    "whole layers": (Recipe(TensorFlow(), (StructuredPruning(layers=0.5),)), "layers"),
    "INT8 in TensorFlow": (Recipe(TensorFlow(), (DynamicInt8(),)), "the runtime litert"),
    "two precisions": (Recipe(LiteRt(), (Fp16(), DynamicInt8())), "one precision"),
    "training after a precision": (Recipe(LiteRt(), (Fp16(), GradualPruning())), "behind"),
    "training after INT8 was learnt": (
        Recipe(LiteRt(), (QuantisationAware(), GradualPruning())),
        "behind",
    ),
    "zeros that would not stay": (
        Recipe(TensorFlow(), (GradualPruning(), WeightClustering())),
        "last technique that trains",
    ),
    "values that would not stay": (
        Recipe(LiteRt(), (WeightClustering(), QuantisationAware())),
        "last technique that trains",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_impossible_chain_is_refused_before_any_work(case, trained):
    recipe, said = REFUSED[case]
    with pytest.raises(BadInput, match=said):
        plan(recipe, models.anatomy(trained(TRANSFORMER).folder))


def test_every_rate_of_the_domain_is_reached(trained):
    anatomy = models.anatomy(trained(CONVOLUTION).folder)
    floor = lowest_rate(anatomy)
    reached = []
    for rate in np.linspace(floor, 1, 9):
        recipe = recipe_for_rate(float(rate), anatomy, Recipe(TensorFlow()))
        plan(recipe, anatomy)
        reached.append(rate_of(recipe, anatomy) / rate)
    assert floor < 0.2
    assert np.sum(np.abs(np.array(reached) - 1) < 0.03) >= 7, "but in the gaps of precisions"


def test_other_formats_have_their_own_way_of_the_same_technique(trained, context, data):
    whole = trained(CONVOLUTION)
    recipe = Recipe(OpenVino(), (StructuredPruning(ffn=0.5), WeightOnly()))

    small = made(whole, recipe, context(CONVOLUTION))

    rows = tasks.find(data).rows("test")
    told = answered(small, OpenVino(), rows.texts)
    assert told.shape == (len(rows.texts), 3)
    stored = (small.folder / "model.bin").stat().st_size
    planned = plan(recipe, models.anatomy(whole.folder)).size_bytes
    assert abs(stored / planned - 1) < 0.02


def test_a_cancelled_training_leaves_nothing(home, data):
    require("tensorflow", INSTALL)
    losses, pids = [], []

    def told(*loss):
        losses.append(loss)
        pids.append(apart._kept._process.pid)

    follow = Follow(loss=told, cancelled=lambda: bool(losses))
    with pytest.raises(Cancelled):
        fit_keras(CONVOLUTION, tasks.find(data), home, score, follow, 50)
    assert len(losses) < 20
    assert not psutil.pid_exists(pids[0])
    assert not list((home / "models").glob("*"))


def test_texts_and_pictures_do_not_mix(home, data):
    require("tensorflow", INSTALL)
    for model, task in ((PICTURES, data), (CONVOLUTION, "digits"), ("tfidf", "digits")):
        with pytest.raises(BadInput, match="kind"):
            check_request("tune", {"model": model, "task": task}, home)
    asked = check_request("tune", {"model": CONVOLUTION, "task": data}, home)
    assert asked["mode"] == "full"


def test_torch_and_tensorflow_stand_on_one_plot_against_the_same_reference(
    tmp_path, data, trained, monkeypatch
):
    monkeypatch.setenv("WORKBENCH_FAST", "1")
    client = workbench.connect(inline=True)
    torch = client.tune(str(checkpoint(tmp_path / "hf")), data)
    first = client.run(torch, data, Recipe(Torch(), (Bf16(),)))
    tensorflow = client.wait(
        client.submit("tune", {"model": CONVOLUTION, "task": data, "epochs": 2})
    ).result["id"]

    runs = client.sweep(
        tensorflow,
        data,
        {
            "techniques": [[], [{"name": "fp16"}]],
            "runtime": [{"name": "tensorflow"}, {"name": "litert"}],
        },
    )

    found = {r.id: r for r in client.runs()}
    done = [found[r.id if hasattr(r, "id") else r] for r in runs]
    assert [r.status for r in done].count("done") == 3  # float16 is LiteRT's alone
    assert {r.reference for r in done if r.status == "done"} == {first.reference}
    assert all("accuracy_change" in r.metrics for r in done if r.status == "done")
