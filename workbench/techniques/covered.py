"""Which layers of a Keras network a technique works on; told before any work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from workbench.core.anatomy import Anatomy
from workbench.core.errors import BadInput
from workbench.graphs.anatomy import GraphAnatomy
from workbench.graphs.graph import Graph

KERNELS = ("Dense", "Conv1D", "Conv2D")  # whose weights the toolkit masks and shares


def kernels_kept(name: str) -> Callable[[Anatomy, Any], Anatomy]:
    """What a technique that leaves all shapes does to them, if it has a layer to work on."""

    def same(anatomy: Anatomy, config: Any) -> Anatomy:
        covered(anatomy, KERNELS, name)
        return anatomy

    return same


def covered(of: Any, kinds: Sequence[str], name: str, last: bool = False) -> list[str]:
    """Names of the layers of these kinds; the one that gives the classes only if ``last``.

    Args:
        of: a graph, or an anatomy that has one.
        kinds: of layers.
        name: of the technique, for the error.
        last: whether the layer that gives the classes is one of them.

    Raises:
        BadInput: if there is none, with the kinds of layers that the network has.
    """
    graph = of.graph if isinstance(of, GraphAnatomy) else of
    if not isinstance(graph, Graph):
        raise BadInput(f"{name} of {of.family}", "a Keras network", f"leave out {name}")
    weighted = [layer for layer in graph.layers if graph.weights_of(layer)]
    found = [x.name for x in weighted if x.kind in kinds and (last or x is not weighted[-1])]
    if not found:
        there = ", ".join(sorted({layer.kind for layer in weighted}))
        wanted = f"at least one layer of the kinds {', '.join(kinds)}"
        raise BadInput(f"{name} of a network of {there}", wanted, f"leave out {name}")
    return found
