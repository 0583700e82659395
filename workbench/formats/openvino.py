"""OpenVINO artifacts: an intermediate representation (XML and weights), any batch and length."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workbench.core.artifact import Artifact, Context
from workbench.core.deps import needs
from workbench.core.errors import BadInput
from workbench.formats.about import WRITES
from workbench.formats.prompts import Prompts
from workbench.formats.quiet import quiet
from workbench.formats.tokens import Tokens
from workbench.recipes.registry import export

GRAPH = "model.xml"  # its weights lie beside it, in model.bin
TELEMETRY = "openvino_telemetry"


def engine(why: str) -> Any:
    """The ``openvino`` library, its telemetry switched off: nothing of ours loads that module.

    OpenVINO and NNCF both go on without it; neither has a switch in the environment.

    Args:
        why: what the user was doing, as a noun phrase.

    Raises:
        MissingDependency: without the ``openvino`` extra.
    """
    sys.modules.setdefault(TELEMETRY, None)  # type: ignore[arg-type]
    with needs("openvino", why=why):
        import openvino
    return openvino


def compressor(why: str) -> Any:
    """The ``nncf`` library, likewise without telemetry; it keeps quiet about its progress."""
    engine(why)
    with needs("openvino", why=why), quiet():
        import nncf
    nncf.set_log_level(40)  # errors
    return nncf


@export("torch", "openvino")
def to_openvino(artifact: Artifact, context: Context) -> Artifact:
    """Convert a torch artifact, traced; the graph computes in float32.

    Raises:
        BadInput: if OpenVINO does not know one of its operators.
        MissingDependency: without the ``openvino`` extra.
    """
    folder = context.workspace / "openvino"
    folder.mkdir()
    context.report("export", 0, 0)
    if artifact.payload.about.pooling == WRITES:
        from workbench.formats.openvino_writer import convert

        convert(artifact.payload, folder / GRAPH)
        Prompts(artifact.folder).write_settings(folder)
    else:
        _convert(artifact.payload, folder / GRAPH)
    Tokens.of(artifact).write(folder)
    artifact.payload.about.write(folder, "openvino")
    return Artifact("openvino", folder, artifact.labels)


def _convert(module: Any, path: Path) -> None:
    import copy

    import torch

    openvino = engine("export to OpenVINO")
    plain = copy.deepcopy(module).float().eval()
    plain.encoder.config.use_cache = False  # an empty cache has no shape that can be traced
    ids = torch.ones(2, 7, dtype=torch.long)
    mask = torch.ones(2, 7, dtype=torch.long)
    mask[1, 5:] = 0
    try:
        with quiet():
            graph = openvino.convert_model(plain, example_input=(ids, mask))
    except RuntimeError as err:
        family = module.about.family
        said = " ".join(str(err).split())[-160:]
        raise BadInput(
            f"{family} in OpenVINO ({said})",
            "a network whose operators OpenVINO knows",
            "choose the runtime torch or onnxruntime",
        ) from err
    write(graph, path)


def read(folder: Path) -> Any:
    """The graph of an artifact folder, as OpenVINO holds it in memory."""
    return engine("OpenVINO").Core().read_model(folder / GRAPH)


def write(graph: Any, path: Path) -> None:
    """Write a graph as it is: OpenVINO would halve the weights unasked."""
    engine("OpenVINO").save_model(graph, path, compress_to_fp16=False)


def rewritten(
    artifact: Artifact, context: Context, name: str, change: Callable[[Any], Any]
) -> Artifact:
    """The artifact with ``change(graph)`` in a new folder called ``name``."""
    folder = context.workspace / name
    folder.mkdir()
    for path in artifact.folder.iterdir():
        if path.suffix == ".json":
            shutil.copy2(path, folder / path.name)
    context.report("quantise", 0, 0)
    with quiet():
        write(change(read(artifact.folder)), folder / GRAPH)
    return Artifact(artifact.format, folder, artifact.labels)
