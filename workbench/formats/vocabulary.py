"""Older folders hold a vocabulary only: transformers builds the fast tokenizer from it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

FILES = ("vocab.txt", "vocab.json", "merges.txt", "spiece.model", "tokenizer.model")
SETTINGS = ("do_lower_case", "strip_accents", "tokenize_chinese_chars", "add_prefix_space")
TOKENS = tuple(f"{name}_token" for name in ("unk", "pad", "cls", "sep", "mask", "bos", "eos"))


def converted(folder: Path) -> Any:
    """A tokenizer from a folder's vocabulary.

    transformers is shown a folder of ours with the vocabulary and nothing that names a class, a
    file or a template.

    Raises:
        Exception: whatever transformers raises if there is no vocabulary, or a broken one.
    """
    from transformers import AutoTokenizer

    if not any((folder / name).is_file() for name in FILES):
        raise ValueError("there is none")  # transformers would make an empty one
    with TemporaryDirectory(prefix="workbench-vocabulary-") as made:
        for name in FILES:
            if (folder / name).is_file():
                shutil.copyfile(folder / name, Path(made) / name)
        family = _read(folder / "config.json").get("model_type")
        settings = _plain(_read(folder / "tokenizer_config.json"))
        (Path(made) / "config.json").write_text(json.dumps({"model_type": family}))
        (Path(made) / "tokenizer_config.json").write_text(json.dumps(settings))
        tokenizer = AutoTokenizer.from_pretrained(
            made, local_files_only=True, trust_remote_code=False
        )
    return tokenizer.backend_tokenizer


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def _plain(told: dict[str, Any]) -> dict[str, Any]:
    """Switches, and special tokens as words."""
    kept = {name: told[name] for name in SETTINGS if isinstance(told.get(name), bool)}
    for name in TOKENS:
        token = told.get(name)
        word = token.get("content") if isinstance(token, dict) else token
        if isinstance(word, str):
            kept[name] = word
    return kept
