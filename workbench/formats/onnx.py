"""ONNX artifacts: one graph from token ids and mask to logits, any batch and length."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.core.artifact import Artifact, Context
from workbench.core.deps import needs
from workbench.formats.quiet import quiet
from workbench.formats.tokens import Tokens
from workbench.recipes.registry import export

if TYPE_CHECKING:
    from torch import nn

GRAPH = "model.onnx"
INPUTS = ("input_ids", "attention_mask")
OPSET = 20


@export("torch", "onnx")
def to_onnx(artifact: Artifact, context: Context) -> Artifact:
    """Export a torch artifact; the graph computes in float32.

    Raises:
        MissingDependency: without the ``onnx`` extra.
    """
    folder = context.workspace / "onnx"
    folder.mkdir()
    context.report("export", 0, 0)
    _export(artifact.payload, folder / GRAPH)
    Tokens.of(artifact).write(folder)
    artifact.payload.about.write(folder, "onnx")
    return Artifact("onnx", folder, artifact.labels)


def _export(module: nn.Module, path: Path) -> None:
    import copy

    import torch

    with needs("onnx", why="export to ONNX"):
        import onnxscript  # noqa: F401

    plain: Any = copy.deepcopy(module).float().eval()
    batch, length = torch.export.Dim("batch"), torch.export.Dim("length", min=1, max=1 << 20)
    ids = torch.ones(2, 7, dtype=torch.long)  # sizes of 1 would be taken for constants
    mask = torch.ones(2, 7, dtype=torch.long)
    mask[1, 5:] = 0
    with quiet():
        program = torch.onnx.export(
            plain,
            (ids, mask),
            dynamo=True,
            dynamic_shapes=({0: batch, 1: length}, {0: batch, 1: length}),
            input_names=list(INPUTS),
            output_names=["logits"],
            opset_version=OPSET,
            verbose=False,
        )
    assert program is not None, "the dynamo exporter returns a program"
    program.save(str(path))


def feed(batch: tuple[np.ndarray, np.ndarray]) -> dict[str, np.ndarray]:
    """A tokenised batch under the names of the graph's inputs."""
    return dict(zip(INPUTS, batch, strict=True))
