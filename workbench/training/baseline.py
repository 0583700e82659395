"""The plain baseline of a task: TF-IDF of words and characters + logistic regression."""

from __future__ import annotations

import json
import re
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.core.errors import BadInput, Cancelled
from workbench.core.records import content_hash
from workbench.formats import sklearn as form
from workbench.formats.about import About
from workbench.store import replacing, write_json
from workbench.training.fit import Fitted, Follow, Score
from workbench.training.linear import check_classes, two_rows

if TYPE_CHECKING:
    from workbench.tasks import Task

VERSION = 1  # raised when fitting changes
STRENGTHS = (1.0, 4.0, 16.0, 64.0)  # inverse regularisation, tried on validation
ROWS = 50_000  # training rows that are used at most
TERMS = 100_000  # n-grams of each kind at most, the most frequent first
OFTEN = 1_000  # from as many rows on, an n-gram must occur in two of them


def baseline_id(model: str, task: Task) -> str:
    """The id of a task's baseline: readable, with the hash of all that it depends on."""
    key = content_hash(task.fingerprint, STRENGTHS, ROWS, TERMS, OFTEN, VERSION)
    name = re.sub(r"[^A-Za-z0-9.]+", "-", task.title).strip("-")[-40:]
    return f"{model}--{name}--linear-{key[:8]}"


def fit_baseline(model: str, task: Task, home: Path, score: Score, follow: Follow) -> Fitted:
    """Fit it, or give back the one that was fitted before from the same data.

    Args:
        model: its id in the catalogue.
        task: a classification task in any language.
        home: ``WORKBENCH_HOME``; the model is written to ``home/models/<id>``.
        score: ``score(logits, labels)`` gives the metrics of the validation rows as plain data.
        follow: who follows.

    Raises:
        BadInput: if a class has no training row.
        Cancelled: when asked to stop; nothing is written.

    Source:
        Wang and Manning 2012, "Baselines and Bigrams", ACL, P12-2018: linear models on n-grams
        are hard to beat on short texts.
    """
    name = baseline_id(model, task)
    folder = home / "models" / name
    if (folder / "card.json").is_file():
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        return Fitted(name, folder, card["metrics"], 0.0)
    started = time.monotonic()
    fitted, logits = _fitted(task, follow)
    seconds = time.monotonic() - started
    metrics = dict(score(logits, task.rows("validation").labels))
    card = {"base": model, "task": task.id, "mode": "linear", "metrics": metrics}
    accuracy = metrics["accuracy"]["value"]
    with replacing(folder) as temporary:
        form.save(fitted, temporary)
        told = {"schema": 1, "id": name, **card, "seconds": seconds, "accuracy": accuracy}
        write_json(temporary / "card.json", told)
    return Fitted(name, folder, metrics, seconds)


def _fitted(task: Task, follow: Follow) -> tuple[form.TfIdf, np.ndarray]:
    training, held_out = task.rows("train"), task.rows("validation")
    empty = check_classes(list(training.labels), task.classes)
    if empty:
        raise BadInput(f"class {empty[0]!r}", "at least one training row", "add rows or drop it")
    chosen = np.sort(np.random.default_rng(0).permutation(len(training.texts))[:ROWS])
    texts = [training.texts[i] for i in chosen]
    follow.report("terms", 0, 0)
    terms, idf = _terms(texts)
    about = About("tfidf", task.classes, 0, "none", task.id)
    encode = form.encoder(terms, idf)
    inputs, checks = encode(texts), encode(held_out.texts)
    labels = training.labels[chosen]
    weight, bias, logits = _best(inputs, labels, checks, held_out.labels, follow)
    return form.TfIdf(about, terms, idf, weight, bias), logits


def _terms(texts: Sequence[str]) -> tuple[dict[str, tuple[str, ...]], dict[str, np.ndarray]]:
    """The n-grams of every kind, in alphabetical order, and how rare they are."""
    terms: dict[str, tuple[str, ...]] = {}
    idf: dict[str, np.ndarray] = {}
    for kind in form.KINDS:
        counted = form.vectoriser(kind, min_df=2 if len(texts) >= OFTEN else 1, max_features=TERMS)
        try:
            counted.fit(texts)
        except ValueError:  # no text has a word: only signs
            continue
        terms[kind] = tuple(str(term) for term in counted.get_feature_names_out())
        idf[kind] = np.asarray(counted.idf_, dtype=np.float32)
    if not terms:
        raise BadInput("the training texts", "at least one word or sign", "add rows")
    return terms, idf


def _best(
    inputs: Any, labels: np.ndarray, checks: Any, held_out: np.ndarray, follow: Follow
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(weight, bias, logits of the held-out rows) of the strength that is best on them."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(max_iter=200, tol=1e-5, warm_start=True)
    found: list[tuple[float, np.ndarray, np.ndarray, np.ndarray]] = []
    for number, strength in enumerate(STRENGTHS):
        if follow.cancelled():
            raise Cancelled
        follow.report("regression", number, len(STRENGTHS))
        model.set_params(C=strength)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # near enough for a baseline
            model.fit(inputs, labels)
        weight, bias = (np.asarray(x, dtype=np.float32) for x in two_rows(model))
        logits = np.asarray(checks @ weight.T + bias, dtype=np.float32)
        accuracy = float((logits.argmax(axis=1) == held_out).mean())
        found.append((accuracy, weight, bias, logits))
    return max(found, key=lambda entry: entry[0])[1:]
