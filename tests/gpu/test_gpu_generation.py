"""Models that write on a GPU: the same tokens as on the processor, and half the bytes in bf16."""

from __future__ import annotations

import pytest
import torch
from fakes import absent
from test_generate import FAMILIES, PROMPTS, writer, written

from workbench.core.artifact import Context
from workbench.formats import load, save
from workbench.recipes.registry import WAYS
from workbench.runtimes import Torch
from workbench.runtimes.decoder import Sampling
from workbench.runtimes.torch_decoder import TorchDecoder
from workbench.techniques import Bf16


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
