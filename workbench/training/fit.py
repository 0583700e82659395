"""From an encoder and a task to a tuned model; the same question is fitted only once."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.core.artifact import Artifact
from workbench.core.errors import BadInput
from workbench.core.records import content_hash
from workbench.store import replacing, scratch, write_json
from workbench.training import batches
from workbench.training.cores import all_cores
from workbench.training.full import FullSettings, Watch, train
from workbench.training.linear import check_classes, fit_head, set_head

if TYPE_CHECKING:
    from workbench.tasks import Task

MODES = ("linear", "full")
RECIPE_VERSION = 2  # raised when fitting changes: an old tuned model is not taken for a new
MAX_LENGTH = 128  # tokens; longer texts are cut


Score = Callable[[np.ndarray, np.ndarray], Mapping[str, Any]]


@dataclass(frozen=True)
class Fitted:
    """A tuned model.

    Args:
        id: as the catalogue names it.
        folder: its artifact folder.
        metrics: name to ``Estimate`` as plain data, on validation.
        seconds: that fitting took; 0 if it was there already.
    """

    id: str
    folder: Path
    metrics: Mapping[str, Any]
    seconds: float


def _quiet(*_: Any) -> None:
    return None


@dataclass(frozen=True)
class Follow:
    """Who follows a fit.

    Args:
        report: ``report(stage, done, total)``; stages ``load``, ``embed``, ``head``, ``train``.
        loss: ``loss(step, value, accuracy)``; accuracy on validation, or None between looks.
        cancelled: answers True once the user has asked to stop.
    """

    report: Callable[[str, int, int], None] = _quiet
    loss: Callable[[int, float, float | None], None] = _quiet
    cancelled: Callable[[], bool] = field(default=lambda: False)


def tuned_id(model: str, fingerprint: str, task: Task, mode: str, settings: FullSettings) -> str:
    """The id of the tuned model: readable, with the hash of all that it depends on."""
    how = asdict(settings) if mode == "full" else {}
    key = content_hash(fingerprint, task.fingerprint, mode, how, MAX_LENGTH, RECIPE_VERSION)
    names = (re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-")[-40:] for name in (model, task.title))
    return "--".join((*names, f"{mode}-{key[:8]}"))


def fit(
    source: Path,
    model: str,
    fingerprint: str,
    task: Task,
    mode: str,
    home: Path,
    score: Score,
    follow: Follow | None = None,
    settings: FullSettings | None = None,
) -> Fitted:
    """Fit a classifier, or give back the one that was fitted before from the same content.

    Args:
        source: folder of the encoder, already checked for safety.
        model: its id in the catalogue.
        fingerprint: hash of its weights.
        task: a classification task.
        mode: ``linear`` (frozen encoder, seconds) or ``full`` (all weights).
        home: ``WORKBENCH_HOME``; the model is written to ``home/models/<id>``.
        score: ``score(logits, labels)`` gives the metrics of the validation rows as plain data.
        follow: who follows.
        settings: of the full mode.

    Raises:
        BadInput: for an unknown mode, or a class without training rows.
        Cancelled: when asked to stop; nothing is written.
    """
    if mode not in MODES:
        raise BadInput(f"mode {mode!r}", "linear or full", "choose one of the two")
    follow, settings = follow or Follow(), settings or FullSettings()
    name = tuned_id(model, fingerprint, task, mode, settings)
    folder = home / "models" / name
    with suppress(OSError, ValueError, KeyError, TypeError):  # not there, or damaged: anew
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        return Fitted(name, folder, dict(card["metrics"]), 0.0)
    started = time.monotonic()
    with all_cores():
        artifact, logits = _fitted(source, task, mode, follow, settings)
    seconds = time.monotonic() - started
    metrics = dict(score(logits, task.rows("validation").labels))
    card = {"base": model, "task": task.id, "mode": mode, "metrics": metrics, "seconds": seconds}
    accuracy = metrics["accuracy"]["value"]
    _write(artifact, folder, {"schema": 1, "id": name, **card, "accuracy": accuracy})
    return Fitted(name, folder, metrics, seconds)


def _write(artifact: Artifact, folder: Path, card: dict[str, Any]) -> None:
    from workbench.formats import save

    with suppress(OSError):  # a damaged one goes: the next sweep removes it
        folder.rename(scratch(folder.parent))
    with replacing(folder) as temporary:
        save(artifact, temporary)
        write_json(temporary / "card.json", card)


def _fitted(
    source: Path, task: Task, mode: str, follow: Follow, settings: FullSettings
) -> tuple[Artifact, np.ndarray]:
    import torch

    from workbench.formats.tokens import Tokens
    from workbench.formats.torch import new_classifier

    torch.manual_seed(0)
    follow.report("load", 0, 0)
    artifact = new_classifier(source, task.classes, max_length=MAX_LENGTH)
    tokens = Tokens.of(artifact)
    training, held_out = task.rows("train"), task.rows("validation")
    empty = check_classes(list(training.labels), task.classes)
    if empty:
        raise BadInput(f"class {empty[0]!r}", "at least one training row", "add rows or drop it")
    rows = tokens.ids(training.texts), tokens.ids(held_out.texts)
    _fit_head(artifact, rows, (training.labels, held_out.labels), follow)
    module = artifact.payload

    def accuracy() -> float:
        module.eval()
        logits = batches.over(module, rows[1])
        module.train()
        return float((logits.argmax(axis=1) == held_out.labels).mean())

    if mode == "full":
        watch = Watch(
            lambda done, total: follow.report("train", done, total),
            follow.loss,
            follow.cancelled,
            accuracy,
        )
        train(module, rows[0], [int(label) for label in training.labels], watch, settings)
    module.eval()
    return artifact, batches.over(module, rows[1])


def _fit_head(
    artifact: Artifact,
    rows: tuple[list[list[int]], list[list[int]]],
    labels: tuple[np.ndarray, np.ndarray],
    follow: Follow,
) -> None:
    """Fit the head on frozen features, in place; the full mode starts from there, too."""
    module = artifact.payload
    module.eval()
    total = len(rows[0]) + len(rows[1])
    features: list[np.ndarray] = []
    for part in rows:
        before = sum(map(len, features))
        features.append(
            batches.over(
                module.features,
                part,
                report=lambda done, _, b=before: follow.report("embed", b + done, total),  # type: ignore[misc]
                cancelled=follow.cancelled,
            )
        )
    follow.report("head", 0, 0)
    set_head(module, *fit_head(features[0], labels[0], features[1], labels[1]))
