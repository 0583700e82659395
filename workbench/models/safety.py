"""Whether a folder may be opened at all; nothing that it holds is ever executed."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput
from workbench.models.anatomy import LAYER
from workbench.models.files import read_json
from workbench.models.limits import FILES
from workbench.models.weights import tensors, weight_files
from workbench.models.wishes import TRUST, check_artifact, check_code, check_size, number

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
    _check_files(folder)
    config = read_json(folder / "config.json")
    check_code(folder)
    check_artifact(folder)
    family = config.get("model_type")
    if not isinstance(family, str) or family not in FAMILIES:
        known = ", ".join(sorted(FAMILIES))
        raise BadInput(f"model_type {family!r:.60}", f"one of {known}", "choose another model")
    kind, files = weight_files(folder)
    warnings = _unopened(folder, kind, files)
    found = tensors(folder)
    about = folder / "artifact.json"
    kept = read_json(about).get("kept") if about.is_file() else None
    check_size(config, sum(path.stat().st_size for path in files), kept is not None)
    _check_layers(config, len(kept["layers"]) if kept else None, found)
    return tuple(warnings)


def _check_layers(config: Mapping[str, Any], kept: int | None, names: Iterable[str]) -> None:
    """Every layer has weights: transformers would fill a missing one with random numbers."""
    if config["model_type"] == "albert":  # its layers share theirs
        return
    layers = kept or number(config, "num_hidden_layers", "n_layer", "n_layers")
    stored = {match.group(1) for name in names if (match := LAYER.search(name))}
    if len(stored) < layers:
        raise BadInput(
            f"weights of {len(stored)} layers",
            f"{layers}, as the configuration says",
            "download or export the model again",
        )


def _check_files(folder: Path) -> None:
    """Only plain files, inside the folder (or, in a Hugging Face cache, its blobs)."""
    here = folder.resolve()
    allowed = [here]
    if here.parent.name == "snapshots":
        allowed.append(here.parent.parent / "blobs")  # unresolved: it may be no link itself
    for count, path in enumerate(folder.rglob("*")):
        if count >= FILES:
            raise BadInput(folder.name, f"at most {FILES:,} files", "give the model's own folder")
        try:
            target, mode = path.resolve(strict=True), path.stat().st_mode
        except (OSError, RuntimeError) as err:  # it leads nowhere, or in a circle
            raise BadInput(f"{path.name!r:.80}", "a file that is there", TRUST) from err
        if not any(target.is_relative_to(root) for root in allowed):
            raise BadInput(
                f"{path.name!r:.80} (a link out of the folder)", "files of the folder", TRUST
            )
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise BadInput(f"{path.name!r:.80}", "plain files only", TRUST)
    if (folder / "adapter_config.json").is_file():
        raise BadInput("adapter_config.json", "a whole model, not an adapter", "merge it first")


def _unopened(folder: Path, kind: str, files: list[Path]) -> list[str]:
    """Pickles that no one needs stay shut, with a warning; any other is a reason to refuse."""
    warnings = []
    for path in sorted(folder.rglob("*")):
        if path in files or not path.is_file() or path.suffix.lower() not in PICKLES:
            continue
        if not _needless(path, kind):
            raise BadInput(
                f"{path.name!r:.80} (a pickle can run code)",
                "weights as safetensors",
                "convert it to safetensors where you trust it, or remove it",
            )
        warnings.append(f"{_shown(path)} was left unopened")
    return warnings + [f"{_shown(path)} was not used" for path in sorted(folder.glob("*.py"))]


def _needless(path: Path, kind: str) -> bool:
    """Whether an ordinary checkpoint has this file beside its weights."""
    name = path.name.lower()
    if name.startswith(ORDINARY):
        return True
    if name.endswith(".bin") and path.with_suffix(".xml").is_file():
        return True  # OpenVINO's weights: raw numbers, no pickle
    second = name.startswith("pytorch_model") and name.endswith(".bin")
    return kind == "safetensors" and (second or name.startswith("consolidated."))


def _shown(path: Path) -> str:
    """A file's name as text: control and direction marks are spelled out."""
    return path.name[:80] if path.name.isprintable() else f"{path.name!r:.80}"
