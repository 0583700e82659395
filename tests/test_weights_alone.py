"""INT8, INT4 and FP8 weights in torch, for a GPU: what a processor can show of them."""

from __future__ import annotations

import ctypes
import json

import pytest
import torch
from fakes import classifier
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from test_generate import PROMPTS, writer, written
from test_generation import SIXTEEN

from workbench import models
from workbench.core.artifact import Context
from workbench.core.errors import BadInput
from workbench.formats import load, quantised, save
from workbench.formats.quiet import quiet
from workbench.formats.torch import WEIGHTS
from workbench.recipes import machine
from workbench.recipes.plan import plan, reachable, with_runtime
from workbench.recipes.recipe import Recipe
from workbench.recipes.registry import WAYS
from workbench.runtimes import OpenVino, Torch
from workbench.runtimes.compiled_decoder import compiling, whole_numbers
from workbench.runtimes.decoder import Sampling
from workbench.runtimes.torch_decoder import TorchDecoder
from workbench.techniques import DynamicInt8, Fp8, StructuredPruning, WeightOnly

CLOSE = 0.1  # of a random model's logits, whose spread is about one
BOTH = [WeightOnly(), Fp8()]
ON_GPU = Torch(device="cuda")


@pytest.fixture
def llama(tmp_path):
    return writer(tmp_path / "llama", "llama", **SIXTEEN)


def made(artifact, config, tmp_path):
    small = WAYS[config.name, "torch"].handler(artifact, config, Context(tmp_path))
    save(small, tmp_path / "small")
    return small, tmp_path / "small"


@pytest.mark.parametrize("config", BOTH, ids=lambda config: config.name)
def test_what_is_saved_is_small_and_comes_back_as_it_was(config, llama, tmp_path):
    whole = load(llama)
    small, folder = made(whole, config, tmp_path)
    told = WAYS[config.name, "torch"].resize(models.anatomy(llama), config).size_bytes
    stored = sum(t.numel() * t.element_size() for t in load_file(folder / WEIGHTS).values())

    assert stored == told < models.anatomy(llama).size_bytes / 2
    back = load(folder)
    ids = torch.tensor([[5, 6, 7, 8, 9]])
    with torch.inference_mode():
        logits = [m.payload.model(input_ids=ids).logits.float() for m in (whole, small, back)]
    assert torch.equal(logits[1], logits[2])
    assert (logits[0] - logits[1]).abs().max() < CLOSE
    assert not torch.equal(logits[0], logits[1])
    assert len(written(TorchDecoder(folder, Torch()), PROMPTS, Sampling(5))) == 3


@pytest.mark.parametrize("config", [*BOTH, DynamicInt8()], ids=lambda config: config.name)
def test_a_pruned_classifier_can_be_quantised_and_comes_back(config, tmp_path):
    half = StructuredPruning(heads=0.5, ffn=0.5, layers=0.0)
    pruned = WAYS["structured_pruning", "torch"].handler(
        classifier(tmp_path / "hf"), half, Context(tmp_path, training=(["a b"] * 8, [0, 1] * 4))
    )
    small, folder = made(pruned, config, tmp_path)
    ids = torch.ones(1, 6, dtype=torch.long)

    with torch.inference_mode():
        before, after = (m.payload(ids, torch.ones_like(ids)) for m in (small, load(folder)))
    assert torch.equal(before, after)


def test_metadata_that_was_tampered_with_is_refused(llama, tmp_path):
    _, folder = made(load(llama), WeightOnly(), tmp_path)
    weights = load_file(folder / WEIGHTS)
    with safe_open(folder / WEIGHTS, "pt") as opened:
        metadata = opened.metadata()
    first = json.loads(metadata[quantised.NAMES])[0]
    for change in (
        {quantised.NAMES: "[]"},
        {quantised.NAMES: json.dumps([first])},
        {first: '{"_type": "Path", "_data": {}}'},
        {first: "no"},
    ):
        save_file(weights, folder / WEIGHTS, {**metadata, **change})
        with pytest.raises(BadInput, match="weights that fit it"):
            load(folder)


def test_rows_that_cannot_be_grouped_are_refused_before_any_work(tmp_path):
    resize = WAYS["weight_only", "torch"].resize
    narrow = models.anatomy(writer(tmp_path / "llama", "llama"))
    with pytest.raises(BadInput, match="rows of a multiple of 64; choose 8 bits"):
        resize(narrow, WeightOnly(bits=4))
    with pytest.raises(BadInput, match="linear layers that torchao quantises"):
        resize(models.anatomy(writer(tmp_path / "gpt2", "gpt2")), WeightOnly())


