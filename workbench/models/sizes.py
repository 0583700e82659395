"""Whether weights fit into memory, and the numbers of a configuration fit the weights."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from workbench.core.errors import BadInput
from workbench.models.files import AGAIN
from workbench.models.limits import NUMBER, PRUNED, SWELL, TRUST, WEIGHT_BYTES

LAYER = re.compile(r"(?:^|\.)(?:layers?|h)\.(\d+)\.")
ABSENT = {"type_vocab_size": (0,), "position_buckets": (0, -1), "max_relative_positions": (0, -1)}
ROTARY = {"llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "modernbert"}
COUNTS = (
    *("num_attention_heads", "n_head", "n_heads", "num_key_value_heads", "head_dim"),
    *("num_labels", "type_vocab_size", "embedding_size", "position_buckets"),
    *("relative_attention_num_buckets", "num_hidden_groups", "inner_group_num"),
    *("max_relative_positions", "conv_kernel_size", "pooler_hidden_size", "pretraining_tp"),
)


def check_stored(stored: int, name: str) -> None:
    """Weights must fit into this machine's memory, and never be more than the limit.

    Args:
        stored: bytes of the weight files.
        name: of the folder, as shown.

    Raises:
        BadInput: if they do not.
    """
    WEIGHT_BYTES.check(stored, name)
    most = memory()
    if stored > most:
        raise BadInput(
            f"{name} ({stored:,} bytes of weights)",
            f"at most {most:,} bytes, which is this machine's memory",
            "choose a smaller model",
        )


def memory() -> int:
    """Bytes of memory that this machine has."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def check_size(config: Mapping[str, Any], stored: int, pruned: bool) -> None:
    """The configuration must not describe a model far larger than the weights in the files.

    Args:
        config: of ``config.json``.
        stored: bytes of the weight files.
        pruned: whether structured pruning cut the weights, which leaves the configuration.

    Raises:
        BadInput: if it does, or if a number is none.
    """
    for name in COUNTS:
        NUMBER.check(number(config, name), f"config.json: {name}")
    described = _described(config)
    if described > SWELL * (PRUNED if pruned else 1) * stored + 10**7:
        raise BadInput(
            f"config.json describes {described:,} weights",
            f"about what the files hold ({stored:,} bytes)",
            TRUST,
        )


def check_layers(config: Mapping[str, Any], kept: int | None, names: Iterable[str]) -> None:
    """Every layer has weights: transformers would fill a missing one with random numbers.

    Args:
        config: of ``config.json``.
        kept: how many layers structured pruning left, if it did.
        names: of the tensors.

    Raises:
        BadInput: if weights are missing.
    """
    if config["model_type"] == "albert":  # its layers share theirs
        return
    layers = kept or number(config, "num_hidden_layers", "n_layer", "n_layers")
    stored = {match.group(1) for name in names if (match := LAYER.search(name))}
    if len(stored) < layers:
        raise BadInput(
            f"weights of {len(stored)} layers", f"{layers}, as the configuration says", AGAIN
        )


def number(config: Mapping[str, Any], *names: str) -> int:
    """The first of these settings that is given; 1 where none is.

    Raises:
        BadInput: if it is not a whole number from 1.
    """
    for name in names:
        value = config.get(name)
        if value is None or value in ABSENT.get(name, ()):
            continue
        if type(value) is not int or not 0 < value < 2**40:
            raise BadInput(f"config.json: {name} = {value!r:.40}", "a whole number from 1", TRUST)
        return value
    return 1


def _described(config: Mapping[str, Any]) -> int:
    """Roughly how many weights a model of this configuration has."""
    family = config.get("model_type")
    hidden = number(config, "hidden_size", "n_embd", "dim")
    layers = number(config, "num_hidden_layers", "n_layer", "n_layers")
    inner = max(number(config, "intermediate_size", "n_inner", "hidden_dim"), hidden)
    heads = number(config, "num_attention_heads", "n_head", "n_heads")
    across = max(hidden, heads * number(config, "head_dim"))
    positions = number(config, "max_position_embeddings", "n_positions")
    rows = number(config, "vocab_size") + number(config, "num_labels")
    rows += number(config, "type_vocab_size") + (0 if family in ROTARY else positions)
    if family == "albert":  # its layers share their weights
        layers = number(config, "num_hidden_groups")
    masks = layers * positions**2 // 4 if family == "gpt2" else 0  # one byte each, not four
    return rows * hidden + layers * (4 * hidden * across + 2 * hidden * inner) + masks
