"""Whether a folder holds a model for the next token."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.models.files import read_json

DECODERS = {
    *("gpt2", "llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text"),
}
HEADS = ("ForCausalLM", "LMHeadModel")  # how their architectures end


def writes(folder: Path, config: Mapping[str, Any]) -> bool:
    """Whether it writes, as an artifact of ours says or as its configuration does.

    Args:
        folder: of the model.
        config: what ``config.json`` in it says.
    """
    path = folder / "artifact.json"
    if path.is_file():
        return bool(read_json(path).get("pooling") == "writes")
    built = config.get("architectures")
    first = str(built[0]) if isinstance(built, list) and built else ""
    return first.endswith(HEADS) and config.get("model_type") in DECODERS
