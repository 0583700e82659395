"""ONNX artifacts: one graph from token ids and mask to logits, any batch and length."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.core.artifact import Artifact, Context
from workbench.core.deps import needs
from workbench.formats import genai
from workbench.formats.about import WRITES
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
        BadInput: for a model that writes and that ONNX Runtime GenAI does not know.
        MissingDependency: without the ``onnx`` extra, or ``genai`` for a model that writes.
    """
    folder = context.workspace / "onnx"
    folder.mkdir()
    context.report("export", 0, 0)
    if artifact.payload.about.pooling == WRITES:
        genai.convert(artifact, folder, context.workspace)
    else:
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


def rewritten(
    artifact: Artifact, context: Context, name: str, write: Callable[[str, str, list[str]], None]
) -> Artifact:
    """The artifact in a new folder, its graph prepared for quantisation and then written anew.

    Args:
        artifact: in ONNX; left as it is.
        context: its workspace is used.
        name: of the folder.
        write: ``write(prepared, target, heads)``: paths, and the nodes that stay in float.

    Raises:
        MissingDependency: without the ``onnx`` extra.
    """
    with needs("onnx", why="INT8 on ONNX Runtime"):
        from onnxruntime.quantization.shape_inference import quant_pre_process

    folder = context.workspace / name
    folder.mkdir()
    for path in artifact.folder.iterdir():
        if not path.name.startswith(GRAPH):
            shutil.copy2(path, folder / path.name)
    context.report("quantise", 0, 0)
    ready = context.workspace / "prepared.onnx"
    with quiet():
        quant_pre_process(str(artifact.folder / GRAPH), str(ready), skip_symbolic_shape=True)
        write(str(ready), str(folder / GRAPH), _heads(ready))
    ready.unlink()
    return Artifact("onnx", folder, artifact.labels)


def _heads(path: Path) -> list[str]:
    """Names of the ``Gemm`` nodes, also as the quantiser renames them."""
    import onnx

    nodes = onnx.load(path, load_external_data=False).graph.node
    gemms = [node.name for node in nodes if node.op_type == "Gemm"]
    return [name + suffix for name in gemms for suffix in ("", "_MatMul")]
