"""Kinds of layers that work along the axes of a text or picture: windows, pooling, shapes."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from workbench.graphs.kind import Config, DoesNotFit, Inputs, Kind, Shape, both, rank_of
from workbench.graphs.settings import Setting, activation, choice, count, flag, numbers


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


def with_bias(config: Config, kernel: Shape, name: str = "kernel") -> dict[str, Shape]:
    """A kernel, and a bias as long as its last axis where there is one."""
    return {name: kernel, **({"bias": kernel[-1:]} if config["use_bias"] else {})}


def dense(config: Config, inputs: Inputs) -> dict[str, Shape]:
    """Weights of a dense layer."""
    return with_bias(config, (inputs[0][-1], config["units"]))


def convolution(rank: int) -> Kind:
    """Over ``rank`` axes."""

    def shape(config: Config, inputs: Inputs) -> Shape:
        given = rank_of(inputs, rank + 1)
        size, step, spread = _windows(config, rank)
        places = (
            _window(length, wide, pace, config["padding"], by)
            for length, wide, pace, by in zip(given[:-1], size, step, spread, strict=True)
        )
        return (*places, config["filters"])

    def weights(config: Config, inputs: Inputs) -> dict[str, Shape]:
        channels = rank_of(inputs, rank + 1)[-1]
        if channels % config["groups"] or config["filters"] % config["groups"]:
            raise DoesNotFit(f"channels in {config['groups']} equal groups, not {channels}")
        size = both(config["kernel_size"], rank)
        return with_bias(config, (*size, channels // config["groups"], config["filters"]))

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


def depthwise() -> Kind:
    """Every channel by itself."""

    def shape(config: Config, inputs: Inputs) -> Shape:
        given = rank_of(inputs, 3)
        size, step, spread = _windows(config, 2)
        if len(set(step)) > 1:
            raise DoesNotFit("strides that are alike")
        places = (
            _window(length, wide, pace, config["padding"], by)
            for length, wide, pace, by in zip(given[:-1], size, step, spread, strict=True)
        )
        return (*places, given[-1] * config["depth_multiplier"])

    def weights(config: Config, inputs: Inputs) -> dict[str, Shape]:
        channels, times = rank_of(inputs, 3)[-1], config["depth_multiplier"]
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


def pooling(rank: int) -> Kind:
    """Over windows along ``rank`` axes."""

    def shape(config: Config, inputs: Inputs) -> Shape:
        given = rank_of(inputs, rank + 1)
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


def global_pooling(rank: int) -> Kind:
    """Over all of ``rank`` axes."""
    return Kind(
        {"keepdims": choice(False, default=False)},
        lambda _, inputs: rank_of(inputs, rank + 1)[-1:],
    )


def reshaped(config: Config, inputs: Inputs) -> Shape:
    """The same values in another shape."""
    wanted, total = tuple(config["target_shape"]), prod(inputs[0])
    rest = prod(x for x in wanted if x != -1)
    if total % rest or (-1 not in wanted and total != rest):
        raise DoesNotFit(f"an input of {rest} values, not {total}")
    return tuple(total // rest if x == -1 else x for x in wanted)


def padded(config: Config, inputs: Inputs) -> Shape:
    """With edges around it."""
    height, width, channels = rank_of(inputs, 3)
    (top, bottom), (left, right) = config["padding"]
    return height + top + bottom, width + left + right, channels


def edges(value: Any) -> bool:
    """Whether a value is a pair of numbers for each of two axes."""
    pair = numbers(2, low=0)
    return (
        type(value) is list
        and len(value) == 2
        and all(type(x) is list and pair.holds(x) for x in value)
    )


def alike(_: Config, inputs: Inputs) -> Shape:
    """Inputs of one shape."""
    if len(set(inputs)) != 1:
        raise DoesNotFit(f"inputs of one shape, not {', '.join(map(str, inputs))}")
    return inputs[0]


def on_last_axis(config: Config, inputs: Inputs) -> Shape:
    """The first input's shape, if the layer works on its last axis."""
    (place,) = both(config["axis"], 1)
    if place not in (-1, len(inputs[0])):
        raise DoesNotFit("its last axis")
    return inputs[0]


def joined(config: Config, inputs: Inputs) -> Shape:
    """Inputs one after the other on the last axis."""
    on_last_axis(config, inputs)
    if len({shape[:-1] for shape in inputs}) != 1:
        raise DoesNotFit("inputs that differ in their last dimension only")
    return (*inputs[0][:-1], sum(shape[-1] for shape in inputs))


def norm(*names: str) -> Callable[[Config, Inputs], dict[str, Shape]]:
    """Weights of a normalisation, of which some can be left out."""
    always = tuple(name for name in names if name not in ("gamma", "beta"))

    def weights(config: Config, inputs: Inputs) -> dict[str, Shape]:
        learnt = (("gamma", config["scale"]), ("beta", config["center"]))
        kept = (*(name for name, there in learnt if there), *always)
        return {name: inputs[0][-1:] for name in kept}

    return weights
