"""One file per technique: a config, a function, and what it does to the shapes."""

from workbench.techniques import keras_structured
from workbench.techniques.bf16 import Bf16
from workbench.techniques.distillation import Distillation
from workbench.techniques.dynamic_int8 import DynamicInt8
from workbench.techniques.fp8 import Fp8
from workbench.techniques.fp16 import Fp16
from workbench.techniques.gradual_pruning import GradualPruning
from workbench.techniques.magnitude_pruning import MagnitudePruning
from workbench.techniques.quantisation_aware import QuantisationAware
from workbench.techniques.static_int8 import StaticInt8
from workbench.techniques.structured_pruning import StructuredPruning
from workbench.techniques.vocabulary_pruning import VocabularyPruning
from workbench.techniques.weight_clustering import WeightClustering
from workbench.techniques.weight_only import WeightOnly

__all__ = [
    "Bf16",
    "Distillation",
    "DynamicInt8",
    "Fp8",
    "Fp16",
    "GradualPruning",
    "MagnitudePruning",
    "QuantisationAware",
    "StaticInt8",
    "StructuredPruning",
    "VocabularyPruning",
    "WeightClustering",
    "WeightOnly",
    "keras_structured",
]
