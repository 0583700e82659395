"""The table of the benchmark: every recipe in it can be planned, and nothing is forgotten."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from workbench import models
from workbench.core.home import home
from workbench.recipes.plan import plan, reachable

NEEDS_A_GPU = {"fp16", "fp8", "tensorrt"}
SCRIPT = Path(__file__).parent / "benchmarks" / "bench_frontier.py"


def frontier():
    described = importlib.util.spec_from_file_location("bench_frontier", SCRIPT)
    script = importlib.util.module_from_spec(described)
    described.loader.exec_module(script)
    return script.recipes()


def test_every_recipe_can_be_planned():
    anatomy = models.anatomy(models.folder("all-MiniLM-L6-v2", home()))
    sizes = {name: plan(recipe, anatomy).size_bytes for name, recipe in frontier().items()}

    assert min(sizes.values()) > 0
    assert sizes["2 layers, distilled, INT8"] < sizes["ONNX Runtime, INT8"] < sizes["torch"]


def test_every_technique_and_runtime_is_in_the_table():
    found = frontier().values()
    used = {config.name for recipe in found for config in (*recipe.techniques, recipe.runtime)}

    assert used == reachable("torch") - NEEDS_A_GPU
