"""Which units, filters and heads of a graph can go, and what has to go with them.

A unit of a dense layer, or a filter of a convolution, can go where everything that takes from it,
through layers that treat each channel by itself, is again a dense layer, a convolution or a
recurrent layer: their weights for that channel go with it. Where channels are added to others,
joined, normalised together or given out, they stay. The heads of an attention layer can always go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

from workbench.core.anatomy import kept
from workbench.graphs.graph import Graph, Layer

MAKES = {"Dense": "units", "Conv1D": "filters", "Conv2D": "filters"}
TAKES = {"Dense": -2, "Conv1D": -2, "Conv2D": -2, "LSTM": -2, "GRU": -2}  # axis of the kernel
PASSES = (
    *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "Activation", "ReLU", "Rescaling"),
    *("BatchNormalization", "ZeroPadding2D", "MaxPooling1D", "MaxPooling2D"),
    *("AveragePooling1D", "AveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D"),
    *("GlobalAveragePooling1D", "GlobalAveragePooling2D"),
)


@dataclass(frozen=True)
class Cut:
    """Where the members of a group lie in one weight.

    Args:
        weight: ``layer/weight``.
        axis: along which they lie.
        times: how often all of them follow each other along that axis.
    """

    weight: str
    axis: int
    times: int = 1


@dataclass(frozen=True)
class Group:
    """Members that can go one by one.

    Args:
        kind: ``units`` (also filters) or ``heads``.
        layer: whose they are.
        setting: of that layer, which counts them.
        count: how many there are.
        cuts: everything of theirs.
    """

    kind: str
    layer: str
    setting: str
    count: int
    cuts: tuple[Cut, ...]


def groups(graph: Graph) -> tuple[Group, ...]:
    """All that can be cut, in the order of the layers."""
    found = []
    for layer in graph.layers:
        if layer.kind == "MultiHeadAttention":
            found.append(_heads(graph, layer))
        elif layer.kind in MAKES and layer.config.get("groups", 1) == 1:
            cuts = _followed(graph, layer)
            if cuts is not None:
                found.append(_units(graph, layer, cuts))
    return tuple(found)


def why_not(graph: Graph) -> str:
    """Which layers' units must stay, for whoever asks; empty if all can be cut."""
    able = {group.layer for group in groups(graph)}
    last = graph.layers[-1].name
    fixed = [x.name for x in graph.layers if x.kind in MAKES and x.name not in (*able, last)]
    return ", ".join(fixed)


def chosen(graph: Graph, shares: Mapping[str, float]) -> dict[str, int]:
    """How many members of each group stay, by layer: ``shares`` of a kind are removed."""
    return {g.layer: kept(g.count, shares.get(g.kind, 0.0)) for g in groups(graph)}


def narrowed(graph: Graph, left: Mapping[str, int]) -> Graph:
    """The graph with so many members left in each group, by layer."""
    settings = {g.layer: {g.setting: left[g.layer]} for g in groups(graph) if g.layer in left}
    return graph.changed(settings)


def cut(
    weights: Mapping[str, np.ndarray], graph: Graph, members: Mapping[str, list[int]]
) -> dict[str, np.ndarray]:
    """The weights of ``narrowed`` where just these members of each group stay, by layer."""
    made = dict(weights)
    for group in groups(graph):
        if group.layer in members:
            for one in group.cuts:
                made[one.weight] = _taken(made[one.weight], one, group, members[group.layer])
    return made


def totals(values: Mapping[str, np.ndarray], graph: Graph) -> dict[str, np.ndarray]:
    """Sums of ``values`` (shaped as the weights) over each member of each group, by layer."""
    found = {}
    for group in groups(graph):
        total = np.zeros(group.count)
        for one in group.cuts:
            parts = _apart(values[one.weight].astype(np.float64), one, group)
            total += parts.sum(axis=(0, 2))
        found[group.layer] = total
    return found


def _apart(tensor: np.ndarray, one: Cut, group: Group) -> np.ndarray:
    """(times, members, all the rest)."""
    front = np.moveaxis(tensor, one.axis, 0)
    return front.reshape(one.times, group.count, -1)


def _taken(tensor: np.ndarray, one: Cut, group: Group, members: list[int]) -> np.ndarray:
    front = np.moveaxis(tensor, one.axis, 0)
    pieces = front.reshape(one.times, group.count, *front.shape[1:])[:, members]
    left = pieces.reshape(one.times * len(members), *front.shape[1:])
    return np.ascontiguousarray(np.moveaxis(left, 0, one.axis))


def _heads(graph: Graph, layer: Layer) -> Group:
    axes = {"kernel": 1, "bias": 0}
    cuts = [Cut(f"{layer.name}/output/kernel", 0)]
    for name in graph.weights_of(layer):
        side, _, which = name.partition("/")
        if side != "output":
            cuts.append(Cut(f"{layer.name}/{name}", axes[which]))
    return Group("heads", layer.name, "num_heads", layer.config["num_heads"], tuple(cuts))


def _units(graph: Graph, layer: Layer, after: list[Cut]) -> Group:
    setting = MAKES[layer.kind]
    own = [Cut(f"{layer.name}/{name}", -1) for name in graph.weights_of(layer)]
    return Group("units", layer.name, setting, layer.config[setting], (*own, *after))


def _followed(graph: Graph, layer: Layer) -> list[Cut] | None:
    """What goes with a channel of this layer behind it; None where channels must stay."""
    if layer.config.get("activation") == "softmax":
        return None
    cuts: list[Cut] = []
    waiting = [(after, 1) for after in _takers(graph, layer)]
    if not waiting:
        return None
    while waiting:
        after, times = waiting.pop()
        behind = _takers(graph, after)
        if after.kind in TAKES and after.config.get("groups", 1) == 1:
            cuts.append(Cut(f"{after.name}/kernel", TAKES[after.kind], times))
            continue
        if after.kind == "Flatten":
            times *= prod(graph.shapes[after.sources[0]][:-1])
        elif after.kind in PASSES and after.config.get("activation") != "softmax":
            cuts += [Cut(f"{after.name}/{name}", -1, times) for name in graph.weights_of(after)]
        else:
            return None
        if not behind:
            return None
        waiting += [(one, times) for one in behind]
    return cuts


def _takers(graph: Graph, layer: Layer) -> list[Layer]:
    return [x for x in graph.layers if layer.name in x.sources]