def test_without_a_gpu_the_remedy_names_the_runtimes_that_can(llama, monkeypatch):
    monkeypatch.setattr(machine, "no_cuda", lambda: "there is no NVIDIA GPU")
    anatomy = models.anatomy(llama)
    with pytest.raises(
        BadInput, match=r"no NVIDIA GPU.*choose the runtime (onnxruntime or )?openvino\.$"
    ):
        plan(Recipe(Torch(), (WeightOnly(),)), anatomy)
    with pytest.raises(BadInput, match=r"fp8 \(there is no NVIDIA GPU\).*choose another"):
        plan(Recipe(Torch(), (Fp8(),)), anatomy)
    assert with_runtime(Recipe(Torch(), (WeightOnly(),)), anatomy).runtime == OpenVino()
    assert "fp8" in reachable("torch", True)


class Driver:
    """The driver's interface, of a GPU with this compute capability."""

    def __init__(self, *capability):
        self.capability = dict(zip((machine.MAJOR, machine.MINOR), capability, strict=True))

    def cuInit(self, flags):
        return 0

    def cuDeviceGetCount(self, count):
        count._obj.value = 1
        return 0

    def cuDeviceGet(self, device, number):
        return 0

    def cuDeviceGetName(self, name, size, device):
        name.value = b"NVIDIA Test"
        return 0

    def cuDeviceTotalMem_v2(self, total, device):
        total._obj.value = 80 * 2**30
        return 0

    def cuDeviceGetAttribute(self, value, attribute, device):
        value._obj.value = self.capability[attribute]
        return 0


@pytest.fixture
def gpu(monkeypatch):
    """A machine whose torch is built for CUDA, with a GPU of the capability that is asked for."""
    asked = (machine.no_cuda, machine.no_gpu, machine._capability)
    asked += (machine.gpu_name, machine.gpu_memory)

    def of(*capability):
        for function in asked:
            function.cache_clear()
        monkeypatch.setattr(machine, "version", lambda name: "2.13.0+cu130")
        monkeypatch.setattr(ctypes, "CDLL", lambda name: Driver(*capability))

    yield of
    for function in asked:
        function.cache_clear()


def test_an_older_gpu_takes_int8_and_int4_and_says_what_fp8_needs(gpu, llama):
    anatomy = models.anatomy(llama)
    gpu(8, 0)
    made = plan(Recipe(ON_GPU, (WeightOnly(),)), anatomy)
    assert [step.name for step in made.steps] == ["weight_only"]
    with pytest.raises(BadInput, match=r"capability 8\.0; FP8 takes 8\.9"):
        plan(Recipe(ON_GPU, (Fp8(),)), anatomy)
    with pytest.raises(BadInput, match="device cuda"):
        plan(Recipe(Torch(), (WeightOnly(),)), anatomy)
    gpu(7, 5)
    with pytest.raises(BadInput, match=r"capability 7\.5; INT8 takes 8\.0"):
        plan(Recipe(ON_GPU, (WeightOnly(),)), anatomy)
    gpu(9, 0)
    assert (machine.gpu_name(), machine.gpu_memory()) == ("NVIDIA Test", 80 * 2**30)
    assert plan(Recipe(ON_GPU, (Fp8(),)), anatomy).size_bytes < anatomy.size_bytes / 2


def test_whole_numbers_are_compiled_for_a_gpu_without_the_kernel_that_is_slow(llama, tmp_path):
    _, folder = made(load(llama), WeightOnly(), tmp_path)
    plain, quick = TorchDecoder(folder, Torch()), TorchDecoder(folder, Torch())
    assert whole_numbers(quick._model)
    assert not whole_numbers(TorchDecoder(llama, Torch())._model)
    assert compiling("cuda", False).mode == "reduce-overhead"
    settings = compiling("cuda", True)
    settings._compile_all_devices = True
    quick._how = {"cache_implementation": "static", "compile_config": settings}
    with quiet():
        assert written(quick, PROMPTS[:1], Sampling(6)) == written(plain, PROMPTS[:1], Sampling(6))
    assert settings.options["pattern_matcher"] is False
