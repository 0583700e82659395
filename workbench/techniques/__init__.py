"""One file per technique: a config, a function, and what it does to the shapes."""

from workbench.techniques.bf16 import Bf16
from workbench.techniques.dynamic_int8 import DynamicInt8
from workbench.techniques.magnitude_pruning import MagnitudePruning
from workbench.techniques.structured_pruning import StructuredPruning

__all__ = ["Bf16", "DynamicInt8", "MagnitudePruning", "StructuredPruning"]
