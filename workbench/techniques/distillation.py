"""A model that was made smaller learns from the one that it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from workbench.core.anatomy import Anatomy
from workbench.core.artifact import Artifact, Context
from workbench.core.errors import BadInput
from workbench.formats.about import WRITES
from workbench.formats.tokens import Tokens
from workbench.recipes.registry import technique
from workbench.tasks.task import held_out
from workbench.training.cores import all_cores
from workbench.training.distil import NO_LABEL, Lessons, Teaching, lessons, teach
from workbench.training.distil_writer import teach_writer

# training rows that are not learnt from: they tell when it was best; the smaller of the two
SHARE, WATCHED = 0.1, 500
FOLLOWS = "a model that was changed before: nothing can be learnt from one that is the same"


@dataclass(frozen=True)
class Distillation(Teaching):
    """Train the smaller model on the answers and token vectors of the original.

    The loss is ``kl`` × KL divergence at a temperature + ``ce`` × cross-entropy + ``hidden`` ×
    relative squared error of the token vectors that every kept layer hands on. Texts without
    labels, where the task has some, are learnt from without the cross-entropy. The weights that
    were best on a held-out share of the training rows are kept; validation and test stay unseen.

    Source:
        KL with temperature: Hinton et al. 2015, arXiv:1503.02531. Token vectors: Jiao et al.
        2020 (TinyBERT), arXiv:1909.10351, eq. 8. All three together, from the teacher's own
        layers: Sanh et al. 2019 (DistilBERT), arXiv:1910.01108, sec. 2 and 3.
    """

    name: ClassVar[str] = "distillation"


def _same(anatomy: Anatomy, config: Distillation) -> Anatomy:
    return anatomy


@technique(
    Distillation,
    format="torch",
    resize=_same,
    follows=FOLLOWS,
    writes=True,
)
def distil(artifact: Artifact, config: Distillation, context: Context) -> Artifact:
    """A copy that was taught by ``context.teacher``; neither of the two is touched.

    Raises:
        BadInput: without a teacher or training rows.
        Cancelled: when asked to stop.
    """
    from workbench.formats.torch import copy

    if context.teacher is None or not context.training[0]:
        raise BadInput("distillation", "the original model and training rows", "leave it out")
    taught = copy(artifact)
    width = next(taught.payload.parameters()).dtype
    with all_cores():
        module = taught.payload.float()
        needed = [weight.requires_grad for weight in module.parameters()]
        if module.about.pooling == WRITES:
            teach_writer(taught, config, context)
        else:
            teach(module, *_lessons(artifact, context.teacher, context), config, context)
        for weight, before in zip(module.parameters(), needed, strict=True):
            weight.requires_grad_(before)
    module.to(width)
    return taught


def _lessons(
    artifact: Artifact, teacher: Artifact, context: Context
) -> tuple[Lessons, np.ndarray]:
    """What the teacher says of every text, and which rows are watched instead of learnt from."""
    texts, labels = context.training
    known = np.array(labels, dtype=np.int64)
    watched = held_out(known, min(SHARE, WATCHED / len(known)), context.seed)
    everything = [*texts, *context.unlabelled]
    more = len(context.unlabelled)
    given = lessons(
        teacher.payload,
        Tokens.of(teacher).ids(everything),
        Tokens.of(artifact).ids(everything),
        np.concatenate([known, np.full(more, NO_LABEL)]),
        _pairs(artifact.payload.about.kept, teacher.payload),
        context,
    )
    return given, np.concatenate([watched, np.zeros(more, dtype=bool)])


def _pairs(kept: Any, teacher: Any) -> list[tuple[int, int]]:
    """Places in the vectors of student and teacher that are to be alike.

    A layer hands on to the next one that was kept, so its vectors should be those that this one
    was used to; the last layer's those of the teacher's last.
    """
    before = teacher.about.kept
    count = len(before["layers"]) if before else _depth(teacher)
    at = {layer: i for i, layer in enumerate(before["layers"] if before else range(count))}
    layers = [at[i] for i in kept["layers"]] if kept else list(range(count))
    return [(i + 1, wanted) for i, wanted in enumerate([*layers[1:], count])]


def _depth(teacher: Any) -> int:
    return int(teacher.encoder.config.num_hidden_layers)


@technique(
    Distillation,
    format="keras",
    resize=_same,
    module="tensorflow",
    extra="tf",
    follows=FOLLOWS,
)
def distil_keras(artifact: Artifact, config: Distillation, context: Context) -> Artifact:
    """A copy that was taught the answers of ``context.teacher``.

    Token vectors are not looked at, since layers of different widths stand beside each other, and
    texts without labels are not learnt from: ``hidden`` and ``unlabelled`` change nothing here.

    Raises:
        BadInput: without a teacher or training rows.
        Cancelled: when asked to stop.
    """
    from workbench.training.keras import TrainOn, trained_on

    if context.teacher is None or not context.training[0]:
        raise BadInput("distillation", "the original model and training rows", "leave it out")
    weights = {"kl": config.kl, "ce": config.ce, "temperature": config.temperature}
    order = {"do": "fit", "batch": config.batch, **weights}
    settings = TrainOn(epochs=config.epochs, rate=config.rate)
    return trained_on(artifact, config.name, order, settings, context)[0]
