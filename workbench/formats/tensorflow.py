"""TensorFlow with its legacy Keras, and a network built there from a graph."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from workbench.core.deps import needs
from workbench.graphs import folder as files
from workbench.graphs.graph import Graph, Layer

SETTINGS = {"TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "GLOG_minloglevel": "3"}
AWARE, AWARE_WEIGHTS = "aware.json", "aware.safetensors"  # of a quantisation-aware network


def tensorflow(why: str) -> Any:
    """The library, so that Keras in it is ``tf_keras``.

    Args:
        why: what the user was doing, as a noun phrase.

    Raises:
        MissingDependency: without the ``tf`` extra.
    """
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    with needs("tf", why=why):
        import tensorflow
        import tf_keras  # noqa: F401
    return tensorflow


def built(graph: Graph, weights: Mapping[str, np.ndarray], to_convert: bool = False) -> Any:
    """A ``tf_keras`` model of a graph with these weights.

    Args:
        graph: its layers.
        weights: float32, by ``layer/weight``.
        to_convert: whether for LiteRT: the same sums out of operators that it is quick at.
    """
    tensorflow("a Keras model")
    import tf_keras

    made: dict[str, Any] = {}
    first = graph.layers[0]
    made[first.name] = tf_keras.Input(
        tuple(first.config["shape"]), dtype=first.config["dtype"], name=first.name
    )
    for layer in graph.layers[1:]:
        inputs = [made[source] for source in layer.sources]
        made[layer.name] = _called(_layer(layer, to_convert), layer, inputs)
    model = tf_keras.Model(made[first.name], made[graph.layers[-1].name])
    for layer in graph.layers:
        names = [f"{layer.name}/{name}" for name in graph.weights_of(layer)]
        if names:
            model.get_layer(layer.name).set_weights([weights[name] for name in names])
    return model


def _layer(layer: Layer, to_convert: bool) -> Any:
    import tf_keras

    config = dict(layer.config)
    if to_convert and layer.kind == "LayerNormalization":
        return _normalisation()(name=layer.name, **{**config, "axis": -1})
    if layer.kind == "EinsumDense":
        config["output_shape"] = tuple(config["output_shape"])
    if "axis" in config:
        config["axis"] = -1  # which it is, however the file spelt it
    return getattr(tf_keras.layers, layer.kind)(name=layer.name, **config)


@cache
def _normalisation() -> Any:
    """A layer normalisation without SQUARED_DIFFERENCE, which has no quick kernel for INT8.

    Of 1.1 ms that a small transformer took in whole numbers, two of those took 0.11 ms; a
    difference times itself takes a tenth of that.
    """
    import tensorflow as tf
    import tf_keras

    class Normalisation(tf_keras.layers.LayerNormalization):
        """The same weights, and the same answers but for rounding."""

        def call(self, inputs: Any) -> Any:
            apart = inputs - tf.reduce_mean(inputs, -1, keepdims=True)
            spread = tf.reduce_mean(apart * apart, -1, keepdims=True)
            found = apart * tf.math.rsqrt(spread + self.epsilon)
            found = found * self.gamma if self.scale else found
            return found + self.beta if self.center else found

    return Normalisation


def _called(made: Any, layer: Layer, inputs: list[Any]) -> Any:
    if layer.kind == "MultiHeadAttention":
        return made(*inputs)
    return made(inputs if len(inputs) > 1 else inputs[0])


def weights_in(model: Any, graph: Graph) -> dict[str, np.ndarray]:
    """The weights of a model that was built from a graph, by the graph's names."""
    found: dict[str, np.ndarray] = {}
    for layer in graph.layers:
        names = list(graph.weights_of(layer))
        if names:
            arrays = model.get_layer(layer.name).get_weights()
            found |= {f"{layer.name}/{n}": a for n, a in zip(names, arrays, strict=True)}
    return found


def opened(folder: Path, to_convert: bool = False) -> Any:
    """The model of an artifact folder; quantisation-aware if it was trained so."""
    graph, weights = files.read(folder)
    trained_so = (folder / AWARE).is_file()  # then what is not a Dense layer stays in float
    model = built(graph, weights, to_convert and not trained_so)
    if trained_so:
        from safetensors.numpy import load_file

        told = json.loads((folder / AWARE).read_text(encoding="utf-8"))
        model = aware(model, told["layers"], told["keep_zeros"])
        kept = load_file(folder / AWARE_WEIGHTS)
        model.set_weights([kept[f"{i:05d}"] for i in range(len(kept))])
    return model


def aware(model: Any, layers: list[str], keep_zeros: bool) -> Any:
    """The model with INT8 rounding put into some of its layers while it trains.

    Source:
        Jacob et al. 2018, arXiv:1712.05877, sec. 3.
    """
    import tensorflow_model_optimization as tfmot
    import tf_keras

    quantisation = tfmot.quantization.keras

    def marked(layer: Any) -> Any:
        if layer.name in layers:
            return quantisation.quantize_annotate_layer(layer)
        return layer

    annotated = tf_keras.models.clone_model(model, clone_function=marked)
    annotated.set_weights(model.get_weights())
    if not keep_zeros:
        return quantisation.quantize_apply(annotated)
    scheme = tfmot.experimental.combine.Default8BitPrunePreserveQuantizeScheme()
    registry = scheme.get_quantize_registry()
    plain = quantisation.default_8bit.Default8BitQuantizeScheme().get_quantize_registry()
    # its own says yes to every layer without weights, and then fails on some of them
    registry.supports = plain.supports
    scheme.get_quantize_registry = lambda: registry
    return quantisation.quantize_apply(annotated, scheme)
