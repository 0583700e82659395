"""The anatomy of a graph: its weights as parts, and the graph itself to plan cuts on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean

from workbench.core.anatomy import Anatomy, Part
from workbench.graphs.cutting import groups
from workbench.graphs.graph import Graph
from workbench.graphs.kinds import KINDS

WIDTH = 4.0  # bytes of a float32


@dataclass(frozen=True, kw_only=True)
class GraphAnatomy(Anatomy):
    """An anatomy that knows its graph; counts of heads and units are averages over its layers."""

    graph: Graph = field(hash=False)


def anatomy(graph: Graph, family: str, format: str = "keras") -> GraphAnatomy:
    """The parts of a graph in float32."""
    found = groups(graph)
    heads = [group.count for group in found if group.kind == "heads"]
    units = [group.count for group in found if group.kind == "units"]
    return GraphAnatomy(
        family,
        tuple(_parts(graph)),
        layers=1,
        heads=round(fmean(heads)) if heads else 1,
        groups=round(fmean(heads)) if heads else 1,
        ffn=round(fmean(units)) if units else 1,
        format=format,
        graph=graph,
    )


def _parts(graph: Graph) -> list[Part]:
    kinds: Mapping[str, str] = {layer.name: layer.kind for layer in graph.layers}
    last = next(x.name for x in reversed(graph.layers) if graph.weights_of(x))

    def role(name: str) -> str:
        layer = name.partition("/")[0]
        return "linear" if layer == last else KINDS[kinds[layer]].role

    return [Part(name, shape, role(name), width=WIDTH) for name, shape in graph.weights.items()]
