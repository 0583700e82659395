"""Models that write as ONNX Runtime GenAI reads them: a graph with its cache, and settings."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from workbench.core.artifact import Artifact
from workbench.core.deps import needs
from workbench.core.errors import BadInput
from workbench.formats.prompts import Prompts
from workbench.formats.quiet import quiet
from workbench.formats.tokens import Tokens

MODULE, EXTRA = "onnxruntime_genai", "genai"
SETTINGS = "genai_config.json"
OTHER = "choose the runtime openvino or torch"
STEP = 16  # what its attention takes
KEPT = ("model.onnx", "model.onnx.data", SETTINGS)


def convert(artifact: Artifact, folder: Path, workspace: Path) -> None:
    """Build the graph of a torch artifact that writes; it computes in float32.

    Args:
        artifact: its module is a ``Writer``.
        folder: empty; gets graph and settings.
        workspace: for what lies between.

    Raises:
        BadInput: for an architecture that the builder does not know, or a pruned model.
        MissingDependency: without the ``genai`` extra.

    Source:
        https://onnxruntime.ai/docs/genai/howto/build-model.html
    """
    about = artifact.payload.about
    if about.kept is not None:
        told = f"a pruned {about.family} in ONNX Runtime GenAI"
        raise BadInput(told, "layers as its configuration has them", OTHER)
    if (width := _head(artifact.payload.model.config)) % STEP:
        told = f"{about.family} in ONNX Runtime GenAI (heads of {width})"
        raise BadInput(told, f"heads of a multiple of {STEP}", OTHER)
    source, target = workspace / "plain", workspace / "built"
    _plain(artifact, source)
    try:
        with quiet():
            _build(source, target)
    except NotImplementedError as err:
        told = f"{about.family} in ONNX Runtime GenAI"
        raise BadInput(told, "a Llama, Mistral, Qwen, Gemma or Phi", OTHER) from err
    for name in KEPT:
        if (target / name).is_file():
            (target / name).rename(folder / name)
    prompts = Prompts(artifact.folder)
    prompts.write_settings(folder)
    _settle(folder / SETTINGS, prompts.rows)


def _head(config: Any) -> int:
    """Numbers of a key of one head."""
    return int(getattr(config, "head_dim", 0) or config.hidden_size // config.num_attention_heads)


def _settle(path: Path, rows: int) -> None:
    """Where a row ends is not for the library to say; the last token of all fills rows up."""
    told = json.loads(path.read_text(encoding="utf-8"))
    told["model"] |= {"bos_token_id": 0, "eos_token_id": [], "pad_token_id": rows - 1}
    path.write_text(json.dumps(told), encoding="utf-8")


def _plain(artifact: Artifact, folder: Path) -> None:
    """The model as transformers saves it: nothing of a stranger's folder is read again."""
    model: Any = copy.deepcopy(artifact.payload.model).float()
    model.save_pretrained(folder)
    Tokens.of(artifact).write(folder)


def _build(source: Path, target: Path) -> None:
    with needs(EXTRA, why="writing with ONNX Runtime"):
        from onnxruntime_genai.models.builder import create_model, parse_extra_options
    asked = ("", str(source), str(target), "fp32", "cpu", str(target.with_name("cache")))
    create_model(*asked, **parse_extra_options(*asked, ["hf_remote=false", "hf_token=false"]))
