"""Promises that every runtime keeps: torch's answers, any shape, clear refusals."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import CLASSES, classifier, require, sentences

from workbench import models
from workbench.core.artifact import Artifact, Context
from workbench.core.errors import BadInput
from workbench.formats import load, save
from workbench.jobs.setup import reference_recipe
from workbench.measure.program import answer_all
from workbench.recipes import machine, registry
from workbench.recipes.plan import plan
from workbench.recipes.rate import rate_of, recipe_for_rate
from workbench.recipes.recipe import Recipe
from workbench.recipes.registry import EXPORTS, RUNTIMES, TECHNIQUES, WAYS, missing, reason
from workbench.runtimes import OnnxRuntime, OpenVino, TensorRt, Torch, TorchCompile
from workbench.runtimes.openvino import no_bf16
from workbench.techniques import (
    Bf16,
    DynamicInt8,
    Fp16,
    StaticInt8,
    StructuredPruning,
    WeightOnly,
)

TEXTS = [text for text, _ in sentences(200, seed=7)]
# largest difference of a logit, as a share of how far the logits spread
FLOAT, HALF, INT8 = 1e-4, 0.05, 0.15
POINTS = [
    pytest.param(Recipe(OnnxRuntime()), FLOAT, id="onnxruntime"),
    pytest.param(Recipe(OnnxRuntime(), (DynamicInt8(),)), INT8, id="onnxruntime dynamic"),
    pytest.param(Recipe(OnnxRuntime(), (StaticInt8(),)), INT8, id="onnxruntime static"),
    pytest.param(Recipe(OpenVino()), FLOAT, id="openvino"),
    pytest.param(Recipe(OpenVino(threads=2, streams=2)), FLOAT, id="openvino streams"),
    pytest.param(Recipe(OpenVino(precision="bf16")), HALF, id="openvino bf16"),
    pytest.param(Recipe(OpenVino(), (StaticInt8(),)), INT8, id="openvino static"),
    pytest.param(Recipe(OpenVino(), (WeightOnly(),)), INT8, id="openvino weights"),
    pytest.param(Recipe(Torch(), (Bf16(),)), HALF, id="torch bf16"),
    pytest.param(Recipe(TorchCompile()), FLOAT, id="torch_compile"),
]


def tuned(artifact, steps=60):
    """A few steps on sentences that can be learnt."""
    import torch

    from workbench.formats.tokens import Tokens

    rows = sentences(240)
    ids, mask = map(torch.from_numpy, Tokens.of(artifact).batch([text for text, _ in rows]))
    labels = torch.tensor([CLASSES.index(label) for _, label in rows])
    optimiser = torch.optim.AdamW(artifact.payload.parameters(), lr=3e-3)
    artifact.payload.train()
    for _ in range(steps):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(artifact.payload(ids, mask), labels).backward()
        optimiser.step()
    artifact.payload.eval()
    return artifact


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The folder of a tuned model of one layer: a compiler needs its time for every layer."""
    folder = tmp_path_factory.mktemp("tuned")
    one = StructuredPruning(layers=0.75, importance="magnitude")
    whole = classifier(folder / "hf")
    cut = WAYS["structured_pruning", "torch"].handler(whole, one, Context(folder))
    save(tuned(cut), folder / "model")
    return folder / "model"


@pytest.fixture(scope="module")
def plain(small):
    return logits(small, Torch())


def logits(folder, config, texts=TEXTS):
    session = RUNTIMES[config.name].opener(folder, config)
    found = session.predict(texts)
    session.close()
    return found


@pytest.fixture(scope="module")
def made(small, tmp_path_factory):
    """``made(recipe, work)``: what it makes of the small model; that is exported once a format."""
    exports = {}
    rows = sentences(60)
    texts, labels = zip(*rows, strict=True)
    around = Context(Path(), texts, (texts, tuple(CLASSES.index(label) for label in labels)))

    def exported(whole, target, work):
        if target not in exports:
            place = replace(around, workspace=tmp_path_factory.mktemp(target))
            exports[target] = EXPORTS["torch", target](whole, place)
        folder = shutil.copytree(exports[target].folder, work / target)
        return Artifact(target, folder, whole.labels)

    def make(recipe, work):
        work.mkdir()
        artifact = whole = load(small)
        for step in plan(recipe, models.anatomy(small)).steps:
            if step.config is None:
                assert artifact is whole, "nothing was done to it before"
                artifact = exported(whole, step.target, work)
            else:
                way = WAYS[step.name, step.source]
                artifact = way.handler(artifact, step.config, replace(around, workspace=work))
        save(artifact, work / "made")
        return work / "made"

    return make


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture(autouse=True)
def _compiled_once(home, kernels):
    """All homes share what torch.compile keeps: a compiler takes half a minute."""
    (home / "cache" / "compiled").symlink_to(kernels)


