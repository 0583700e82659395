"""From a model that writes and the user's pairs or texts to one that writes as they do."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.core.artifact import Artifact
from workbench.core.errors import BadInput
from workbench.core.knobs import check
from workbench.core.records import content_hash
from workbench.formats.about import WRITES
from workbench.models.anatomy import anatomy
from workbench.store import replacing, scratch, write_json
from workbench.training.checkpoint import Checkpoints
from workbench.training.cores import all_cores
from workbench.training.exchanged import exchanged
from workbench.training.fit import Fitted, Follow
from workbench.training.lora import adapted, merged
from workbench.training.writer_look import Look
from workbench.training.writer_loop import EPOCHS, LORA_RATE, Course, WriterSettings, teach
from workbench.training.writer_rows import Learnt, learnt

if TYPE_CHECKING:
    from workbench.tasks import Task

MODES = ("full", "lora")
RECIPE_VERSION = 4  # raised when fitting changes: an old tuned model is not taken for a new
ONLY_LORA = ("rank", "alpha")
FEW = 6_000  # rows with all their variants; of more rows there are enough by themselves
# steps of few rows, which ten passes would hardly begin to teach, and at most of many rows
STEPS, LONGEST = 500, 3_000
NARROW = 256  # the width of newsdesk-lm, whose rates these are
SETTINGS = {"full": WriterSettings(), "lora": WriterSettings(rate=LORA_RATE)}

Cut = Callable[[Sequence[str], Sequence[str]], Learnt]
Score = Callable[[Path], Mapping[str, Any]]


def usual(mode: str, rows: int) -> WriterSettings:
    """How a model is trained if nobody says: ten epochs; of few rows more, of many rows fewer.

    Few rows are read ``STEPS`` steps long and to the end, for the rate has to come down; which
    epoch is kept is another matter. Of many rows at least one epoch is read.

    Args:
        mode: ``full`` or ``lora``.
        rows: that are learnt.
    """
    plain = SETTINGS[mode]
    each = -(-max(1, rows) // plain.batch)
    few, most = min(EPOCHS, STEPS // each), max(1, LONGEST // each)
    if few > plain.epochs:
        return replace(plain, epochs=few, patience=few)
    return replace(plain, epochs=min(plain.epochs, most))


def at_width(settings: WriterSettings, source: Path) -> WriterSettings:
    """The settings for a model of this width: their rate is for ``NARROW`` and falls beyond.

    A step of Adam moves every weight as far, and a wide layer sums over more of them.

    Args:
        settings: of a narrow model.
        source: folder of the model; its width is that of the token table.

    Source:
        Yang et al. 2022, "Tensor Programs V", arXiv:2203.03466, table 3 (Adam, hidden weights).
    """
    tables = (part for part in anatomy(source).parts if part.role == "embedding")
    width = max((part.shape[-1] for part in tables), default=NARROW)
    return replace(settings, rate=settings.rate * min(1.0, NARROW / width))


def writer_id(
    model: str, fingerprint: str, task: Task, mode: str, settings: WriterSettings
) -> str:
    """The id of the tuned model: readable, with the hash of all that it depends on."""
    how = {k: v for k, v in asdict(settings).items() if mode == "lora" or k not in ONLY_LORA}
    key = content_hash(fingerprint, task.fingerprint, "writer", mode, how, RECIPE_VERSION)
    names = (re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-")[-40:] for name in (model, task.title))
    return "--".join((*names, f"{mode}-{key[:8]}"))


def fit_writer(
    source: Path,
    model: str,
    fingerprint: str,
    task: Task,
    mode: str,
    home: Path,
    score: Score,
    follow: Follow | None = None,
    settings: WriterSettings | None = None,
) -> Fitted:
    """Train on a task's pairs or texts, or give back what was trained before from the same.

    Killed at any moment and begun again, it goes on from ``home/cache/training/<id>``.

    Args:
        source: folder of the model, already checked for safety.
        model: its id in the catalogue.
        fingerprint: hash of its weights.
        task: a generation task.
        mode: ``full`` (all weights) or ``lora`` (small matrices, added to the weights afterwards).
        home: ``WORKBENCH_HOME``; the model is written to ``home/models/<id>``.
        score: ``score(folder)`` gives the metrics on validation as plain data.
        follow: who follows; ``loss(step, value, share)`` gets the share of facts told right on
            validation or, where the task knows no facts, of tokens foretold right.
        settings: how; the ``usual`` ones, at this model's width, where None.

    Raises:
        BadInput: for another mode or kind of task, or if no row fits into the model.
        Cancelled: when asked to stop; no model is written, begun again it goes on.
        MissingDependency: for ``lora`` without peft.
    """
    if mode not in MODES:
        raise BadInput(f"mode {mode!r}", "full or lora", "choose one of the two")
    if task.kind != "generation":
        wanted = "a task of prompts and texts"
        raise BadInput(f"task {task.id!r:.200}", wanted, "choose another task or model")
    follow = follow or Follow()
    settings = settings or at_width(usual(mode, len(task.rows("train").texts)), source)
    check(settings)
    name = writer_id(model, fingerprint, task, mode, settings)
    folder = home / "models" / name
    with suppress(OSError, ValueError, KeyError, TypeError):  # not there, or damaged: anew
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        return Fitted(name, folder, dict(card["metrics"]), 0.0)
    started = time.monotonic()
    kept = Checkpoints(home / "cache" / "training" / name)
    with all_cores():
        artifact, told = _trained(source, task, mode, kept, follow, settings)
    base = {"schema": 1, "id": name, "base": model, "task": task.id, "mode": mode}
    fitted = _write(artifact, folder, {**base, **told}, score, started)
    kept.forget()
    return fitted


def _write(
    artifact: Artifact, folder: Path, card: dict[str, Any], score: Score, started: float
) -> Fitted:
    from workbench.formats import save

    with suppress(OSError):  # a damaged one goes: the next sweep removes it
        folder.rename(scratch(folder.parent))
    with replacing(folder) as temporary:
        save(artifact, temporary)
        metrics = dict(score(temporary))
        seconds = time.monotonic() - started
        right = metrics["fidelity"]["value"] if "fidelity" in metrics else card["accuracy"]
        whole = {**card, "metrics": metrics, "seconds": seconds, "accuracy": right}
        write_json(temporary / "card.json", whole)
    return Fitted(folder.name, folder, metrics, seconds)


def _trained(
    source: Path,
    task: Task,
    mode: str,
    kept: Checkpoints,
    follow: Follow,
    settings: WriterSettings,
) -> tuple[Artifact, dict[str, Any]]:
    """The trained artifact, and what its card tells of the training."""
    import torch

    from workbench.formats.torch import load

    follow.report("load", 0, 0)
    artifact = load(source)
    if artifact.payload.about.pooling != WRITES:
        raise BadInput(source.name, "a causal language model", "choose a model that writes")
    if any(hasattr(weight, "qdata") for weight in artifact.payload.parameters()):
        remedy = "train the model that it was made from"
        raise BadInput(f"{source.name} (quantised)", "weights that can be trained", remedy)
    network = artifact.payload.model.float()
    training = _rows(source, task, "train", network)
    held_out = _rows(source, task, "validation", network)
    torch.manual_seed(settings.seed)
    adapter = adapted(network, settings.rank, settings.alpha) if mode == "lora" else None
    network.to("cuda" if torch.cuda.is_available() else "cpu")
    cut = partial(
        learnt, source, vocabulary=network.config.vocab_size, chat=task.rows("train").chat
    )
    variants = _variants(task, training, settings, cut, follow)
    course = Course(network, [training, *variants], settings)
    look = Look(network, held_out, source, task)
    teach(course, look, kept, follow)
    artifact.payload.model = (network if adapter is None else merged(adapter)).cpu().eval()
    left_out = {"train": training.left_out, "validation": held_out.left_out}
    told = {"settings": asdict(settings), "left_out": left_out, "held": look.name}
    curve = course.standing.told
    return artifact, {
        **told,
        "variants": len(variants),
        "curve": curve,
        "accuracy": course.standing.kept,
    }


def _variants(
    task: Task, training: Learnt, settings: WriterSettings, cut: Cut, follow: Follow
) -> list[Learnt]:
    """The training rows with other names and numbers; none where they have no such values."""
    rows = task.rows("train")
    most = min(settings.variants, settings.epochs - 1, FEW // max(1, len(rows.texts)))
    found: list[Learnt] = []
    for number in range(most if rows.targets else 0):
        follow.report("variants", number + 1, most)
        texts, targets = exchanged(rows.texts, rows.targets, settings.seed + 7_919 * number)
        if texts == list(rows.texts):
            break
        made = cut(texts, targets)
        if made.places == training.places:  # all fit that fitted before
            found.append(made)
    return found


def _rows(source: Path, task: Task, split: str, network: Any) -> Learnt:
    rows = task.rows(split)
    found = learnt(source, rows.texts, rows.targets, network.config.vocab_size, rows.chat)
    if not found.ids:
        told = f"{task.title}: {split} split ({found.left_out:,} rows, none of which fits)"
        wanted = "rows that fit into the positions of the model"
        raise BadInput(told, wanted, "shorten the texts, or add some")
    return found
