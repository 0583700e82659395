"""The parts of a model from its file headers: shapes, roles, and where heads and units lie."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from statistics import fmean
from typing import Any

from workbench.core.anatomy import Anatomy, Part
from workbench.core.errors import BadInput
from workbench.models import baseline, keras
from workbench.models.files import read_json
from workbench.models.limits import TEXT_BYTES
from workbench.models.pieces import pieces
from workbench.models.sizes import LAYER, number
from workbench.models.weights import WIDTHS, Tensor, tensors, weight_files
from workbench.models.writes import writes

TABLE = re.compile(r"(word_embeddings|embed_tokens|tok_embeddings|(^|\.)wte)\.weight$")
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
    if baseline.is_baseline(folder):
        return baseline.anatomy(folder)
    if keras.is_keras(folder):
        return keras.anatomy(folder)
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
    vocabulary, alphabet = _vocabulary(folder, config, parts)
    written = writes(folder, config)
    if written:  # in float32, whatever its file holds
        parts = tuple(replace(part, width=max(part.width, 4.0)) for part in parts)
    return Anatomy(
        str(config.get("model_type", "")),
        parts,
        max(1, len(layers)),
        heads // groups * left,
        left,
        units,
        even=_even(parts),
        vocabulary=vocabulary,
        alphabet=alphabet,
        writes=written,
    )


def _even(parts: tuple[Part, ...]) -> bool:
    """Whether a tensor has the same shape in every layer."""
    inside = {(LAYER.sub(".", p.name, count=1), p.shape) for p in parts if p.layer is not None}
    return len(inside) == len({name for name, _ in inside})


def _vocabulary(folder: Path, config: Any, parts: tuple[Part, ...]) -> tuple[int, int]:
    """Rows of the token table and how many of them must stay; zeros if that cannot be told."""
    tables = [part.shape[0] for part in parts if part.role == "embedding" and part.axis == 0]
    path = folder / "tokenizer.json"
    if len(tables) != 1 or not path.is_file():
        return 0, 0
    found = pieces(read_json(path, TEXT_BYTES), config, tables[0])
    return (tables[0], len(found.needed)) if found else (0, 0)


def _groups_left(folder: Path, groups: int) -> int:
    """Of a pruned artifact its own count in the average layer, else the configuration's."""
    path = folder / "artifact.json"
    kept = read_json(path).get("kept") if path.is_file() else None
    return round(fmean(map(len, kept["heads"]))) if kept else groups


def _units(parts: tuple[Part, ...], otherwise: int) -> int:
    """Feed-forward units of the average layer, read off the tensors that lead into them."""
    into = [p for p in parts if p.role == "ffn" and p.axis == 0 and len(p.shape) == 2]
    gpt2 = [p.shape[1] for p in parts if p.name.endswith("mlp.c_fc.weight")]
    return round(fmean(gpt2 or [p.shape[0] for p in into if p.shape[0]] or [otherwise]))


def _part(name: str, tensor: Tensor) -> Part:
    width = float(WIDTHS[tensor.dtype])
    found = LAYER.search(name)
    layer = int(found.group(1)) if found else None
    inner = name[found.end() :] if found else name
    for pattern, role, weight_axis, bias_axis, grouped in RULES:
        if found and re.match(pattern + r"\.(weight|bias)$", inner):
            axis = weight_axis if inner.endswith("weight") else bias_axis
            return Part(name, tensor.shape, role, layer, axis, width, 0, grouped)
    role = _role(name, tensor)
    axis = 0 if role == "embedding" and TABLE.search(name) else None
    return Part(name, tensor.shape, role, layer, axis, width)


def _role(name: str, tensor: Tensor) -> str:
    if "position_ids" in name or tensor.dtype.startswith("I"):
        return "other"
    if re.search(r"norm|(^|\.)ln_", name, re.IGNORECASE):
        return "norm"
    if len(tensor.shape) == 2 and re.search(r"embed|(^|\.)w[tp]e\.", name):
        return "embedding"
    return "linear" if len(tensor.shape) <= 2 else "other"
