"""What structured pruning leaves, read off the exported file: weights, work, no dead rows."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
import onnx
import pytest
from fakes import CLASSES, classifier, sentences

from workbench.core.artifact import Context
from workbench.formats.onnx import to_onnx
from workbench.techniques import StructuredPruning
from workbench.techniques.structured_pruning import prune

LENGTH = 16  # tokens that the arithmetic is counted for


@dataclass(frozen=True)
class Exported:
    """Weights, multiplications of one text in linear layers, share of all-zero rows or columns."""

    parameters: int
    multiplications: int
    dead: int


def read(path):
    """Count in the file itself, not in the module that it was made from."""
    graph = onnx.load(path).graph
    weights = {w.name: onnx.numpy_helper.to_array(w) for w in graph.initializer}
    linear = [
        weights[name]
        for node in graph.node
        if node.op_type in ("MatMul", "Gemm")
        for name in node.input
        if name in weights and weights[name].ndim == 2
    ]
    floats = [w for w in weights.values() if w.dtype == np.float32]
    return Exported(
        parameters=sum(prod(w.shape) for w in floats),
        multiplications=LENGTH * sum(prod(w.shape) for w in linear),
        dead=sum(int((~w.any(axis=a)).sum()) for w in linear for a in (0, 1)),
    )


@pytest.mark.parametrize("family", ["bert", "gpt2", "llama"])
def test_the_exported_file_has_fewer_weights_less_to_compute_and_no_zero_rows(
    family, exported, tmp_path
):
    original = classifier(tmp_path / "hf", family)
    rows = sentences(48)
    labels = tuple(CLASSES.index(label) for _, label in rows)
    (tmp_path / "pruned").mkdir()
    around = Context(tmp_path / "pruned", training=(tuple(text for text, _ in rows), labels))
    less = prune(original, StructuredPruning(layers=0.25, ffn=0.5, heads=0.5), around)
    made = exported(original, "onnx", tmp_path), to_onnx(less, around)

    whole, pruned = (read(one.folder / "model.onnx") for one in made)
    assert whole.multiplications > 0
    assert pruned.multiplications < 0.45 * whole.multiplications, "3 of 4 layers, each halved"
    assert pruned.parameters < 0.7 * whole.parameters, "the embedding stays"
    assert (whole.dead, pruned.dead) == (0, 0)
