"""Fitting a classifier: it learns, it is cached by content, it can be stopped."""

from __future__ import annotations

import os
from contextlib import nullcontext

import numpy as np
import pytest
from fakes import CLASSES, checkpoint, sentences, small_task, write_csv

from workbench import models, tasks
from workbench.core.errors import BadInput, Cancelled
from workbench.formats import load
from workbench.measure import quality
from workbench.recipes.registry import RUNTIMES
from workbench.runtimes import Torch
from workbench.training import fit
from workbench.training.batches import buckets
from workbench.training.fit import Follow
from workbench.training.full import FullSettings
from workbench.training.linear import fit_head


def score(logits, labels):
    return {name: value.to_json() for name, value in quality(logits, labels)[0].items()}


def fitted(tmp_path, home, mode="linear", follow=None, epochs=6):
    source = tmp_path / "hf"
    if not source.exists():
        checkpoint(source)
    task = tasks.find(small_task(tmp_path))
    print_of = models.fingerprint(source)
    settings = FullSettings(epochs=epochs, rate=3e-3, batch=32, patience=6)
    return fit(source, "tiny", print_of, task, mode, home, score, follow, settings), task


def test_a_linear_head_learns_and_is_fitted_only_once(tmp_path, home):
    first, task = fitted(tmp_path, home)
    second, _ = fitted(tmp_path, home)

    assert first.metrics["accuracy"]["value"] > 0.6
    assert first.metrics["accuracy"]["n"] == len(task.rows("validation").texts)
    assert (second.id, second.seconds) == (first.id, 0.0)
    card = models.find(first.id, home)
    assert card.labels == tuple(sorted(CLASSES))
    assert card.base == "tiny"


def test_full_tuning_beats_the_linear_head_and_tells_its_loss(tmp_path, home):
    losses, stages = [], set()
    follow = Follow(lambda stage, *_: stages.add(stage), lambda *told: losses.append(told))

    linear, _ = fitted(tmp_path, home)
    full, task = fitted(tmp_path, home, "full", follow, epochs=12)

    assert full.metrics["accuracy"]["value"] > linear.metrics["accuracy"]["value"]
    assert {"embed", "head", "train"} <= stages
    steps = [loss for _, loss, accuracy in losses if accuracy is None]
    assert steps[-1] < steps[0]
    rows = task.rows("validation")
    session = RUNTIMES["torch"].opener(full.folder, Torch())
    right = (session.predict(rows.texts).argmax(axis=1) == rows.labels).mean()
    assert right == pytest.approx(full.metrics["accuracy"]["value"])


def test_a_cancelled_training_leaves_nothing(tmp_path, home):
    with pytest.raises(Cancelled):
        fitted(tmp_path, home, "full", Follow(cancelled=lambda: True))

    assert not list((home / "models").glob("*")) if (home / "models").exists() else True


@pytest.mark.parametrize("cancelled", [False, True])
def test_fitting_takes_every_core_and_gives_them_back(cancelled, tmp_path, home):
    import torch

    used, before = set(), torch.get_num_threads()
    follow = Follow(lambda *_: used.add(torch.get_num_threads()), cancelled=lambda: cancelled)
    torch.set_num_threads(3)
    try:
        with pytest.raises(Cancelled) if cancelled else nullcontext():
            fitted(tmp_path, home, follow=follow)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    assert used == {len(os.sched_getaffinity(0))}


def test_a_class_without_training_rows_is_named(tmp_path, home):
    rows = [*sentences(60), ("only once", "rare")]
    test = write_csv(tmp_path / "t.csv", sentences(9))
    task = tasks.find(tasks.csv_id(write_csv(tmp_path / "x.csv", rows), test))

    def empty(split):
        found = task.rows(split)
        keep = found.labels != task.classes.index("rare")
        texts = tuple(t for t, k in zip(found.texts, keep, strict=True) if k)
        return tasks.Rows(texts, found.labels[keep])

    from dataclasses import replace

    source = checkpoint(tmp_path / "hf")
    with pytest.raises(BadInput, match="rare"):
        fit(source, "tiny", "f", replace(task, load=empty), "linear", home, score)
    with pytest.raises(BadInput, match="mode"):
        fit(source, "tiny", "f", task, "half", home, score)


def test_the_head_works_on_features_as_they_come():
    rng = np.random.default_rng(0)
    labels = np.arange(300) % 3
    features = rng.normal(size=(300, 8)) * 50 + 20
    features[:, 0] += 500 * labels
    features[:, 1] = 3.0 + 1e-7 * rng.normal(size=300)
    weight, bias = fit_head(features[:200], labels[:200], features[200:], labels[200:])

    answers = (features @ weight.T + bias).argmax(axis=1)
    assert (answers == labels).mean() > 0.95
    assert np.abs(weight).max() < 1.0  # the feature below hardly varies, and must not explode
    two, _ = fit_head(features[:200], labels[:200] % 2, features[200:], labels[200:] % 2)
    assert two.shape == (2, 8)


def test_batches_hold_every_row_once_with_similar_lengths():
    lengths = [5, 1, 9, 9, 2, 7]
    found = list(buckets(lengths, 2))

    assert sorted(int(i) for part in found for i in part) == list(range(6))
    assert [sorted(lengths[i] for i in part) for part in found] == [[9, 9], [5, 7], [1, 2]]


def test_a_tuned_model_can_be_tuned_on_another_task(tmp_path, home):
    first, _ = fitted(tmp_path, home)
    other = tasks.find(tasks.csv_id(write_csv(tmp_path / "other.csv", sentences(90, seed=5))))

    second = fit(
        first.folder, first.id, models.fingerprint(first.folder), other, "linear", home, score
    )

    assert second.id != first.id
    assert load(second.folder).labels == other.classes