@pytest.mark.parametrize(("recipe", "share"), POINTS)
def test_an_engine_answers_as_torch_does_and_any_shape(recipe, share, made, plain, tmp_path):
    for name in ("onnxruntime", "openvino", "nncf"):
        require(name, "make install")
    if isinstance(recipe.runtime, OpenVino) and (refused := no_bf16(recipe.runtime)):
        pytest.skip(refused)  # the processor's, and nothing that could be installed
    folder = made(recipe, tmp_path / "work")
    session = RUNTIMES[recipe.runtime.name].opener(folder, recipe.runtime)

    found = session.predict(TEXTS)

    assert found.dtype == np.float32
    assert (found.argmax(axis=1) == plain.argmax(axis=1)).mean() >= 0.99
    spread = plain.max() - plain.min()
    assert np.abs(found - plain).max() <= share * spread
    for texts in (TEXTS[:1], ["where"], [""], ["", ""], [" ".join(TEXTS[:6])]):
        assert np.isfinite(session.predict(texts)).all()
    one = np.concatenate([session.predict([text]) for text in TEXTS[:4]])
    assert np.abs(one - found[:4]).max() <= max(share, INT8 / 2) * spread
    session.close()


def test_the_small_model_has_learnt_its_task(small, plain):
    labels = np.array([CLASSES.index(label) for _, label in sentences(200, seed=7)])
    assert (plain.argmax(axis=1) == labels).mean() > 0.75


def test_nothing_is_compiled_once_a_session_is_open(small):
    import torch

    session = RUNTIMES["torch_compile"].opener(small, TorchCompile())
    assert session.compile_seconds > 0

    with torch.compiler.set_stance("fail_on_recompile"):
        for texts in (TEXTS[:1], ["where"], [""], ["", ""], TEXTS[:7], TEXTS[:64]):
            session.predict(texts)

    assert session.encode([""])[1].sum() == 1  # the column that was added is masked


def test_layers_that_torchao_quantised_load_again_bit_by_bit(small, made, tmp_path):
    from safetensors.numpy import load_file

    recipe = Recipe(TorchCompile(), (DynamicInt8(),))
    folder = made(recipe, tmp_path / "work")
    save(load(folder), tmp_path / "again")

    first, second = (load_file(p / "model.safetensors") for p in (folder, tmp_path / "again"))
    assert first.keys() == second.keys()
    assert all((first[name] == second[name]).all() for name in first)
    whole = [t for t in first.values() if t.dtype == np.int8 and t.shape[-1] > 1]
    assert len(whole) == 6, "beside each lie its scales and zero points"
    size = sum(tensor.nbytes for tensor in first.values())
    assert plan(recipe, models.anatomy(small)).size_bytes == pytest.approx(size, rel=0.02)
    np.testing.assert_array_equal(*(logits(p, Torch()) for p in (folder, tmp_path / "again")))


@pytest.mark.parametrize("kind", [OpenVino, OnnxRuntime])
def test_streams_answer_several_batches_at_once_in_their_order(kind, made, tmp_path):
    folder = made(Recipe(kind()), tmp_path / "work")
    session = RUNTIMES[kind.name].opener(folder, kind(threads=2, streams=2))
    batches = [TEXTS[i : i + 7] for i in range(0, 70, 7)]

    together = answer_all(session, batches)

    assert all(seconds > 0 for _, seconds in together)
    for batch, (found, _) in zip(batches, together, strict=True):
        np.testing.assert_array_equal(found, session.predict(batch))
    session.close()


def test_a_stream_has_a_thread_of_its_own_and_so_has_the_reference():
    for kind in (OpenVino, OnnxRuntime):
        assert kind(streams=3).cores == 3
        assert kind(threads=4, streams=2).cores == 4
    assert reference_recipe(Recipe(OpenVino(streams=2))).runtime == Torch(threads=2)
    assert reference_recipe(Recipe(TorchCompile(threads=3))).runtime == Torch(threads=3)


REFUSED = [
    (Recipe(Torch(), (DynamicInt8(),)), "bert", "torch_compile"),
    (Recipe(TorchCompile(), (DynamicInt8(),)), "gpt2", "attn.c_attn.weight"),
    (Recipe(OpenVino(), (DynamicInt8(),)), "bert", "openvino"),
    (Recipe(OnnxRuntime(), (WeightOnly(),)), "bert", "runtime openvino"),
    (Recipe(OpenVino(), (Bf16(), StaticInt8())), "bert", "leave out bf16"),
    (Recipe(TorchCompile(), (Bf16(), DynamicInt8())), "bert", "leave out bf16"),
    (Recipe(OpenVino(), (StaticInt8(), WeightOnly())), "bert", "leave out static_int8"),
    (Recipe(OpenVino(), (StaticInt8(), StructuredPruning(ffn=0.5))), "bert", "after static_int8"),
]


