"""A Keras network of ours, trained on a task from nothing; and training on, for techniques."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from json import loads
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from workbench.core.artifact import Artifact, Context
from workbench.core.errors import BadInput
from workbench.core.knobs import Span
from workbench.core.records import content_hash
from workbench.formats import apart
from workbench.formats import keras as form
from workbench.formats.about import About
from workbench.formats.inputs import reader
from workbench.graphs import words
from workbench.graphs.graph import Graph
from workbench.graphs.kinds import KINDS
from workbench.store import replacing, scratch, write_json
from workbench.tasks.task import held_out
from workbench.training.fit import Fitted, Follow, Score
from workbench.training.linear import check_classes
from workbench.training.networks import NETWORKS, PICTURES

if TYPE_CHECKING:
    from workbench.tasks import Task

RUN = "workbench.training.keras_run"
VERSION = 1  # raised when training changes
VOCABULARY = 8_000  # rows of the token table at most
LONGEST, SHARE = 64, 0.995  # tokens at most; share of the training texts that fit uncut
EPOCHS, BATCH, RATE = 25, 64, 1e-3
# training rows held out while a technique trains; the smaller of the two
SHARE_WATCHED, WATCHED = 0.1, 500


@dataclass(frozen=True)
class TrainOn:
    """Settings of every technique that trains a Keras network on."""

    epochs: Annotated[int, Span(1, 100, 1, "times through the training rows")] = 8
    rate: Annotated[float, Span(0.00001, 0.01, 0.00001, "learning rate at the start")] = 5e-4


def keras_id(model: str, task: Task, epochs: int) -> str:
    """The id of the trained network: readable, with the hash of all that it depends on."""
    settings = (VOCABULARY, LONGEST, SHARE, epochs, BATCH, RATE, VERSION)
    key = content_hash(model, task.fingerprint, settings)
    name = re.sub(r"[^A-Za-z0-9.]+", "-", task.title).strip("-")[-40:]
    return f"{model}--{name}--full-{key[:8]}"


def fit_keras(
    model: str, task: Task, home: Path, score: Score, follow: Follow, epochs: int = EPOCHS
) -> Fitted:
    """Train it, or give back the one that was trained before on the same data.

    Args:
        model: one of ``networks.NETWORKS``.
        task: of texts or, for the network of pictures, of pictures.
        home: ``WORKBENCH_HOME``; the model is written to ``home/models/<id>``.
        score: ``score(logits, labels)`` gives the metrics of the validation rows as plain data.
        follow: who follows.
        epochs: times through the training rows.

    Raises:
        BadInput: if the task is of the other kind, or a class has no training row.
        Cancelled: when asked to stop; nothing is written.
        MissingDependency: without the ``tf`` extra.
    """
    check_kind(model, task)
    name = keras_id(model, task, epochs)
    folder = home / "models" / name
    with suppress(OSError, ValueError, KeyError, TypeError):  # not there, or damaged: anew
        card = loads((folder / "card.json").read_text(encoding="utf-8"))
        return Fitted(name, folder, dict(card["metrics"]), 0.0)
    if empty := check_classes(list(task.rows("train").labels), task.classes):
        raise BadInput(f"class {empty[0]!r}", "at least one training row", "add rows or drop it")
    started = time.monotonic()
    place = scratch(_made(home))  # after a kill the next start of the store sweeps it
    place.mkdir()
    try:
        trained, logits = _fitted(model, task, place, follow, epochs)
        metrics = dict(score(logits, task.rows("validation").labels))
        told = {"base": model, "task": task.id, "mode": "full", "metrics": metrics}
        seconds = time.monotonic() - started
        card = {"schema": 1, "id": name, **told, "seconds": seconds}
        _write(trained, folder, {**card, "accuracy": metrics["accuracy"]["value"]})
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return Fitted(name, folder, metrics, seconds)


def _fitted(
    model: str, task: Task, place: Path, follow: Follow, epochs: int
) -> tuple[Artifact, np.ndarray]:
    """The trained network in a workspace, and its logits of the validation rows."""
    context = Context(place, report=follow.report, loss=follow.loss, cancelled=follow.cancelled)
    begun = _begun(model, task, place / "begun", follow)
    rows, held = task.rows("train"), task.rows("validation")
    data = _data(begun, rows.texts, rows.labels, held.texts, held.labels)
    order = {"do": "fit", "epochs": epochs, "batch": BATCH, "rate": RATE}
    trained = asked(order, begun, data, context, "trained")[0]
    return trained, answers(trained, held.texts, context)


def _write(trained: Artifact, folder: Path, card: Mapping[str, Any]) -> None:
    with suppress(OSError):  # a damaged one goes: the next sweep removes it
        folder.rename(scratch(folder.parent))
    with replacing(folder) as temporary:
        form.save(form.load(trained.folder), temporary, trained.folder)
        write_json(temporary / "card.json", card)


def check_kind(model: str, task: Task) -> None:
    """A network of texts needs a task of texts, one of pictures a task of pictures.

    Raises:
        BadInput: if they do not fit.
    """
    if (task.kind == "image") != (model == PICTURES):
        wanted = "pictures" if model == PICTURES else "texts"
        remedy = "choose another task, or another model for this one"
        raise BadInput(f"task {task.title} for {model}", f"a task of {wanted}", remedy)


def _made(home: Path) -> Path:
    place = home / "models"
    place.mkdir(parents=True, exist_ok=True)
    return place


def _begun(model: str, task: Task, folder: Path, follow: Follow) -> Artifact:
    """The network before training, with the tokenizer that its texts are cut by."""
    from workbench.graphs import pixels

    texts = task.rows("train").texts
    folder.mkdir()
    if model == PICTURES:
        shape, rows = tuple(map(int, texts[0].partition(":")[0].split("x"))), 0
        pixels.read(texts[:1], shape)
        length = 0
    else:
        follow.report("terms", 0, 0)
        tokenizer = words.learnt(texts, VOCABULARY)
        lengths = [len(x.ids) for x in tokenizer.encode_batch_fast(list(texts))]
        length = int(min(LONGEST, max(4, np.quantile(lengths, SHARE))))
        length += -length % 4
        tokenizer.save(str(folder / "tokenizer.json"))
        shape, rows = (length,), tokenizer.get_vocab_size()
    graph = NETWORKS[model](shape, rows, len(task.classes))
    about = About(model, task.classes, length, "none", task.id)
    form.save(form.Keras(about, graph, drawn(graph)), folder, folder)
    return Artifact(form.FORMAT, folder, task.classes)


def drawn(graph: Graph, seed: int = 0) -> dict[str, np.ndarray]:
    """Weights to begin with.

    Source:
        Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward
        neural networks", eq. 16; 0.05 for embeddings, as Keras has it.
    """
    rng = np.random.default_rng(seed)
    kinds = {layer.name: layer.kind for layer in graph.layers}
    found = {}
    for name, shape in graph.weights.items():
        layer, _, which = name.partition("/")
        last = which.rpartition("/")[2]
        if last in ("gamma", "moving_variance"):
            found[name] = np.ones(shape, np.float32)
        elif last in ("beta", "bias", "moving_mean"):
            found[name] = np.zeros(shape, np.float32)
        elif KINDS[kinds[layer]].role == "embedding":
            found[name] = rng.uniform(-0.05, 0.05, shape).astype(np.float32)
        else:
            into, out = _fans(which, shape)
            edge = np.sqrt(6 / (into + out))
            found[name] = rng.uniform(-edge, edge, shape).astype(np.float32)
    return found


def _fans(which: str, shape: tuple[int, ...]) -> tuple[int, int]:
    """How many values a kernel takes and gives."""
    if len(shape) == 3 and "/" in which:  # of attention: (in, heads, size), or (heads, size, out)
        if which.startswith("output"):
            return shape[0] * shape[1], shape[2]
        return shape[0], shape[1] * shape[2]
    field = int(np.prod(shape[:-2]))
    return field * shape[-2], field * shape[-1]


def trained_on(
    artifact: Artifact, name: str, order: Mapping[str, Any], settings: TrainOn, context: Context
) -> tuple[Artifact, dict[str, Any]]:
    """A copy that was trained on with the training rows; a tenth of them are watched instead.

    Args:
        artifact: a Keras artifact on disk.
        name: of the technique.
        order: what ``keras_run`` is asked for.
        settings: of the training.
        context: its training rows, and who follows.

    Raises:
        BadInput: without training rows, or if the aim was not reached.
        Cancelled: when asked to stop.
    """
    texts, labels = context.training
    if not texts:
        raise BadInput(f"{name} without training rows", "rows to train on", "leave it out")
    known = np.array(labels, dtype=np.int64)
    watched = held_out(known, min(SHARE_WATCHED, WATCHED / len(known)), context.seed)
    if not watched.any():
        raise BadInput(f"{name} with one row a class", "two rows of a class at least", "add rows")
    learnt = [x for x, out in zip(texts, watched, strict=True) if not out]
    seen = [x for x, out in zip(texts, watched, strict=True) if out]
    data = _data(artifact, learnt, known[~watched], seen, known[watched])
    if "kl" in order and context.teacher is not None:
        data["teacher"] = answers(context.teacher, learnt, context)
    plain = {"epochs": settings.epochs, "batch": BATCH, "rate": settings.rate}
    return asked({**plain, **order, "seed": context.seed}, artifact, data, context, name)


def _data(
    artifact: Artifact,
    texts: Sequence[str],
    labels: np.ndarray,
    watched: Sequence[str],
    watched_labels: np.ndarray,
) -> dict[str, np.ndarray]:
    read = reader(artifact.folder)
    return {
        "inputs": read(texts)[0],
        "labels": np.asarray(labels, dtype=np.int64),
        "watched_inputs": read(watched)[0],
        "watched_labels": np.asarray(watched_labels, dtype=np.int64),
    }


def asked(
    order: Mapping[str, Any],
    artifact: Artifact,
    data: Mapping[str, np.ndarray],
    context: Context,
    name: str,
) -> tuple[Artifact, dict[str, Any]]:
    """What ``keras_run`` makes of an artifact, in a new folder, and what it tells."""
    from safetensors.numpy import save_file

    target = form.fresh(context, name)
    rows = context.workspace / f"{target.name}.rows"
    save_file({k: np.ascontiguousarray(v) for k, v in data.items()}, rows)
    whole = {**order, "folder": str(artifact.folder), "data": str(rows), "target": str(target)}
    told = apart.ask(RUN, whole, context)
    rows.unlink()
    for kept in ("artifact.json", "tokenizer.json"):
        if (artifact.folder / kept).is_file():
            shutil.copy2(artifact.folder / kept, target)
    return Artifact(form.FORMAT, target, artifact.labels), told


def answers(artifact: Artifact, texts: Sequence[str], context: Context) -> np.ndarray:
    """Logits, float32 (texts, classes)."""
    from safetensors.numpy import save_file

    rows = context.workspace / "answers.rows"
    target = context.workspace / "answers.npy"
    save_file({"inputs": np.ascontiguousarray(reader(artifact.folder)(texts)[0])}, rows)
    order = {"do": "answer", "folder": str(artifact.folder), "data": str(rows)}
    apart.ask(RUN, {**order, "target": str(target)}, context)
    found = np.load(target)
    for path in (rows, target):
        path.unlink()
    return np.asarray(found, dtype=np.float32)


def scores(artifact: Artifact, context: Context, rows: int) -> dict[str, np.ndarray]:
    """Taylor importance of each member of each group of a Keras network, by layer."""
    from safetensors.numpy import save_file

    texts, labels = context.training
    chosen = np.random.default_rng(context.seed).permutation(len(texts))[:rows]
    data = context.workspace / "taylor.rows"
    inputs = reader(artifact.folder)([texts[i] for i in chosen])[0]
    wanted = np.array([labels[i] for i in chosen], dtype=np.int64)
    save_file({"inputs": np.ascontiguousarray(inputs), "labels": wanted}, data)
    order = {"do": "taylor", "folder": str(artifact.folder), "data": str(data)}
    told = apart.ask(RUN, order, context)
    data.unlink()
    return {name: np.array(values) for name, values in told["scores"].items()}
