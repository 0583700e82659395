"""Keras networks of our own, as graphs: two for texts, one for small pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from workbench.graphs.graph import Graph, Layer, complete

CONVOLUTION, TRANSFORMER, PICTURES = "keras-conv1d", "keras-transformer", "keras-cnn"
LARGEST = 10_000_000  # bytes of the largest of them, with all words and a thousand classes
WIDE, HEADS, INNER = 128, 4, 256  # vectors, heads and feed-forward units


def _layer(name: str, kind: str, *sources: str, **config: Any) -> Layer:
    return Layer(name, kind, complete(kind, config), sources)


def convolution(shape: tuple[int, ...], rows: int, classes: int) -> Graph:
    """Word vectors, one convolution over five of them, the strongest answer of each filter.

    Source:
        Kim 2014, "Convolutional Neural Networks for Sentence Classification", arXiv:1408.5882.
    """
    return Graph(
        (
            _layer("tokens", "InputLayer", shape=list(shape), dtype="int32"),
            _layer("vectors", "Embedding", "tokens", input_dim=rows, output_dim=WIDE),
            _layer("thinned", "Dropout", "vectors", rate=0.3),
            _layer(
                *("phrases", "Conv1D", "thinned"),
                filters=256,
                kernel_size=3,
                padding="same",
                activation="relu",
            ),
            _layer("strongest", "GlobalMaxPooling1D", "phrases"),
            _layer("inner", "Dense", "strongest", units=256, activation="relu"),
            _layer("inner_thinned", "Dropout", "inner", rate=0.4),
            _layer("classes", "Dense", "inner_thinned", units=classes),
        )
    )


def transformer(shape: tuple[int, ...], rows: int, classes: int) -> Graph:
    """One transformer encoder block over word vectors with learnt positions.

    Source:
        Vaswani et al. 2017, arXiv:1706.03762, sec. 3.
    """
    (length,) = shape
    return Graph(
        (
            _layer("tokens", "InputLayer", shape=[length], dtype="int32"),
            _layer("vectors", "Embedding", "tokens", input_dim=rows, output_dim=WIDE),
            # the bias differs from place to place: these are the learnt positions
            _layer(
                *("positions", "EinsumDense", "vectors"),
                equation="abc,cd->abd",
                output_shape=[length, WIDE],
                bias_axes="bd",
            ),
            _layer("thinned", "Dropout", "positions", rate=0.2),
            _layer(
                *("attention", "MultiHeadAttention", "thinned", "thinned"),
                num_heads=HEADS,
                key_dim=WIDE // HEADS,
                dropout=0.1,
            ),
            _layer("attended", "Add", "thinned", "attention"),
            _layer("norm", "LayerNormalization", "attended", epsilon=1e-6),
            _layer("inner", "Dense", "norm", units=INNER, activation="relu"),
            _layer("inner_thinned", "Dropout", "inner", rate=0.2),
            _layer("outer", "Dense", "inner_thinned", units=WIDE),
            _layer("summed", "Add", "norm", "outer"),
            _layer("last_norm", "LayerNormalization", "summed", epsilon=1e-6),
            _layer("strongest", "GlobalMaxPooling1D", "last_norm"),
            _layer("last_thinned", "Dropout", "strongest", rate=0.4),
            _layer("classes", "Dense", "last_thinned", units=classes),
        )
    )


def pictures(shape: tuple[int, ...], rows: int, classes: int) -> Graph:
    """Two convolutions and a dense layer over pixels of 0 to 255.

    Source:
        LeCun et al. 1998, "Gradient-Based Learning Applied to Document Recognition".
    """
    return Graph(
        (
            _layer("pixels", "InputLayer", shape=list(shape), dtype="float32"),
            _layer("scaled", "Rescaling", "pixels", scale=1 / 255),
            _layer(
                *("edges", "Conv2D", "scaled"),
                filters=32,
                kernel_size=3,
                padding="same",
                activation="relu",
            ),
            _layer(
                *("parts", "Conv2D", "edges"),
                filters=64,
                kernel_size=3,
                padding="same",
                activation="relu",
            ),
            _layer("pooled", "MaxPooling2D", "parts"),
            _layer("flat", "Flatten", "pooled"),
            _layer("inner", "Dense", "flat", units=128, activation="relu"),
            _layer("inner_thinned", "Dropout", "inner", rate=0.3),
            _layer("classes", "Dense", "inner_thinned", units=classes),
        )
    )


NETWORKS: Mapping[str, Callable[[tuple[int, ...], int, int], Graph]] = {
    CONVOLUTION: convolution,
    TRANSFORMER: transformer,
    PICTURES: pictures,
}
