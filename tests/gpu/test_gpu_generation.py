"""Models that write on a GPU: the same tokens as on the processor, and half the bytes in bf16."""

from __future__ import annotations

import pytest
import torch
from fakes import absent
from safetensors.torch import load_file
from test_generate import FAMILIES, PROMPTS, writer, written

from workbench import models
from workbench.core.artifact import Context
from workbench.formats import load, save
from workbench.recipes.plan import plan
from workbench.recipes.recipe import Recipe
from workbench.recipes.registry import WAYS
from workbench.runtimes import Torch
from workbench.runtimes.decoder import Sampling
from workbench.runtimes.torch_decoder import TorchDecoder
from workbench.techniques import Bf16, Fp8, Fp16, WeightOnly

WIDE = {"hidden_size": 64, "intermediate_size": 128}  # rows that INT4 can group
CLOSE = {"fp16": 0.02, "weight_only": 0.3, "fp8": 0.3}  # of a random model's logits


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


@pytest.mark.parametrize(
    "config", [Fp16(), WeightOnly(), WeightOnly(bits=4), Fp8()], ids=lambda c: f"{c}"
)
def test_what_is_narrow_is_saved_comes_back_and_writes(config, tmp_path):
    folder = writer(tmp_path / "llama", "llama", **WIDE)
    anatomy = models.anatomy(folder)
    entry = WAYS[config.name, "torch"]
    if why := entry.usable(config):
        pytest.skip(why)
    small = entry.handler(load(folder), config, Context(tmp_path))
    save(small, tmp_path / "small")
    stored = load_file(tmp_path / "small" / "model.safetensors").values()
    told = plan(Recipe(Torch(device="cuda"), (config,)), anatomy).size_bytes
    assert sum(t.numel() * t.element_size() for t in stored) == told

    decoder = TorchDecoder(tmp_path / "small", Torch(device="cuda"))
    assert all(written(decoder, PROMPTS, Sampling(12)))
    whole = TorchDecoder(folder, Torch())
    rows = [[5, 6, 7, 8, 9]]
    assert abs(decoder.logits(rows) - whole.logits(rows)).max() < CLOSE[config.name]
