"""Whether a folder may be opened at all; nothing that it holds is ever executed."""

from __future__ import annotations

from pathlib import Path

from workbench.core.errors import BadInput
from workbench.models import baseline, keras
from workbench.models.artifacts import check_artifact
from workbench.models.company import check_company
from workbench.models.files import read_json, shown
from workbench.models.sizes import check_layers, check_size, check_stored
from workbench.models.template import check_template_files
from workbench.models.tokenizer import check_tokenizer
from workbench.models.tree import check_entries, entries, steady
from workbench.models.weights import tensors, weight_files
from workbench.models.wishes import check_code

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
        raise BadInput(shown(folder), "a folder with a model", "give the folder's path")
    with steady(folder):
        found = entries(folder)
        check_entries(folder, found)
        if baseline.is_baseline(folder):
            return baseline.check(folder)
        if keras.is_keras(folder):
            return keras.check(folder)
        if (folder / "adapter_config.json").exists():
            raise BadInput(
                "adapter_config.json", "a whole model, not an adapter", "merge it first"
            )
        _check_texts(folder, found)
        kind, files = weight_files(folder)
        warnings = check_company(folder, found, kind, files)
        _check_weights(folder, files)
    return tuple(warnings)


def _check_texts(folder: Path, found: tuple[Path, ...]) -> None:
    """Configuration, tokenizer and templates."""
    family = read_json(folder / "config.json").get("model_type")
    check_code(folder)
    check_artifact(folder)
    check_tokenizer(folder)
    check_template_files(found)
    if not isinstance(family, str) or family not in FAMILIES:
        known = ", ".join(sorted(FAMILIES))
        raise BadInput(f"model_type {family!r:.60}", f"one of {known}", "choose another model")


def _check_weights(folder: Path, files: list[Path]) -> None:
    """They fit into memory, are whole, and are about as many as the configuration describes."""
    stored = sum(path.stat().st_size for path in files)
    check_stored(stored, shown(folder.name))
    found = tensors(folder)
    config, about = read_json(folder / "config.json"), folder / "artifact.json"
    kept = read_json(about).get("kept") if about.is_file() else None
    check_size(config, stored, kept is not None)
    check_layers(config, len(kept["layers"]) if kept else None, found)
