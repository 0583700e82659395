"""The parts of a model from its file headers: shapes, roles, and where heads and units lie."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from workbench.core.anatomy import Anatomy, Part
from workbench.core.errors import BadInput
from workbench.models.files import read_json
from workbench.models.sizes import LAYER, number
from workbench.models.weights import WIDTHS, Tensor, tensors, weight_files

# what follows the layer number: (pattern, role, axis of the weight, axis of the bias, grouped)
RULES: tuple[tuple[str, str, int, int | None, bool], ...] = (
    (r"attention\.self\.(query|key|value)", "attention", 0, 0, False),
    (r"attention\.output\.dense", "attention", 1, None, False),
    (r"intermediate\.dense", "ffn", 0, 0, False),
    (r"output\.dense", "ffn", 1, None, False),
    (r"attention\.[qkv]_lin", "attention", 0, 0, False),
    (r"attention\.out_lin", "attention", 1, None, False),
    (r"ffn\.lin1", "ffn", 0, 0, False),
    (r"ffn\.lin2", "ffn", 1, None, False),
    (r"attn\.c_attn", "attention", 1, 0, False),
    (r"attn\.c_proj", "attention", 0, None, False),
    (r"mlp\.c_fc", "ffn", 1, 0, False),
    (r"mlp\.c_proj", "ffn", 0, None, False),
    (r"self_attn\.q_proj", "attention", 0, 0, False),
    (r"self_attn\.[kv]_proj", "attention", 0, 0, True),
    (r"self_attn\.o_proj", "attention", 1, None, False),
    (r"mlp\.(gate|up)_proj", "ffn", 0, 0, False),
    (r"mlp\.down_proj", "ffn", 1, None, False),
)


def anatomy(folder: Path) -> Anatomy:
    """The model's parts, as they lie in its files.

    Args:
        folder: checked for safety.

    Raises:
        BadInput: if headers or configuration cannot be read.
    """
    files = (*weight_files(folder)[1], *folder.glob("*.json"))
    status = [(path.name, path.stat()) for path in files]
    stamp = tuple(sorted((name, s.st_size, s.st_mtime_ns) for name, s in status))
    return _anatomy(folder.resolve(), stamp)


@lru_cache(maxsize=64)
def _anatomy(folder: Path, _: Any) -> Anatomy:
    config = read_json(folder / "config.json")
    parts = tuple(_part(name, tensor) for name, tensor in tensors(folder).items())
    heads = number(config, "num_attention_heads", "n_head", "n_heads")
    groups = number(config, "num_key_value_heads", "num_attention_heads", "n_head", "n_heads")
    if heads % groups:
        told = f"config.json: {heads} heads in {groups} groups"
        raise BadInput(told, "groups of equal size", "export the model again")
    layers = {part.layer for part in parts if part.layer is not None}
    units = _units(parts, number(config, "intermediate_size", "n_inner", "hidden_dim"))
    left = _groups_left(folder, groups)
    return Anatomy(
        str(config.get("model_type", "")),
        parts,
        max(1, len(layers)),
        heads // groups * left,
        left,
        units,
    )


def _groups_left(folder: Path, groups: int) -> int:
    """Of a pruned artifact its own count, else the configuration's."""
    path = folder / "artifact.json"
    kept = read_json(path).get("kept") if path.is_file() else None
    return len(kept["heads"][0]) if kept else groups


def _units(parts: tuple[Part, ...], otherwise: int) -> int:
    """Feed-forward units, read off the tensors that lead into them."""
    found = [part.shape[part.axis] for part in parts if part.role == "ffn" and part.axis == 0]
    widths = [size for size in found if size]
    gpt2 = [p.shape[1] for p in parts if p.name.endswith("mlp.c_fc.weight")]
    return (gpt2 or widths or [otherwise])[0]


def _part(name: str, tensor: Tensor) -> Part:
    width = float(WIDTHS[tensor.dtype])
    found = LAYER.search(name)
    layer = int(found.group(1)) if found else None
    inner = name[found.end() :] if found else name
    for pattern, role, weight_axis, bias_axis, grouped in RULES:
        if found and re.match(pattern + r"\.(weight|bias)$", inner):
            axis = weight_axis if inner.endswith("weight") else bias_axis
            return Part(name, tensor.shape, role, layer, axis, width, 0, grouped)
    return Part(name, tensor.shape, _role(name, tensor), layer, None, width)


def _role(name: str, tensor: Tensor) -> str:
    if "position_ids" in name or tensor.dtype.startswith("I"):
        return "other"
    if re.search(r"norm|(^|\.)ln_", name, re.IGNORECASE):
        return "norm"
    if len(tensor.shape) == 2 and re.search(r"embed|(^|\.)w[tp]e\.", name):
        return "embedding"
    return "linear" if len(tensor.shape) <= 2 else "other"
