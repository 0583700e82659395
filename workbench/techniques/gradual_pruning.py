"""The smallest weights of a Keras network set to zero little by little, while it trains on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from workbench.core.artifact import Artifact, Context
from workbench.core.knobs import Choice, Span
from workbench.recipes.registry import technique
from workbench.techniques.covered import KERNELS, covered, kernels_kept
from workbench.training.keras import TrainOn, trained_on


@dataclass(frozen=True)
class GradualPruning(TrainOn):
    """Zero the smallest weights of dense and convolution layers on a schedule, training on.

    With ``polynomial`` the share rises from nothing, fast at first; with ``constant`` it is there
    from the first step. Shapes and stored bytes stay; packed, the file is smaller. It is checked
    afterwards that the zeros are there. The layer that gives the classes is left.

    Source:
        Zhu and Gupta 2017, "To prune, or not to prune", arXiv:1710.01878, sec. 3;
        https://www.tensorflow.org/model_optimization/guide/pruning
    """

    name: ClassVar[str] = "gradual_pruning"
    amount: Annotated[float, Span(0.05, 0.95, 0.05, "share of the weights set to zero")] = 0.5
    schedule: Annotated[
        str, Choice(("polynomial", "constant"), "how the share of zeros rises")
    ] = "polynomial"


@technique(
    GradualPruning,
    format="keras",
    resize=kernels_kept(GradualPruning.name),
    module="tensorflow_model_optimization",
    extra="tf",
)
def prune(artifact: Artifact, config: GradualPruning, context: Context) -> Artifact:
    """A copy that was trained on until that share of its weights is zero.

    Raises:
        BadInput: without training rows, or if the zeros are not there afterwards.
        Cancelled: when asked to stop.
    """
    from workbench.graphs.folder import read_graph

    layers = covered(read_graph(artifact.folder), KERNELS, config.name)
    order = {"do": "prune", "layers": layers, "amount": config.amount}
    return trained_on(
        artifact, config.name, {**order, "schedule": config.schedule}, config, context
    )[0]
