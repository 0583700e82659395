"""Whether a folder may be opened at all; nothing that it holds is ever executed."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput
from workbench.models.files import read_json
from workbench.models.limits import FILES, SWELL, TOKENIZER_BYTES
from workbench.models.weights import Tensor, tensors, weight_files

PICKLES = {
    *(".pkl", ".pickle", ".joblib", ".npy", ".npz", ".pt", ".pth", ".ckpt", ".dill", ".bin"),
    *(".pk", ".p", ".mar", ".sav"),
}
ORDINARY = ("optimizer", "scheduler", "training_args", "rng_state", "scaler", "random_states")
FAMILIES = {
    *("bert", "roberta", "xlm-roberta", "camembert", "electra", "distilbert", "mpnet"),
    *("albert", "deberta-v2", "modernbert", "gpt2", "llama", "mistral", "qwen2", "qwen3"),
    *("gemma", "gemma2", "gemma3_text"),
}
TRUST = "use a model from a source that you trust"


def check(folder: Path) -> tuple[str, ...]:
    """Look at every file of a model folder, without opening what could be code.

    Args:
        folder: a Hugging Face folder, or an artifact of ours.

    Returns:
        Warnings: what was left unopened.

    Raises:
        BadInput: with the reason, if the folder asks for remote code, holds a pickle as weights,
            links outside itself, or its files are damaged.
    """
    if not folder.is_dir():
        raise BadInput(str(folder), "a folder with a model", "give the folder's path")
    warnings = _files(folder)
    config = read_json(folder / "config.json")
    _no_code(folder)
    family = config.get("model_type")
    if family not in FAMILIES:
        known = ", ".join(sorted(FAMILIES))
        raise BadInput(f"model_type {family!r:.60}", f"one of {known}", "choose another model")
    kind, files = weight_files(folder)
    warnings += _unopened(folder, kind, files)
    _fits(config, tensors(folder))
    return tuple(warnings)


def _files(folder: Path) -> list[str]:
    """Only plain files, inside the folder (or, in a Hugging Face cache, its blobs)."""
    allowed = [folder.resolve()]
    if folder.parent.name == "snapshots":
        allowed.append((folder.parent.parent / "blobs").resolve())
    for number, path in enumerate(folder.rglob("*")):
        if number >= FILES:
            raise BadInput(folder.name, f"at most {FILES:,} files", "give the model's own folder")
        target = path.resolve()
        if not any(target.is_relative_to(root) for root in allowed):
            raise BadInput(f"{path.name!r:.80} links to {target}", "files of the folder", TRUST)
        mode = path.stat().st_mode if path.exists() else 0
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise BadInput(f"{path.name!r:.80}", "plain files only", TRUST)
    if (folder / "adapter_config.json").is_file():
        raise BadInput("adapter_config.json", "a whole model, not an adapter", "merge it first")
    return []


def _no_code(folder: Path) -> None:
    for path in sorted(folder.glob("*.json")):
        if path.name == "tokenizer.json":
            size = path.stat().st_size
            if size > TOKENIZER_BYTES:
                raise BadInput(path.name, f"at most {TOKENIZER_BYTES:,} bytes", TRUST)
            continue
        if path.name in ("vocab.json", "modules.json") or path.name.endswith(".index.json"):
            continue
        data = read_json(path)
        for key in ("auto_map", "custom_pipelines", "trust_remote_code"):
            if data.get(key):
                raise BadInput(
                    f"{path.name} asks for remote code ({key})",
                    "a model that needs no code of its own",
                    "choose a model whose architecture transformers knows",
                )


def _unopened(folder: Path, kind: str, files: list[Path]) -> list[str]:
    """Pickles that no one needs stay shut, with a warning; any other is a reason to refuse."""
    warnings = []
    for path in sorted(folder.rglob("*")):
        if path in files or not path.is_file() or path.suffix.lower() not in PICKLES:
            continue
        stem = path.name.lower()
        needless = stem.startswith(ORDINARY)
        if kind == "safetensors" and stem.startswith("pytorch_model") and stem.endswith(".bin"):
            needless = True
        if not needless:
            raise BadInput(
                f"{path.name!r:.80} (a pickle can run code)",
                "weights as safetensors",
                "convert it to safetensors where you trust it, or remove it",
            )
        warnings.append(f"{path.name} was left unopened")
    warnings += [f"{path.name} was not used" for path in sorted(folder.glob("*.py"))]
    return warnings


def _fits(config: dict[str, Any], found: dict[str, Tensor]) -> None:
    """The configuration must not describe a model far larger than the weights in the files."""

    def number(*names: str) -> int:
        for name in names:
            value = config.get(name)
            if value is None:
                continue
            if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**40:
                raise BadInput(f"config.json: {name} = {value!r:.40}", "a whole number", TRUST)
            return value
        return 1

    vocabulary, hidden = number("vocab_size"), number("hidden_size", "n_embd", "dim")
    layers = number("num_hidden_layers", "n_layer", "n_layers")
    inner = number("intermediate_size", "n_inner", "hidden_dim")
    positions = number("max_position_embeddings", "n_positions")
    described = vocabulary * hidden + min(positions, 2**20) * hidden
    described += layers * (4 * hidden * hidden + 2 * hidden * max(inner, hidden))
    stored = sum(max(1, tensor.size_bytes) for tensor in found.values())
    pruned = 40  # a pruned model of ours keeps its first configuration
    if described > SWELL * pruned * stored + 10**7:
        raise BadInput(
            f"config.json describes {described:,} weights",
            f"about what the files hold ({stored:,} bytes)",
            TRUST,
        )
