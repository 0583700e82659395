"""Whole heads, feed-forward units and layers removed: smaller and faster on every engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np

from workbench.core.anatomy import Anatomy, Part, kept
from workbench.core.artifact import Artifact, Context
from workbench.core.errors import BadInput
from workbench.core.knobs import Choice, Span
from workbench.formats.blocks import FAMILIES, Family, Slot, family_of, layers_of, replace_weights
from workbench.recipes.registry import technique
from workbench.techniques.importance import Scores, score

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class StructuredPruning:
    """Remove the least important layers, then heads and feed-forward units of those left.

    Shares are what is removed, rounded to whole ones; at least one of each stays. Where keys and
    values are shared by several heads, a group goes together. With ``per_layer`` as many heads and
    units stay in all, but the important layers keep more of them.

    Source:
        Heads: Michel et al. 2019, arXiv:1905.10650. Units and layers: Xia et al. 2022,
        arXiv:2204.00408. Importance, and ranking across layers: Molchanov et al. 2019,
        arXiv:1906.10771.
    """

    name: ClassVar[str] = "structured_pruning"
    layers: Annotated[float, Span(0.0, 1.0, 0.01, "share of the layers removed")] = 0.0
    ffn: Annotated[float, Span(0.0, 1.0, 0.01, "share of the feed-forward units removed")] = 0.0
    heads: Annotated[float, Span(0.0, 1.0, 0.01, "share of the attention heads removed")] = 0.0
    importance: Annotated[
        str, Choice(("taylor", "magnitude"), "what tells important from unimportant")
    ] = "taylor"
    widths: Annotated[
        str, Choice(("uniform", "per_layer"), "every layer as wide, or the important ones wider")
    ] = "uniform"


def _smaller(anatomy: Anatomy, config: StructuredPruning) -> Anatomy:
    """The sizes afterwards; with ``per_layer`` of the average layer, whose sum is the same."""
    if anatomy.family not in FAMILIES:
        first = next((p.name for p in anatomy.parts if p.layer is not None), "no numbered layer")
        raise BadInput(
            f"structured_pruning of {anatomy.family} (at {first})",
            f"a model whose layers we know how to cut: {', '.join(sorted(FAMILIES))}",
            "leave out structured_pruning",
        )
    if not anatomy.even:  # how small it gets would depend on which of them go
        raise BadInput(
            "structured_pruning of a model whose layers are not equally wide",
            "equal layers, so that the size is known before anything runs",
            "prune the original model",
        )
    layers = kept(anatomy.layers, config.layers)
    groups, ffn = kept(anatomy.groups, config.heads), kept(anatomy.ffn, config.ffn)
    heads = anatomy.heads // anatomy.groups * groups
    widths = {
        ("attention", False): (heads, anatomy.heads),
        ("attention", True): (groups, anatomy.groups),
        ("ffn", False): (ffn, anatomy.ffn),
    }

    def cut(part: Part) -> Part:
        count = widths.get((part.role, part.grouped))
        return part.cut(*count) if count else part

    parts = tuple(cut(p) for p in anatomy.parts if p.layer is None or p.layer < layers)
    return replace(anatomy, parts=parts, layers=layers, heads=heads, groups=groups, ffn=ffn)


@technique(StructuredPruning, format="torch", resize=_smaller, writes=True)
def prune(artifact: Artifact, config: StructuredPruning, context: Context) -> Artifact:
    """A copy with fewer and narrower layers; ``about.kept`` tells which parts they were.

    Raises:
        BadInput: for a family whose layers we do not know.
        Cancelled: when asked to stop.
    """
    from workbench.formats.torch import copy

    family = family_of(artifact.payload.about.family)
    scores = score(artifact, family, config.importance, context)
    chosen = _chosen(scores, config)
    before = artifact.payload.about.kept
    pruned = copy(artifact, kept=_in_original(chosen, before))
    layers = layers_of(pruned.payload.encoder, family)
    for number, layer in zip(
        chosen["layers"], list(layers[i] for i in chosen["layers"]), strict=True
    ):
        at = chosen["layers"].index(number)
        _cut(layer, family, chosen["heads"][at], len(scores.heads[number]), chosen["ffn"][at])
    for number in reversed(range(len(layers))):
        if number not in chosen["layers"]:
            del layers[number]
    _renumber(layers)
    return pruned


def _chosen(scores: Scores, config: StructuredPruning) -> dict[str, Any]:
    layers = _best(scores.layers(), config.layers)
    choose = within
    if config.widths == "per_layer":
        choose = _across
        scores = scores.comparable() if config.importance == "magnitude" else scores
    return {
        "layers": layers,
        "heads": choose([scores.heads[i] for i in layers], config.heads),
        "ffn": choose([scores.ffn[i] for i in layers], config.ffn),
    }


def within(layers: list[np.ndarray], share: float) -> list[list[int]]:
    """As many in every layer."""
    return [_best(importance, share) for importance in layers]


def _across(layers: list[np.ndarray], share: float) -> list[list[int]]:
    """As many in all, the most important of all layers; the best of each layer always stays."""
    count = sum(kept(len(importance), share) for importance in layers)
    firsts = [int(np.argmax(importance)) for importance in layers]
    ranked = sorted(
        (-float(value), layer, unit)
        for layer, importance in enumerate(layers)
        for unit, value in enumerate(importance)
        if unit != firsts[layer]
    )
    chosen = [[first] for first in firsts]
    for _, layer, unit in ranked[: count - len(layers)]:
        chosen[layer].append(unit)
    return [sorted(units) for units in chosen]


def _best(importance: np.ndarray, share: float) -> list[int]:
    """Indices of the most important, in their old order."""
    count = kept(len(importance), share)
    return sorted(int(i) for i in np.argsort(-importance, kind="stable")[:count])


def _in_original(chosen: dict[str, Any], before: Any) -> dict[str, Any]:
    """The same choice, counted in the model that has never been pruned."""
    if before is None:
        return chosen
    return {
        "layers": [before["layers"][i] for i in chosen["layers"]],
        **{
            what: [
                [before[what][layer][i] for i in units]
                for layer, units in zip(chosen["layers"], chosen[what], strict=True)
            ]
            for what in ("heads", "ffn")
        },
    }


def _cut(layer: Any, family: Family, heads: list[int], groups: int, units: list[int]) -> None:
    def narrowed(slot: Slot, which: str, tensor: torch.Tensor, axis: int) -> torch.Tensor:
        return _select(tensor, axis, heads, groups, slot.fused)

    replace_weights(layer, family.heads, narrowed)
    width = layer.get_submodule(family.ffn[0].path).weight.shape[family.ffn[0].axis]
    replace_weights(
        layer, family.ffn, lambda slot, which, t, axis: _select(t, axis, units, width, slot.fused)
    )


def _select(
    tensor: torch.Tensor, axis: int, chosen: Sequence[int], total: int, fused: int
) -> torch.Tensor:
    """Keep the chosen of ``total`` equal pieces along an axis, in each of the fused parts."""
    import torch

    front = tensor.movedim(axis, 0)
    pieces = front.reshape(fused, total, -1, *front.shape[1:])
    left = pieces[:, torch.as_tensor(chosen)]
    return left.reshape(-1, *front.shape[1:]).movedim(0, axis)


def _renumber(layers: Any) -> None:
    """Attention modules know their place in the cache; keep it true."""
    for number, layer in enumerate(layers):
        for module in layer.modules():
            if hasattr(module, "layer_idx"):
                module.layer_idx = number
