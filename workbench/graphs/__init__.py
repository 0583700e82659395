"""Keras networks as data: layers, shapes, weights, and what can be cut; no framework is loaded."""

from workbench.graphs.anatomy import GraphAnatomy, anatomy
from workbench.graphs.graph import Graph, Layer

__all__ = ["Graph", "GraphAnatomy", "Layer", "anatomy"]
