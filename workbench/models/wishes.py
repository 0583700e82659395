"""What a folder's configuration asks for: code of its own, or a model larger than its files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput
from workbench.models.files import read_json
from workbench.models.limits import DEPTH, NUMBER, PRUNED, SWELL, TOKENIZER_BYTES

TRUST = "use a model from a source that you trust"
CODE = ("auto_map", "custom_pipelines", "trust_remote_code")
READ = {  # by loaders; other JSON files of a folder are nobody's business
    *("config.json", "artifact.json", "special_tokens_map.json", "added_tokens.json"),
    *("tokenizer_config.json", "generation_config.json", "processor_config.json"),
    *("preprocessor_config.json", "adapter_config.json"),
}
ABSENT = {"type_vocab_size": (0,), "position_buckets": (0, -1)}  # how some families say: none
ROTARY = {"llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "modernbert"}
COUNTS = (
    *("num_attention_heads", "n_head", "n_heads", "num_key_value_heads", "head_dim"),
    *("num_labels", "type_vocab_size", "embedding_size", "position_buckets"),
    *("relative_attention_num_buckets", "num_hidden_groups", "inner_group_num"),
)


def check_code(folder: Path) -> None:
    """No file that a loader reads may ask for code, for files elsewhere, or be damaged.

    Raises:
        BadInput: with the file and the key.
    """
    for path in sorted(folder.glob("*.json")):
        if path.name == "tokenizer.json":
            size = path.stat().st_size
            if size > TOKENIZER_BYTES:
                told = f"{path.name} ({size:,} bytes)"
                raise BadInput(told, f"at most {TOKENIZER_BYTES:,} bytes", TRUST)
        elif path.name in READ:
            for key, value in _entries(read_json(path), path.name):
                _check_entry(path.name, key, value)


def _entries(data: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every key with its value, however deep; without recursion, since a stranger nests it."""
    waiting = [(data, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > DEPTH:
            raise BadInput(name, f"at most {DEPTH} levels of nesting", TRUST)
        if isinstance(value, dict):
            yield from value.items()
        inside = value.values() if isinstance(value, dict) else value
        waiting += [(x, depth + 1) for x in inside if isinstance(x, dict | list)]


def _check_entry(name: str, key: str, value: Any) -> None:
    if key in CODE and value:
        raise BadInput(
            f"{name} asks for remote code ({key})",
            "a model that needs no code of its own",
            "choose a model whose architecture transformers knows",
        )
    if key == "transformers_weights" and value:
        raise BadInput(
            f"{name}: {key} = {value!r:.60}",
            "weights in model.safetensors",
            "rename the weights and remove the entry",
        )
    # a hub id here would make transformers fetch a compiled kernel and run it
    if key.endswith(("attn_implementation", "experts_implementation")) and "/" in str(value):
        raise BadInput(
            f"{name} asks for a kernel of others ({value!r:.60})",
            "a model that needs no code of its own",
            f"remove {key} from the file",
        )
    if key == "tokenizer_class" and value and not (isinstance(value, str) and value.isalnum()):
        raise BadInput(
            f"{name}: tokenizer_class = {value!r:.60}",
            "the name of a tokenizer that transformers knows",
            TRUST,
        )


def check_artifact(folder: Path) -> None:
    """An ``artifact.json``, where there is one, must have the form that we write.

    Raises:
        BadInput: for anything else.
    """
    path = folder / "artifact.json"
    if not path.is_file():
        return
    data = read_json(path)
    labels, kept = data.get("labels"), data.get("kept")
    if not isinstance(labels, list) or not all(isinstance(x, str) for x in labels):
        raise BadInput(path.name, "labels as a list of names", "make the model again")
    if kept is not None and not _whole(kept):
        raise BadInput(path.name, "kept layers, heads and units", "make the model again")


def _whole(kept: Any) -> bool:
    def indices(value: Any) -> bool:
        return isinstance(value, list) and bool(value) and all(type(x) is int for x in value)

    if not isinstance(kept, Mapping) or not indices(kept.get("layers")):
        return False
    lists = (kept.get("heads"), kept.get("ffn"))
    return all(
        isinstance(x, list) and len(x) == len(kept["layers"]) and all(map(indices, x))
        for x in lists
    )


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
        if number(config, name) > NUMBER:
            told = f"config.json: {name} = {config[name]}"
            raise BadInput(told, f"at most {NUMBER:,}", TRUST)
    described = _described(config)
    if described > SWELL * (PRUNED if pruned else 1) * stored + 10**7:
        raise BadInput(
            f"config.json describes {described:,} weights",
            f"about what the files hold ({stored:,} bytes)",
            TRUST,
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
