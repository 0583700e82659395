"""Structured pruning of Keras networks: the same choice as in torch, on a graph's numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.core.anatomy import Anatomy
from workbench.core.artifact import Artifact, Context
from workbench.core.errors import BadInput
from workbench.formats import keras as form
from workbench.graphs import cutting
from workbench.graphs.anatomy import GraphAnatomy
from workbench.graphs.anatomy import anatomy as anatomy_of
from workbench.graphs.graph import Graph
from workbench.recipes.registry import technique
from workbench.techniques.importance import ROWS, Scores
from workbench.techniques.structured_pruning import StructuredPruning, within

KINDS = {"units": "ffn", "heads": "heads"}


def _shares(config: StructuredPruning) -> dict[str, float]:
    return {kind: getattr(config, name) for kind, name in KINDS.items()}


def _smaller(anatomy: Anatomy, config: StructuredPruning) -> Anatomy:
    """The shapes afterwards; uniform widths, so that the size is exact before anything runs."""
    if not isinstance(anatomy, GraphAnatomy):
        raise BadInput(
            f"structured_pruning of {anatomy.family}", "a Keras network", "leave it out"
        )
    _possible(anatomy.graph, config)
    left = cutting.chosen(anatomy.graph, _shares(config))
    return anatomy_of(cutting.narrowed(anatomy.graph, left), anatomy.family, anatomy.format)


def _possible(graph: Graph, config: StructuredPruning) -> None:
    if config.layers:
        raise BadInput(
            f"structured_pruning.layers = {config.layers:g} of a Keras network",
            "0: its layers are not alike, so none is taken out",
            "remove units and heads instead",
        )
    if config.widths != "uniform":
        raise BadInput(
            "structured_pruning.widths = per_layer of a Keras network",
            "uniform: its layers are not equally wide to begin with",
            "choose uniform",
        )
    there = {KINDS[group.kind] for group in cutting.groups(graph)}
    for name in KINDS.values():
        if getattr(config, name) and name not in there and not there:
            fixed = cutting.why_not(graph) or "none has units or heads"
            raise BadInput(
                f"structured_pruning of a network whose channels are tied (at {fixed})",
                "a layer whose units only later layers take",
                "leave out structured_pruning",
            )


@technique(StructuredPruning, format="keras", resize=_smaller, module="tensorflow", extra="tf")
def prune(artifact: Artifact, config: StructuredPruning, context: Context) -> Artifact:
    """A copy with fewer units, filters and heads.

    Raises:
        BadInput: for whole layers, or a network that has nothing to cut.
        Cancelled: when asked to stop.
    """
    model = form.load(artifact.folder)
    _possible(model.graph, config)
    found = cutting.groups(model.graph)
    values = _importance(artifact, model, config.importance, context)
    scores = Scores(
        tuple(values[g.layer] for g in found if g.kind == "heads"),
        tuple(values[g.layer] for g in found if g.kind == "units"),
    )
    members = {
        "heads": iter(within(list(scores.heads), config.heads)),
        "units": iter(within(list(scores.ffn), config.ffn)),
    }
    chosen = {group.layer: next(members[group.kind]) for group in found}
    graph = cutting.narrowed(model.graph, {name: len(of) for name, of in chosen.items()})
    weights = cutting.cut(model.weights, model.graph, chosen)
    return form.rewritten(artifact, context, config.name, form.Keras(model.about, graph, weights))


def _importance(
    artifact: Artifact, model: form.Keras, kind: str, context: Context
) -> dict[str, Any]:
    if kind == "taylor" and context.training[0]:
        from workbench.training.keras import scores

        return scores(artifact, context, ROWS)
    squares = {name: np.square(array) for name, array in model.weights.items()}
    totals = cutting.totals(squares, model.graph)
    return {name: np.sqrt(total) for name, total in totals.items()}
