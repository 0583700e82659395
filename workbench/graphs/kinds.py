"""The kinds of layers that a network may have: settings, the shape they give, their weights.

Shapes are without the batch. Weights are named and ordered as Keras keeps them.

Source:
    https://keras.io/api/layers/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

from workbench.graphs.settings import (
    Setting,
    activation,
    axis,
    choice,
    count,
    flag,
    number,
    numbers,
    sizes,
)

Shape = tuple[int, ...]
Config = Mapping[str, Any]
Inputs = Sequence[Shape]


class DoesNotFit(Exception):
    """The layer cannot take inputs of these shapes; the message says what it takes."""


def _nothing(_: Config, __: Inputs) -> dict[str, Shape]:
    return {}


def _same(_: Config, inputs: Inputs) -> Shape:
    return inputs[0]


@dataclass(frozen=True)
class Kind:
    """One kind of layer.

    Args:
        settings: by name; what is not among them must not be in a file (see ``reading``).
        shape: ``shape(config, input shapes)`` of what it gives.
        weights: likewise, names to shapes in Keras's order.
        inputs: (fewest, most) layers that it takes from.
        role: of its weights, as an anatomy names it.
    """

    settings: Mapping[str, Setting] = field(default_factory=dict)
    shape: Callable[[Config, Inputs], Shape] = _same
    weights: Callable[[Config, Inputs], dict[str, Shape]] = _nothing
    inputs: tuple[int, int] = (1, 1)
    role: str = "linear"


def _rank(inputs: Inputs, rank: int) -> Shape:
    if len(inputs[0]) != rank:
        raise DoesNotFit(f"an input of {rank} dimensions, not {len(inputs[0])}")
    return inputs[0]


def both(value: Any, rank: int) -> tuple[int, ...]:
    """One number for all axes, or one for each."""
    return tuple(value) if isinstance(value, list) else (value,) * rank


def _window(length: int, size: int, step: int, padding: str, spread: int = 1) -> int:
    reach = (size - 1) * spread + 1
    left = -(-length // step) if padding != "valid" else (length - reach) // step + 1
    if left < 1:
        raise DoesNotFit(f"at least {reach} positions, not {length}")
    return left


def _windows(config: Config, rank: int) -> tuple[tuple[int, ...], ...]:
    """Size, step and spread of a window along each axis."""
    size, step, spread = (
        both(config[x], rank) for x in ("kernel_size", "strides", "dilation_rate")
    )
    if max(step) > 1 and max(spread) > 1:
        raise DoesNotFit("strides or dilation, not both")
    return size, step, spread


def _with_bias(config: Config, kernel: Shape, name: str = "kernel") -> dict[str, Shape]:
    return {name: kernel, **({"bias": kernel[-1:]} if config["use_bias"] else {})}


def _dense(config: Config, inputs: Inputs) -> dict[str, Shape]:
    return _with_bias(config, (inputs[0][-1], config["units"]))


def _convolution(rank: int) -> Kind:
    def shape(config: Config, inputs: Inputs) -> Shape:
        given = _rank(inputs, rank + 1)
        size, step, spread = _windows(config, rank)
        places = (
            _window(length, wide, pace, config["padding"], by)
            for length, wide, pace, by in zip(given[:-1], size, step, spread, strict=True)
        )
        return (*places, config["filters"])

    def weights(config: Config, inputs: Inputs) -> dict[str, Shape]:
        channels = _rank(inputs, rank + 1)[-1]
        if channels % config["groups"] or config["filters"] % config["groups"]:
            raise DoesNotFit(f"channels in {config['groups']} equal groups, not {channels}")
        size = both(config["kernel_size"], rank)
        return _with_bias(config, (*size, channels // config["groups"], config["filters"]))

    paddings = ("valid", "same", "causal") if rank == 1 else ("valid", "same")
    settings = {
        "filters": count(),
        "kernel_size": numbers(rank),
        "strides": numbers(rank, default=1),
        "padding": choice(*paddings, default="valid"),
        "dilation_rate": numbers(rank, default=1),
        "groups": count(1),
        "activation": activation(),
        "use_bias": flag(True),
    }
    return Kind(settings, shape, weights, role="ffn")


def _depthwise() -> Kind:
    def shape(config: Config, inputs: Inputs) -> Shape:
        given = _rank(inputs, 3)
        size, step, spread = _windows(config, 2)
        if len(set(step)) > 1:
            raise DoesNotFit("strides that are alike")
        places = (
            _window(length, wide, pace, config["padding"], by)
            for length, wide, pace, by in zip(given[:-1], size, step, spread, strict=True)
        )
        return (*places, given[-1] * config["depth_multiplier"])

    def weights(config: Config, inputs: Inputs) -> dict[str, Shape]:
        channels, times = _rank(inputs, 3)[-1], config["depth_multiplier"]
        kernel = (*both(config["kernel_size"], 2), channels, times)
        bias = {"bias": (channels * times,)} if config["use_bias"] else {}
        return {"depthwise_kernel": kernel, **bias}

    settings = {
        "kernel_size": numbers(2),
        "strides": numbers(2, default=1),
        "padding": choice("valid", "same", default="valid"),
        "depth_multiplier": count(1),
        "dilation_rate": numbers(2, default=1),
        "activation": activation(),
        "use_bias": flag(True),
    }
    return Kind(settings, shape, weights, role="ffn")


def _pooling(rank: int) -> Kind:
    def shape(config: Config, inputs: Inputs) -> Shape:
        given = _rank(inputs, rank + 1)
        size = both(config["pool_size"], rank)
        step = both(config["strides"], rank) if config["strides"] is not None else size
        places = (
            _window(*of, config["padding"]) for of in zip(given[:-1], size, step, strict=True)
        )
        return (*places, given[-1])

    paces = numbers(rank)
    settings = {
        "pool_size": numbers(rank, default=2),
        "strides": Setting(lambda x: x is None or paces.holds(x), paces.wanted, None),
        "padding": choice("valid", "same", default="valid"),
    }
    return Kind(settings, shape)


def _global(rank: int) -> Kind:
    return Kind(
        {"keepdims": choice(False, default=False)},
        lambda _, inputs: _rank(inputs, rank + 1)[-1:],
    )


def _reshaped(config: Config, inputs: Inputs) -> Shape:
    wanted, total = tuple(config["target_shape"]), prod(inputs[0])
    rest = prod(x for x in wanted if x != -1)
    if total % rest or (-1 not in wanted and total != rest):
        raise DoesNotFit(f"an input of {rest} values, not {total}")
    return tuple(total // rest if x == -1 else x for x in wanted)


def _padded(config: Config, inputs: Inputs) -> Shape:
    height, width, channels = _rank(inputs, 3)
    (top, bottom), (left, right) = config["padding"]
    return height + top + bottom, width + left + right, channels


def _edges(value: Any) -> bool:
    pair = numbers(2, low=0)
    return (
        type(value) is list
        and len(value) == 2
        and all(type(x) is list and pair.holds(x) for x in value)
    )


def _alike(_: Config, inputs: Inputs) -> Shape:
    if len(set(inputs)) != 1:
        raise DoesNotFit(f"inputs of one shape, not {', '.join(map(str, inputs))}")
    return inputs[0]


def on_last_axis(config: Config, inputs: Inputs) -> Shape:
    """The first input's shape, if the layer works on its last axis."""
    (place,) = both(config["axis"], 1)
    if place not in (-1, len(inputs[0])):
        raise DoesNotFit("its last axis")
    return inputs[0]


