"""The weights of each layer share a few values: smaller when packed, not faster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from workbench.core.artifact import Artifact, Context
from workbench.core.knobs import Span
from workbench.recipes.registry import technique
from workbench.techniques.covered import KERNELS, covered, kernels_kept
from workbench.training.keras import TrainOn, trained_on


@dataclass(frozen=True)
class WeightClustering(TrainOn):
    """Every weight of a dense or convolution layer becomes one of a few values of that layer.

    The values are learnt while the network trains on. The layer that gives the classes is left.

    Source:
        Han et al. 2016, "Deep Compression", arXiv:1510.00149, sec. 3;
        https://www.tensorflow.org/model_optimization/guide/clustering
    """

    name: ClassVar[str] = "weight_clustering"
    clusters: Annotated[int, Span(2, 256, 1, "values that the weights of a layer share")] = 16


@technique(
    WeightClustering,
    format="keras",
    resize=kernels_kept(WeightClustering.name),
    module="tensorflow_model_optimization",
    extra="tf",
)
def cluster(artifact: Artifact, config: WeightClustering, context: Context) -> Artifact:
    """A copy with so many values a layer.

    Raises:
        BadInput: without training rows, or if a layer has more values afterwards.
        Cancelled: when asked to stop.
    """
    from workbench.graphs.folder import read_graph

    layers = covered(read_graph(artifact.folder), KERNELS, config.name)
    order = {"do": "cluster", "layers": layers, "clusters": config.clusters}
    return trained_on(artifact, config.name, order, config, context)[0]
