"""A network's configuration from a stranger's ``config.json``: settings only, and known ones.

``AutoConfig.from_pretrained`` would take over every key. Some make transformers read other
files, fetch kernels, import libraries or swap classes, and every release adds some. Here a family
is given the settings that its own configuration class declares, as plain values, and no other.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput

UNDECLARED = {  # read by the families' code, though their classes do not declare them
    *("num_labels", "rope_scaling", "rope_theta", "global_rope_theta", "local_rope_theta"),
    *("rope_local_base_freq", "partial_rotary_factor", "global_attn_every_n_layers"),
    *("sliding_window_pattern", "pooler_hidden_size", "position_buckets", "norm_rel_ebd"),
    *("conv_kernel_size", "conv_act", "conv_groups", "share_att_key", "max_relative_positions"),
    *("head_dim", "attention_head_size", "cls_dropout", "hidden_dropout", "is_causal"),
}
LABELS = "id2label"
LONGEST = 64  # characters of a setting that is a word


def read(folder: Path) -> Any:
    """The configuration object of a folder's network.

    Args:
        folder: holds ``config.json``.

    Raises:
        BadInput: if a setting is no plain value.
        KeyError: if transformers does not know the family.
    """
    from transformers import CONFIG_MAPPING, PreTrainedConfig

    told = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    made = CONFIG_MAPPING[told["model_type"]]
    general = {field.name for field in fields(PreTrainedConfig)}
    own = {field.name for field in fields(made)} - general
    known = own | UNDECLARED | set(made.attribute_map)
    settings = {name: value for name, value in told.items() if name in known}
    for name, value in settings.items():
        if not _plain(value):
            told = f"config.json: {name} = {value!r:.60}"
            raise BadInput(told, "a plain value", "export the model again")
    if told.get(LABELS) is not None:
        settings[LABELS] = {int(key): str(name) for key, name in told[LABELS].items()}
        settings.pop("num_labels", None)
    return made(**settings, label2id=_numbers(settings.get(LABELS)))


def _numbers(labels: Mapping[int, str] | None) -> dict[str, int] | None:
    return None if labels is None else {name: number for number, name in labels.items()}


def _plain(value: Any, depth: int = 0) -> bool:
    """A number, a word, or a short list or table of such."""
    if isinstance(value, str):
        return len(value) <= LONGEST and "/" not in value and "\\" not in value
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list | dict):
        inside = value.values() if isinstance(value, dict) else value
        return depth < 3 and all(_plain(x, depth + 1) for x in inside)
    return value is None or isinstance(value, bool | int)
