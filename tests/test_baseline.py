"""The plain baseline: it learns any language, is never a pickle, and stands on every plot."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
from fakes import CLASSES, checkpoint, sentences, small_task, write_csv

import workbench
from workbench import models, tasks
from workbench.core.errors import BadInput, Cancelled
from workbench.jobs.request import check_request
from workbench.measure import quality
from workbench.models.baseline import BASELINE
from workbench.recipes.plan import plan
from workbench.recipes.recipe import Recipe
from workbench.runtimes import Sklearn, Torch
from workbench.runtimes.sklearn import SklearnSession
from workbench.techniques import Bf16, DynamicInt8
from workbench.training.baseline import fit_baseline
from workbench.training.fit import Follow

PLAIN = {"runtime": {"name": "sklearn"}}


def score(logits, labels):
    return {name: value.to_json() for name, value in quality(logits, labels)[0].items()}


def fitted(task_id, home, **follow):
    return fit_baseline(BASELINE, tasks.find(task_id), home, score, Follow(**follow))


def chinese(folder):
    """Sentences without spaces, of which one part tells the class."""
    rng, filler = (
        random.Random(2),
        ["你好", "请问", "我想问一下", "麻烦了", "谢谢", "昨天", "这个"],
    )
    hints = {
        "物流": ["包裹在哪里", "还没发货", "快递太慢"],
        "退款": ["要退款", "退我的钱", "还没到账"],
    }
    rows = [
        ("".join([rng.choice(filler), rng.choice(hints[label]), rng.choice(filler)]), label)
        for label in list(hints) * 60
    ]
    return tasks.csv_id(write_csv(folder / "zh.csv", rows))


def right(model, task_id):
    rows = tasks.find(task_id).rows("test")
    return float((model.predict(rows.texts).argmax(axis=1) == rows.labels).mean())


@pytest.mark.parametrize("make", [small_task, chinese])
def test_it_learns_any_language_and_answers_strange_texts(make, tmp_path, home):
    task = make(tmp_path)
    made = fitted(task, home)
    session = SklearnSession(made.folder)

    assert right(session, task) > 0.9
    strange = session.predict(["", " ", "\0", "😀🙃", "x" * 5000, "未知的字", "\ud800"])
    assert strange.dtype == np.float32
    assert np.isfinite(strange).all()
    assert strange.shape == (7, len(tasks.find(task).classes))


def test_it_is_fitted_once_and_its_files_give_the_same_answers_bit_by_bit(tmp_path, home):
    from workbench.formats import sklearn as form

    task = small_task(tmp_path)
    made, again = fitted(task, home), fitted(task, home)
    texts = [text for text, _ in sentences(40, seed=7)]

    form.save(form.load(made.folder), tmp_path / "copy")

    one, two = (SklearnSession(f).predict(texts) for f in (made.folder, tmp_path / "copy"))
    assert (again.id, again.seconds) == (made.id, 0.0)
    np.testing.assert_array_equal(one, two)
    held_out = tasks.find(task).rows("validation")
    told = made.metrics["accuracy"]["value"]
    answers = SklearnSession(made.folder).predict(held_out.texts).argmax(axis=1)
    assert told == pytest.approx((answers == held_out.labels).mean())
    names = {path.name for path in made.folder.iterdir()}
    assert names == {"artifact.json", "vocabulary.json", "model.safetensors", "card.json"}


def test_the_catalogue_has_it_before_and_after_it_is_fitted(tmp_path, home):
    made = fitted(small_task(tmp_path), home)
    bare, card = models.find(BASELINE, home), models.find(made.id, home)
    anatomy = models.anatomy(models.folder(made.id, home))

    assert {bare.id, made.id} <= {card.id for card in models.catalogue(home)}
    assert (bare.format, card.format) == ("sklearn", "sklearn")
    assert (card.base, card.labels) == (BASELINE, tuple(sorted(CLASSES)))
    stored = (made.folder / "model.safetensors").stat().st_size
    assert card.size_bytes == anatomy.size_bytes == pytest.approx(stored, rel=0.02)
    assert models.inspect(BASELINE, home)["labels"] == []
    assert models.inspect(made.id, home)["warnings"] == []
    with pytest.raises(BadInput, match="tune it first: workbench tune --model tfidf"):
        models.folder(BASELINE, home)
    assert models.recommend("classification", "en", home=home).card.id != BASELINE


def test_techniques_for_networks_are_refused_with_the_reason(tmp_path, home):
    anatomy = models.anatomy(fitted(small_task(tmp_path), home).folder)

    plan(Recipe(Sklearn()), anatomy)
    for recipe in (
        Recipe(Torch(), (Bf16(),)),
        Recipe(Sklearn(), (DynamicInt8(),)),
        Recipe(Torch()),
    ):
        with pytest.raises(BadInput, match=r"takes the sklearn format.*runtime sklearn"):
            plan(recipe, anatomy)
    network = models.anatomy(checkpoint(tmp_path / "hf"))
    with pytest.raises(BadInput, match="runtime sklearn"):
        plan(Recipe(Sklearn()), network)


def test_only_the_linear_mode_is_for_it(tmp_path, home):
    asked = {"model": BASELINE, "task": small_task(tmp_path)}

    assert check_request("tune", {**asked, "mode": "linear"}, home)["mode"] == "linear"
    with pytest.raises(BadInput, match=r"'full' of tfidf"):
        check_request("tune", {**asked, "mode": "full"}, home)


def test_a_cancelled_fit_leaves_nothing(tmp_path, home):
    with pytest.raises(Cancelled):
        fitted(small_task(tmp_path), home, cancelled=lambda: True)
    assert not list((home / "models").glob("*"))


def changed(folder, name, change):
    path = folder / name
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def twice(words):
    words["word"][0] = words["word"][1]


DAMAGE = {
    "a pickle beside it": lambda f: (f / "model.pkl").write_bytes(b"\x80\x04."),
    "a term twice": lambda f: changed(
        f, "vocabulary.json", lambda d: d["word"].append(d["word"][0])
    ),
    "a term less": lambda f: changed(f, "vocabulary.json", lambda d: d["char"].pop()),
    "no terms": lambda f: changed(f, "vocabulary.json", lambda d: d.update(word=3)),
    "numbers as terms": lambda f: changed(f, "vocabulary.json", lambda d: d.update(word=[1, 2])),
    "a class less": lambda f: changed(f, "artifact.json", lambda d: d["labels"].pop()),
    "labels of no kind": lambda f: changed(f, "artifact.json", lambda d: d.update(labels=7)),
    "no vocabulary": lambda f: (f / "vocabulary.json").unlink(),
    "half the weights": lambda f: (f / "model.safetensors").write_bytes(
        (f / "model.safetensors").read_bytes()[:-100]
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_baseline_is_refused(damage, tmp_path, home):
    folder = fitted(small_task(tmp_path), home).folder
    DAMAGE[damage](folder)

    with pytest.raises(BadInput):
        models.folder(folder.name, home)


def test_it_is_measured_alone_and_then_against_the_model_of_the_task(tmp_path, home, monkeypatch):
    monkeypatch.setenv("WORKBENCH_FAST", "1")
    task, client = small_task(tmp_path), workbench.connect(inline=True)
    asked = {"model": BASELINE, "task": task, "tune": "linear", "grid": PLAIN}
    first = client.wait(client.submit("sweep", asked))
    alone = client.runs()[-1]
    tuned = client.wait(
        client.submit("tune", {"model": str(checkpoint(tmp_path / "hf")), "task": task})
    )

    second = client.wait(
        client.submit("run", {"model": alone.model, "task": task, "recipe": PLAIN})
    )

    assert (first.status, tuned.status, second.status) == ("done", "done", "done")
    assert (alone.status, alone.reference) == ("done", None)
    run = next(r for r in client.runs() if r.id == second.result["runs"][0])
    reference = next(r for r in client.runs() if r.id == run.reference)
    assert (run.status, reference.model) == ("done", tuned.result["id"])
    assert reference.recipe["runtime"]["name"] == "torch"
    assert {"speedup_latency", "accuracy_change", "size"} <= set(run.metrics)
