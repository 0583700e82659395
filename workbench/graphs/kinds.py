"""Every kind of layer that a network may have.

Source:
    https://keras.io/api/layers/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import prod
from typing import Any

from workbench.graphs.kind import Kind, rank_of
from workbench.graphs.kinds_mixing import (
    attended,
    attention,
    einsum_shape,
    einsum_weights,
    recurrent,
)
from workbench.graphs.kinds_spatial import (
    alike,
    convolution,
    dense,
    depthwise,
    edges,
    global_pooling,
    joined,
    norm,
    on_last_axis,
    padded,
    pooling,
    reshaped,
)
from workbench.graphs.settings import Setting, activation, axis, choice, count, flag, number, sizes

RATE = {"rate": number(0, 0.999, 0.5)}
NORM = {"axis": axis(), "center": flag(True), "scale": flag(True)}
EQUATION = Setting(
    lambda x: type(x) is str and bool(re.fullmatch("[a-z]{1,6},[a-z]{1,6}->[a-z]{1,6}", x)),
    "an equation such as abc,cd->abd",
)
LETTERS = Setting(
    lambda x: x is None or (type(x) is str and bool(re.fullmatch("[a-z]{1,6}", x))),
    "letters",
    None,
)
KINDS: Mapping[str, Kind] = {
    "InputLayer": Kind(
        {"shape": sizes(), "dtype": choice("int32", "float32")},
        lambda config, _: tuple(config["shape"]),
        inputs=(0, 0),
    ),
    "Embedding": Kind(
        {"input_dim": count(), "output_dim": count(), "mask_zero": flag(False)},
        lambda config, inputs: (*rank_of(inputs, 1), config["output_dim"]),
        lambda config, _: {"embeddings": (config["input_dim"], config["output_dim"])},
        role="embedding",
    ),
    "Dense": Kind(
        {"units": count(), "activation": activation(), "use_bias": flag(True)},
        lambda config, inputs: (*inputs[0][:-1], config["units"]),
        dense,
        role="ffn",
    ),
    "EinsumDense": Kind(
        {
            "equation": EQUATION,
            "output_shape": Setting(
                lambda x: type(x) is list and all(v is None or _is_count(v) for v in x),
                "a list of whole numbers",
            ),
            "activation": activation(),
            "bias_axes": LETTERS,
        },
        einsum_shape,
        einsum_weights,
        role="other",
    ),
    "Conv1D": convolution(1),
    "Conv2D": convolution(2),
    "DepthwiseConv2D": depthwise(),
    "MultiHeadAttention": Kind(
        {
            "num_heads": count(),
            "key_dim": count(),
            "value_dim": Setting(lambda x: x is None or _is_count(x), "a whole number", None),
            "use_bias": flag(True),
            "dropout": number(0, 0.999, 0.0),
        },
        attended,
        attention,
        inputs=(2, 3),
        role="attention",
    ),
    "LSTM": recurrent(4),
    "GRU": recurrent(3),
    "LayerNormalization": Kind(
        {**NORM, "epsilon": number(0, 1, 1e-3)},
        on_last_axis,
        norm("gamma", "beta"),
        role="norm",
    ),
    "BatchNormalization": Kind(
        {**NORM, "epsilon": number(0, 1, 1e-3), "momentum": number(0, 1, 0.99)},
        on_last_axis,
        norm("gamma", "beta", "moving_mean", "moving_variance"),
        role="norm",
    ),
    "Activation": Kind({"activation": activation()}),
    "ReLU": Kind(
        {
            "max_value": Setting(lambda x: x is None or x == 6, "6 or nothing", None),
            "negative_slope": number(0, 1, 0.0),
            "threshold": choice(0, 0.0, default=0.0),
        }
    ),
    "Softmax": Kind({"axis": axis()}, on_last_axis),
    "Dropout": Kind(RATE),
    "SpatialDropout1D": Kind(RATE),
    "SpatialDropout2D": Kind(RATE),
    "Rescaling": Kind(
        {"scale": number(-1e6, 1e6), "offset": number(-1e6, 1e6, 0.0)},
    ),
    "Flatten": Kind({}, lambda _, inputs: (prod(inputs[0]),)),
    "Reshape": Kind({"target_shape": sizes(free=1)}, reshaped),
    "ZeroPadding2D": Kind({"padding": Setting(edges, "two pairs of whole numbers")}, padded),
    "MaxPooling1D": pooling(1),
    "MaxPooling2D": pooling(2),
    "AveragePooling1D": pooling(1),
    "AveragePooling2D": pooling(2),
    "GlobalMaxPooling1D": global_pooling(1),
    "GlobalMaxPooling2D": global_pooling(2),
    "GlobalAveragePooling1D": global_pooling(1),
    "GlobalAveragePooling2D": global_pooling(2),
    "Add": Kind(shape=alike, inputs=(2, 16)),
    "Multiply": Kind(shape=alike, inputs=(2, 16)),
    "Concatenate": Kind({"axis": axis()}, joined, inputs=(2, 16)),
}


def _is_count(value: Any) -> bool:
    return count().holds(value)