def _joined(config: Config, inputs: Inputs) -> Shape:
    on_last_axis(config, inputs)
    if len({shape[:-1] for shape in inputs}) != 1:
        raise DoesNotFit("inputs that differ in their last dimension only")
    return (*inputs[0][:-1], sum(shape[-1] for shape in inputs))


def _norm(*names: str) -> Callable[[Config, Inputs], dict[str, Shape]]:
    always = tuple(name for name in names if name not in ("gamma", "beta"))

    def weights(config: Config, inputs: Inputs) -> dict[str, Shape]:
        learnt = (("gamma", config["scale"]), ("beta", config["center"]))
        kept = (*(name for name, there in learnt if there), *always)
        return {name: inputs[0][-1:] for name in kept}

    return weights


def _attended(config: Config, inputs: Inputs) -> Shape:
    if any(len(shape) != 2 for shape in inputs) or len({shape[0] for shape in inputs[1:]}) != 1:
        raise DoesNotFit("queries, and as many keys as values")
    return inputs[0]


def _attention(config: Config, inputs: Inputs) -> dict[str, Shape]:
    query, value = inputs[0], inputs[1]
    key = inputs[2] if len(inputs) > 2 else value
    heads, wide = config["num_heads"], config["key_dim"]
    out = config["value_dim"] or wide
    found: dict[str, Shape] = {}
    for name, given, size in (("query", query, wide), ("key", key, wide), ("value", value, out)):
        found[f"{name}/kernel"] = (given[-1], heads, size)
        if config["use_bias"]:
            found[f"{name}/bias"] = (heads, size)
    found["output/kernel"] = (heads, out, query[-1])
    if config["use_bias"]:
        found["output/bias"] = (query[-1],)
    return found


