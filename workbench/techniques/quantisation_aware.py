"""A Keras network trained on with INT8 rounding in it, so that it has learnt to live with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

from workbench.core.anatomy import Anatomy
from workbench.core.artifact import Artifact, Context
from workbench.core.knobs import Choice
from workbench.recipes.registry import technique
from workbench.techniques.covered import covered
from workbench.techniques.dynamic_int8 import only_litert
from workbench.techniques.widths import litert_int8
from workbench.training.keras import TrainOn, trained_on

# the library knows neither embeddings nor attention, and Conv1D not at all
TEXT, PICTURES = ("Dense",), ("Dense", "Conv2D", "DepthwiseConv2D")


@dataclass(frozen=True)
class QuantisationAware(TrainOn):
    """Train on with the rounding of INT8; LiteRT then stores these layers as INT8.

    Of networks for text it covers the dense layers, of networks for pictures all that have
    weights. With ``keep_zeros`` weights that were pruned stay zero.

    Source:
        Jacob et al. 2018, arXiv:1712.05877, sec. 3;
        https://www.tensorflow.org/model_optimization/guide/quantization/training and, for the
        zeros, https://www.tensorflow.org/model_optimization/guide/combine/pqat_example
    """

    name: ClassVar[str] = "quantisation_aware"
    keep_zeros: Annotated[bool, Choice((True, False), "weights that are zero stay zero")] = True


def _layers(of: Any) -> list[str]:
    graph = getattr(of, "graph", of)
    kinds = TEXT if getattr(graph, "reads_text", True) else PICTURES
    return covered(of, kinds, QuantisationAware.name, last=True)


def _smaller(anatomy: Anatomy, config: Any) -> Anatomy:
    layers = set(_layers(anatomy))
    inside = litert_int8(anatomy, config)

    def chosen(before: Any, after: Any) -> Any:
        return after if before.name.partition("/")[0] in layers else before

    parts = tuple(map(chosen, anatomy.parts, inside.parts))
    return replace(anatomy, parts=parts)


@technique(
    QuantisationAware,
    format="keras",
    resize=_smaller,
    module="tensorflow_model_optimization",
    extra="tf",
    fits=only_litert,
)
def train(artifact: Artifact, config: QuantisationAware, context: Context) -> Artifact:
    """A copy that was trained on, with the ranges that it learnt.

    Raises:
        BadInput: without training rows.
        Cancelled: when asked to stop.
    """
    from workbench.graphs.folder import read_graph

    layers = _layers(read_graph(artifact.folder))
    order = {"do": "aware", "layers": layers, "keep_zeros": config.keep_zeros}
    return trained_on(artifact, config.name, order, config, context)[0]
