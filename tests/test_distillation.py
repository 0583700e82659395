"""Distillation: the small model learns from the one it came from, never from held-out rows."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
from fakes import CLASSES, classifier, sentences

from workbench.core.anatomy import Anatomy
from workbench.core.artifact import Context
from workbench.core.errors import BadInput, Cancelled
from workbench.recipes.plan import plan
from workbench.recipes.recipe import Recipe
from workbench.recipes.registry import TECHNIQUES
from workbench.runtimes import Torch
from workbench.techniques import (
    Distillation,
    MagnitudePruning,
    StructuredPruning,
    VocabularyPruning,
    distillation,
)
from workbench.techniques.magnitude_pruning import linear_layers
from workbench.training.batches import over


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch):
    """So small a network is slower on two."""
    monkeypatch.setattr(distillation, "all_cores", nullcontext)


@pytest.fixture
def teacher(tmp_path):
    """A random network whose answers depend on the text, and on every layer."""
    made = classifier(tmp_path / "hf")
    made.payload.head.weight.data *= 20
    encoder = made.payload.encoder
    for module in (encoder.get_input_embeddings(), *linear_layers(encoder)):
        module.weight.data *= 4
    return made


def surroundings(folder, teacher, **more):
    folder.mkdir()
    rows = sentences(180)
    labels = tuple(CLASSES.index(label) for _, label in rows)
    texts = tuple(text for text, _ in rows)
    return Context(folder, training=(texts, labels), teacher=teacher, **more)


def applied(artifact, around, *chain):
    for config in chain:
        artifact = TECHNIQUES[config.name].handler(artifact, config, around)
    return artifact


def logits(artifact, texts):
    from workbench.formats.tokens import Tokens

    return over(artifact.payload.eval(), Tokens.of(artifact).ids(texts))


def weights(artifact):
    return {name: tensor.numpy().copy() for name, tensor in artifact.payload.state_dict().items()}


HALF = StructuredPruning(layers=0.5, ffn=0.5, heads=0.5, importance="magnitude")
SHORT = Distillation(epochs=6, rate=0.002, batch=24)
UNSEEN = [text for text, _ in sentences(60, seed=9)]


@pytest.mark.parametrize("before", [(HALF,), (VocabularyPruning(rows=0.5), HALF)], ids=len)
def test_the_student_comes_nearer_to_its_teacher_on_texts_it_has_not_seen(
    tmp_path, teacher, before
):
    steps, looks = [], []
    around = surroundings(
        tmp_path / "w",
        teacher,
        loss=lambda step, value, accuracy: (looks if accuracy is not None else steps).append(
            value
        ),
    )
    untouched = weights(teacher)
    pruned = applied(teacher, around, *before)

    taught = applied(pruned, around, replace(SHORT, ce=0.0))

    wanted = logits(teacher, UNSEEN)
    gaps = [np.abs(logits(a, UNSEEN) - wanted).mean() for a in (pruned, taught)]
    assert gaps[1] < 0.8 * gaps[0]
    assert steps[-1] < steps[0]
    assert len(looks) == SHORT.epochs
    for name, value in weights(teacher).items():
        np.testing.assert_array_equal(value, untouched[name])


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(tmp_path, teacher):
    made = []
    for number, seed in enumerate((0, 0, 1)):
        around = surroundings(tmp_path / f"w{number}", teacher, seed=seed)
        made.append(weights(applied(teacher, around, HALF, replace(SHORT, epochs=2))))

    same = [all((one[k] == made[0][k]).all() for k in one) for one in made[1:]]
    assert same == [True, False]


def test_texts_without_labels_are_learnt_from(tmp_path, teacher):
    """With three labelled rows there is nothing to learn; with the texts beside them there is."""
    few = surroundings(tmp_path / "w", teacher)
    few = replace(few, training=(few.training[0][:3], few.training[1][:3]))
    many = replace(few, unlabelled=tuple(text for text, _ in sentences(120, seed=4)))
    pruned = applied(teacher, few, HALF)

    taught = [applied(pruned, around, SHORT) for around in (few, many)]

    wanted = logits(teacher, UNSEEN)
    gaps = [np.abs(logits(a, UNSEEN) - wanted).mean() for a in taught]
    assert gaps[1] < gaps[0]


def test_weights_that_are_zero_stay_zero_and_the_token_table_as_it_is(tmp_path, teacher):
    around = surroundings(tmp_path / "w", teacher)
    pruned = applied(teacher, around, MagnitudePruning(amount=0.5))

    taught = applied(pruned, around, SHORT)

    for old, new in zip(
        linear_layers(pruned.payload.encoder), linear_layers(taught.payload.encoder), strict=True
    ):
        assert bool((new.weight[old.weight == 0] == 0).all())
        assert not bool((new.weight == old.weight).all())
    tables = [a.payload.encoder.get_input_embeddings().weight for a in (pruned, taught)]
    assert bool((tables[0] == tables[1]).all())
    assert all(weight.requires_grad for weight in taught.payload.parameters())


def test_it_stops_between_two_steps(tmp_path, teacher):
    asked = []

    def cancelled():
        asked.append(1)
        return len(asked) > 4

    around = surroundings(tmp_path / "w", teacher, cancelled=cancelled)
    pruned = applied(teacher, replace(around, cancelled=lambda: False), HALF)

    with pytest.raises(Cancelled):
        applied(pruned, around, SHORT)
    assert len(asked) == 5


def test_nothing_can_be_learnt_from_oneself():
    anatomy = Anatomy("bert", (), 2, 2, 2, 8)
    with pytest.raises(BadInput, match="unchanged model"):
        plan(Recipe(Torch(), (Distillation(), HALF)), anatomy)
    plan(Recipe(Torch(), (HALF, Distillation())), anatomy)
