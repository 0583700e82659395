"""ONNX Runtime GenAI: the same tokens from the same weights, and sizes as they were promised."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import require
from test_generate import PROMPTS, writer, written

import workbench
from workbench import models
from workbench.core.artifact import Artifact, Context
from workbench.core.errors import BadInput
from workbench.formats import load
from workbench.recipes import registry
from workbench.recipes.plan import plan, reachable
from workbench.recipes.recipe import Recipe
from workbench.recipes.registry import EXPORTS, WAYS, WRITERS
from workbench.runtimes import OnnxRuntime, Torch
from workbench.runtimes.decoder import Sampling
from workbench.runtimes.torch_decoder import TorchDecoder
from workbench.techniques import StructuredPruning, WeightOnly

KNOWN = ("llama", "qwen2", "qwen3", "gemma")


@pytest.fixture(autouse=True)
def _library():
    require("onnxruntime_genai", "pip install 'llm-workbench[genai]'")


def wide(folder, family, **more):
    """Heads of 16, the smallest that its attention takes."""
    return writer(folder, family, hidden_size=64, **more)


def built(folder, workspace) -> Artifact:
    workspace.mkdir()
    return EXPORTS["torch", "onnx"](load(folder), Context(workspace))


def opened(artifact):
    return WRITERS["onnxruntime"](artifact.folder, OnnxRuntime())


@pytest.mark.parametrize("family", KNOWN)
def test_it_writes_what_torch_writes(family, tmp_path):
    folder = wide(tmp_path / family, family)
    plain, fast = TorchDecoder(folder, Torch()), opened(built(folder, tmp_path / "made"))

    for prompts in ([PROMPTS[0]], [PROMPTS[2]], PROMPTS):
        for endless in (False, True):
            rows = [plain.prompts.encode(prompt) for prompt in prompts]
            told = [np.array(list(x.generate(rows, Sampling(12), endless))) for x in (plain, fast)]
            assert told[0].tolist() == told[1].tolist()
    rows = [plain.prompts.encode(prompt) for prompt in PROMPTS]
    one, other = plain.logits(rows), fast.logits(rows)
    for place, row in enumerate(rows):
        assert np.abs(one[place, : len(row)] - other[place, : len(row)]).max() < 1e-3
    fast.close()


def test_draws_follow_their_seed_and_are_those_of_openvino(tmp_path):
    from workbench.runtimes import OpenVino

    folder = wide(tmp_path / "llama", "llama")
    (tmp_path / "ov").mkdir()
    other = WRITERS["openvino"](
        EXPORTS["torch", "openvino"](load(folder), Context(tmp_path / "ov")).folder, OpenVino()
    )
    fast = opened(built(folder, tmp_path / "made"))
    drawn = [written(fast, PROMPTS, Sampling(10, 1.0, 0.9, seed)) for seed in (1, 1, 2)]

    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[0] == written(other, PROMPTS, Sampling(10, 1.0, 0.9, 1))


def test_a_prompt_may_hold_the_token_that_fills_up(tmp_path):
    folder = wide(tmp_path / "llama", "llama")
    plain, fast = TorchDecoder(folder, Torch()), opened(built(folder, tmp_path / "made"))
    rows = [[plain.prompts.rows - 1, 5, 7, 9], [5, 6]]

    told = [np.array(list(x.generate(rows, Sampling(9)))).tolist() for x in (plain, fast)]
    assert told[0] == told[1]


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("tied", [True, False])
def test_sizes_are_as_promised(bits, tied, tmp_path):
    folder = wide(tmp_path / "llama", "llama", tie_word_embeddings=tied)
    recipe = Recipe(OnnxRuntime(), (WeightOnly(bits=bits),))
    planned = plan(recipe, models.anatomy(folder))
    whole = built(folder, tmp_path / "made")
    small = WAYS["weight_only", "onnx"].handler(
        whole, WeightOnly(bits=bits), Context(tmp_path / "made")
    )

    import onnx

    made = onnx.load(small.folder / "model.onnx")
    tables = ("cos_cache", "sin_cache")  # of positions; no weights
    found = sum(
        onnx.numpy_helper.to_array(t).nbytes
        for t in made.graph.initializer
        if t.name not in tables
    )
    assert abs(found - planned.size_bytes) < 400  # a few constants of the graph
    assert found < sum(x.stat().st_size for x in whole.folder.glob("model.onnx*"))
    assert written(opened(small), PROMPTS, Sampling(6))


def test_a_job_writes_with_it(tmp_path, home):
    folder = wide(tmp_path / "llama", "llama")
    recipe = Recipe(OnnxRuntime(), (WeightOnly(bits=4),))
    told = workbench.connect().generate(str(folder), PROMPTS[0], recipe=recipe, tokens=5)
    assert told["prompt_tokens"][0] > 0


def test_what_its_builder_does_not_know_is_named(tmp_path):
    with pytest.raises(BadInput, match="gpt2 in ONNX Runtime GenAI"):
        built(writer(tmp_path / "gpt2", "gpt2"), tmp_path / "made")


def test_heads_that_its_attention_does_not_take_are_named(tmp_path):
    with pytest.raises(BadInput, match="heads of 8"):
        built(writer(tmp_path / "llama", "llama"), tmp_path / "made")


def test_a_pruned_model_is_named(tmp_path):
    artifact = load(wide(tmp_path / "llama", "llama"))
    (tmp_path / "made").mkdir()
    around = Context(tmp_path / "made")
    cut = WAYS["structured_pruning", "torch"].handler(artifact, StructuredPruning(ffn=0.5), around)
    with pytest.raises(BadInput, match="a pruned llama in ONNX Runtime GenAI"):
        EXPORTS["torch", "onnx"](cut, around)


def test_without_the_library_it_is_said_before_any_work(tmp_path, monkeypatch):
    anatomy = models.anatomy(wide(tmp_path / "llama", "llama"))
    monkeypatch.setattr(registry, "installed", lambda module: module != "onnxruntime_genai")

    with pytest.raises(BadInput, match=r"llm-workbench\[genai\]"):
        plan(Recipe(OnnxRuntime()), anatomy)
    assert "onnxruntime" not in reachable.__wrapped__("torch", True)
