"""Models that write on a GPU: the same tokens as on the processor, and half the bytes in bf16."""

from __future__ import annotations

import pytest
import torch
from fakes import absent
from safetensors.torch import load_file
from test_generate import FAMILIES, PROMPTS, writer, written
from test_writer_training import TRAIN, fit

import workbench
from workbench import models
from workbench.core.artifact import Context
from workbench.formats import load, save
from workbench.measure.ceiling import SHORT_S, measured
from workbench.measure.environment import environment
from workbench.measure.program import gpu_memory
from workbench.recipes.machine import gpu_memory as whole_memory
from workbench.recipes.plan import plan
from workbench.recipes.recipe import Recipe
from workbench.recipes.registry import WAYS
from workbench.runtimes import Torch, TorchCompile
from workbench.runtimes.compiled_decoder import CompiledDecoder
from workbench.runtimes.decoder import Sampling
from workbench.runtimes.torch_decoder import TorchDecoder
from workbench.techniques import Bf16, Fp8, Fp16, WeightOnly
from workbench.training.fit import Follow

WIDE = {"hidden_size": 64, "intermediate_size": 128}  # rows that INT4 can group
CLOSE = {"fp16": 0.02, "weight_only": 0.3, "fp8": 0.3}  # of a random model's logits
TIE = 0.03  # of logits in bfloat16: which of two is the likelier depends on the kernel
NARROW = [Fp16(), WeightOnly(), WeightOnly(bits=4), Fp8()]
EAGER = Torch(device="cuda")


@pytest.fixture(scope="module", autouse=True)
def _gpu():
    if not torch.cuda.is_available():
        absent("gpu", "make install TORCH_INDEX=https://pypi.org/simple, on a machine with CUDA")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_gpu_writes_what_the_processor_writes(family, tmp_path):
    folder = writer(tmp_path / family, family)
    told = [
        written(TorchDecoder(folder, Torch(device=device)), PROMPTS, Sampling(12))
        for device in ("cpu", "cuda")
    ]
    assert told[0] == told[1]


def test_bf16_writes_on_a_gpu(tmp_path):
    artifact = load(writer(tmp_path / "llama", "llama"))
    half = WAYS["bf16", "torch"].handler(artifact, Bf16(), Context(tmp_path))
    save(half, tmp_path / "half")
    decoder = TorchDecoder(tmp_path / "half", Torch(device="cuda"))
    assert all(written(decoder, PROMPTS, Sampling(12)))


def made(config, tmp_path):
    """A llama of these weights, and the folder that it came from."""
    folder = writer(tmp_path / "llama", "llama", **WIDE)
    entry = WAYS[config.name, "torch"]
    if why := entry.usable(config):
        pytest.skip(why)
    save(entry.handler(load(folder), config, Context(tmp_path)), tmp_path / "small")
    return tmp_path / "small", folder


@pytest.mark.parametrize("config", NARROW, ids=lambda c: f"{c}")
def test_what_is_narrow_is_saved_comes_back_and_writes(config, tmp_path):
    small, folder = made(config, tmp_path)
    stored = load_file(small / "model.safetensors").values()
    told = plan(Recipe(EAGER, (config,)), models.anatomy(folder)).size_bytes
    assert sum(t.numel() * t.element_size() for t in stored) == told

    decoder = TorchDecoder(small, EAGER)
    assert all(written(decoder, PROMPTS, Sampling(12)))
    whole = TorchDecoder(folder, Torch())
    rows = [[5, 6, 7, 8, 9]]
    assert abs(decoder.logits(rows) - whole.logits(rows)).max() < CLOSE[config.name]


@pytest.mark.parametrize("config", NARROW, ids=lambda c: f"{c}")
def test_compiled_it_writes_the_same_or_tells_two_apart_that_are_a_tie(config, tmp_path):
    small, _ = made(config, tmp_path)
    eager, compiled = TorchDecoder(small, EAGER), CompiledDecoder(small, TorchCompile(1, "cuda"))
    for prompt in PROMPTS:
        one, other = (written(d, [prompt], Sampling(12))[0] for d in (eager, compiled))
        at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
        if at is None:
            assert one == other
            continue
        rows = [[*eager.prompts.encode(prompt), *one[:at]]]
        logits = eager.logits(rows)[0, -1]
        assert abs(logits[one[at]] - logits[other[at]]) < TIE, f"token {at}"


def test_memory_is_the_gpus(tmp_path):
    TorchDecoder(writer(tmp_path / "llama", "llama"), EAGER)
    assert 0 < gpu_memory() < whole_memory()


def test_the_ceiling_is_the_gpus():
    assert environment().gpu
    found = measured(1, SHORT_S, "cuda")
    assert found.device == "cuda"
    assert min(found.products[name] for name in ("float32", "bfloat16", "int8")) > 1e12
    assert max(found.memory.values()) > 1e11, "a GPU of 2015 reads faster"


@pytest.mark.parametrize("mode", ["full", "lora"])
def test_a_writer_learns_on_a_gpu(mode, tmp_path, home):
    heard = []
    follow = Follow(loss=lambda *point: heard.append(point))
    fitted = fit(writer(tmp_path / "llama", "llama"), home, mode, follow=follow)
    held = [value for _, value, share in heard if share is not None]
    assert min(held) < {"full": 0.8, "lora": 0.97}[mode] * held[0]
    assert all(written(TorchDecoder(fitted.folder, EAGER), TRAIN.texts[:2], Sampling(4)))


def test_a_recipe_is_measured_against_torch_on_the_same_gpu(home, monkeypatch):
    monkeypatch.setenv("WORKBENCH_FAST", "1")
    client = workbench.connect(inline=True)
    recipe = Recipe(TorchCompile(device="cuda"), (WeightOnly(),))

    run = client.run("newsdesk-lm", "newsdesk", recipe)

    assert run.status == "done", run.error
    assert client.recorded(run.reference).recipe["runtime"]["device"] == "cuda"
    assert run.metrics["fidelity"].value > 0.9
    assert run.environment["gpu"]
    assert client.submit("ceiling", {"device": "cuda"}).status == "done"
    assert client.why(run.id)["least_s"] > 0