def _letters(config: Config, inputs: Inputs) -> tuple[str, str, str, dict[str, int]]:
    """Of ``abc,cd->abd``: the three groups of letters, and the length of each letter."""
    left, _, result = config["equation"].partition("->")
    given, _, kernel = left.partition(",")
    out = config["output_shape"]
    lengths = (
        dict(zip(given[1:], inputs[0], strict=True)) if len(given) == len(inputs[0]) + 1 else None
    )
    if lengths is None or len(result) != len(out) + 1 or given[0] != result[0]:
        raise DoesNotFit(f"an input for the equation {config['equation']}")
    for letter, size in zip(result[1:], out, strict=True):
        if size is not None and lengths.setdefault(letter, size) != size:
            raise DoesNotFit(f"an input for the equation {config['equation']}")
    bias = set(config["bias_axes"] or "")
    once = all(len(set(x)) == len(x) for x in (given, kernel, result))
    if (
        not set(kernel) | set(result[1:]) <= set(lengths)
        or not once
        or not bias <= set(result[1:])
    ):
        raise DoesNotFit("an equation whose letters the shapes and axes explain")
    return given, kernel, result, lengths


def _einsum_shape(config: Config, inputs: Inputs) -> Shape:
    _, _, result, lengths = _letters(config, inputs)
    return tuple(lengths[x] for x in result[1:])


def _einsum_weights(config: Config, inputs: Inputs) -> dict[str, Shape]:
    _, kernel, result, lengths = _letters(config, inputs)
    found = {"kernel": tuple(lengths[x] for x in kernel)}
    if config["bias_axes"]:
        first = min(result.index(x) for x in config["bias_axes"])
        found["bias"] = tuple(
            lengths[x] if x in config["bias_axes"] else 1 for x in result[first:]
        )
    return found


def _recurrent(gates: int) -> Kind:
    def shape(config: Config, inputs: Inputs) -> Shape:
        length, _ = _rank(inputs, 2)
        return (length, config["units"]) if config["return_sequences"] else (config["units"],)

    def weights(config: Config, inputs: Inputs) -> dict[str, Shape]:
        units = config["units"]
        found: dict[str, Shape] = {
            "kernel": (_rank(inputs, 2)[-1], gates * units),
            "recurrent_kernel": (units, gates * units),
        }
        if config["use_bias"]:
            twice = gates == 3 and config["reset_after"]
            found["bias"] = (2, gates * units) if twice else (gates * units,)
        return found

    settings = {
        "units": count(),
        "activation": choice("tanh", default="tanh"),
        "recurrent_activation": choice("sigmoid", default="sigmoid"),
        "use_bias": flag(True),
        "return_sequences": flag(False),
        "go_backwards": flag(False),
        **({"reset_after": flag(True)} if gates == 3 else {}),
    }
    return Kind(settings, shape, weights, role="other")


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
        lambda config, inputs: (*_rank(inputs, 1), config["output_dim"]),
        lambda config, _: {"embeddings": (config["input_dim"], config["output_dim"])},
        role="embedding",
    ),
    "Dense": Kind(
        {"units": count(), "activation": activation(), "use_bias": flag(True)},
        lambda config, inputs: (*inputs[0][:-1], config["units"]),
        _dense,
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
        _einsum_shape,
        _einsum_weights,
        role="other",
    ),
    "Conv1D": _convolution(1),
    "Conv2D": _convolution(2),
    "DepthwiseConv2D": _depthwise(),
    "MultiHeadAttention": Kind(
        {
            "num_heads": count(),
            "key_dim": count(),
            "value_dim": Setting(lambda x: x is None or _is_count(x), "a whole number", None),
            "use_bias": flag(True),
            "dropout": number(0, 0.999, 0.0),
        },
        _attended,
        _attention,
        inputs=(2, 3),
        role="attention",
    ),
    "LSTM": _recurrent(4),
    "GRU": _recurrent(3),
    "LayerNormalization": Kind(
        {**NORM, "epsilon": number(0, 1, 1e-3)},
        on_last_axis,
        _norm("gamma", "beta"),
        role="norm",
    ),
    "BatchNormalization": Kind(
        {**NORM, "epsilon": number(0, 1, 1e-3), "momentum": number(0, 1, 0.99)},
        on_last_axis,
        _norm("gamma", "beta", "moving_mean", "moving_variance"),
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
    "Reshape": Kind({"target_shape": sizes(free=1)}, _reshaped),
    "ZeroPadding2D": Kind({"padding": Setting(_edges, "two pairs of whole numbers")}, _padded),
    "MaxPooling1D": _pooling(1),
    "MaxPooling2D": _pooling(2),
    "AveragePooling1D": _pooling(1),
    "AveragePooling2D": _pooling(2),
    "GlobalMaxPooling1D": _global(1),
    "GlobalMaxPooling2D": _global(2),
    "GlobalAveragePooling1D": _global(1),
    "GlobalAveragePooling2D": _global(2),
    "Add": Kind(shape=_alike, inputs=(2, 16)),
    "Multiply": Kind(shape=_alike, inputs=(2, 16)),
    "Concatenate": Kind({"axis": axis()}, _joined, inputs=(2, 16)),
}


def _is_count(value: Any) -> bool:
    return count().holds(value)