@pytest.mark.parametrize(("recipe", "family", "named"), REFUSED)
def test_what_an_engine_cannot_do_is_refused_before_any_work(recipe, family, named, tmp_path):
    save(classifier(tmp_path / "hf", family), tmp_path / "model")

    with pytest.raises(BadInput, match=named):
        plan(recipe, models.anatomy(tmp_path / "model"))


@pytest.mark.parametrize(
    ("recipe", "absent"),
    [
        (Recipe(Torch(), (Fp16(),)), machine.no_cuda),
        (Recipe(Torch(device="cuda")), machine.no_cuda),
        (Recipe(TorchCompile(device="cuda")), machine.no_cuda),
        (Recipe(TensorRt()), machine.no_tensorrt),
    ],
)
def test_what_this_machine_lacks_is_told_with_its_reason(recipe, absent, small):
    if not absent():
        pytest.skip("this machine has it")
    with pytest.raises(BadInput) as caught:
        plan(recipe, models.anatomy(small))
    assert absent() in str(caught.value)


def test_without_a_compiler_torch_compile_is_greyed_out(monkeypatch, small):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("CXX", raising=False)

    assert "C++ compiler" in missing(RUNTIMES["torch_compile"])
    assert missing(RUNTIMES["torch"]) == ""
    assert missing(TECHNIQUES["dynamic_int8"]) == ""
    with pytest.raises(BadInput, match="compiler"):
        plan(Recipe(TorchCompile()), models.anatomy(small))


def test_a_removed_engine_leaves_a_techniques_other_ways(monkeypatch, small):
    gone = {"openvino", "nncf"}
    monkeypatch.setattr(registry, "installed", lambda module: module not in gone)

    assert "llm-workbench[openvino]" in missing(RUNTIMES["openvino"])
    gone.add("onnxruntime_genai")
    assert "llm-workbench[openvino]" in missing(TECHNIQUES["weight_only"])
    assert missing(TECHNIQUES["static_int8"]) == ""
    plan(Recipe(OnnxRuntime(), (StaticInt8(),)), models.anatomy(small))
    with pytest.raises(BadInput, match="nncf"):
        plan(Recipe(OpenVino(), (StaticInt8(),)), models.anatomy(small))


def test_bf16_is_refused_by_a_processor_that_would_quietly_use_float32(
    monkeypatch, made, tmp_path
):
    folder = made(Recipe(OpenVino()), tmp_path / "work")
    monkeypatch.setattr("workbench.runtimes.openvino._capabilities", lambda core: ["FP32"])

    with pytest.raises(BadInput, match="bf16"):
        RUNTIMES["openvino"].opener(folder, OpenVino(precision="bf16"))


@pytest.mark.parametrize("format", ["onnx", "openvino"])
@pytest.mark.parametrize(
    ("calibration", "labels", "named"),
    [((), (0, 1), "no calibration"), (("late parcel",), (1, 1), "one class")],
)
def test_static_int8_asks_for_calibration_texts_of_several_classes(
    format, calibration, labels, named, small, tmp_path
):
    (tmp_path / "w").mkdir()
    around = Context(tmp_path / "w", calibration, (("late parcel", "red shoe"), labels))
    with pytest.raises(BadInput, match=named):
        WAYS["static_int8", format].handler(Artifact(format, small), StaticInt8(), around)


def test_the_rate_keeps_openvino_with_its_own_int8(small):
    anatomy = models.anatomy(small)
    rate = rate_of(Recipe(OpenVino(), (StaticInt8(),)), anatomy)

    recipe = recipe_for_rate(rate, anatomy, Recipe(OpenVino(threads=2, streams=2)))

    assert recipe == Recipe(OpenVino(threads=2, streams=2), (StaticInt8(),))


def test_telemetry_is_never_loaded():
    code = (
        "import sys;from workbench.formats.openvino import compressor;"
        "compressor('a test');print(sys.modules['openvino_telemetry'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.home()
    )
    assert done.stdout.split() == ["None"]


@pytest.mark.parametrize(
    ("flags", "answer"),
    [
        ({"avx2"}, True),
        ({"avx2", "avx512f"}, True),
        ({"avx2", "avx_vnni"}, False),
        ({"avx2", "avx512f", "avx512_vnni"}, False),
        ({"avx2", "avx512f", "amx_int8"}, False),
        ({"asimddp", "i8mm"}, False),
    ],
)
def test_which_processors_saturate(flags, answer, monkeypatch):
    monkeypatch.setattr(machine, "processor", lambda: ("one", frozenset(flags)))
    assert machine.saturates() is answer


def test_bf16_is_refused_beforehand_where_it_cannot_be(monkeypatch):
    from workbench.runtimes import openvino

    monkeypatch.setattr(openvino, "processor", lambda: ("one", frozenset({"avx2"})))
    assert "bf16" in reason(RUNTIMES["openvino"], OpenVino(precision="bf16"))
    assert not reason(RUNTIMES["openvino"], OpenVino())
