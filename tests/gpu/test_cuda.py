"""What runs on a GPU: torch and torch.compile there, and FP16. Needs torch and transformers."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch
from fakes import absent, sentences
from test_engines import FLOAT, HALF, logits, made, plain, small  # noqa: F401 (fixtures)

from workbench.formats import load, save
from workbench.recipes.recipe import Recipe
from workbench.recipes.registry import RUNTIMES
from workbench.runtimes import Torch, TorchCompile
from workbench.techniques import Fp16

EAGER, COMPILED = Torch(device="cuda"), TorchCompile(device="cuda")
POINTS = [
    pytest.param(Recipe(EAGER), 10 * FLOAT, id="torch"),  # TF32 may round the products
    pytest.param(Recipe(EAGER, (Fp16(),)), HALF, id="torch fp16"),
    pytest.param(Recipe(COMPILED), 10 * FLOAT, id="compile"),
    pytest.param(Recipe(COMPILED, (Fp16(),)), HALF, id="compile fp16"),
]


@pytest.fixture(scope="module", autouse=True)
def _gpu():
    if not torch.cuda.is_available():
        absent("gpu", "make install TORCH_INDEX=https://pypi.org/simple, on a machine with CUDA")


@pytest.mark.parametrize(("recipe", "share"), POINTS)
def test_the_gpu_answers_as_the_processor_does(recipe, share, made, plain, tmp_path):  # noqa: F811
    found = logits(made(recipe, tmp_path / "work"), recipe.runtime)

    assert (found.argmax(axis=1) == plain.argmax(axis=1)).mean() >= 0.99
    assert np.abs(found - plain).max() <= share * (plain.max() - plain.min())


def test_half_precision_saves_and_loads_bit_for_bit(made, tmp_path):  # noqa: F811
    folder = made(Recipe(EAGER, (Fp16(),)), tmp_path / "work")
    save(load(folder), tmp_path / "again")

    assert np.array_equal(logits(folder, EAGER), logits(tmp_path / "again", EAGER))


def test_a_figure_for_the_record(made, tmp_path, capsys):  # noqa: F811
    """Texts a second at batch 64, printed for docs/gpu.md."""
    rows = [text for text, _ in sentences(2048, seed=11)]
    with capsys.disabled():
        print(f"\n{torch.cuda.get_device_name()}, torch {torch.__version__}")
        for point in POINTS:
            recipe, name = point.values[0], point.id
            folder = made(recipe, tmp_path / name.replace(" ", "-"))
            session = RUNTIMES[recipe.runtime.name].opener(folder, recipe.runtime)
            session.predict(rows[:64])
            start = time.perf_counter()
            for at in range(0, len(rows), 64):
                session.predict(rows[at : at + 64])
            seconds = time.perf_counter() - start
            print(f"| {name} | {len(rows) / seconds:,.0f} texts/s | n = {len(rows)} texts |")
            session.close()
    assert seconds > 0
