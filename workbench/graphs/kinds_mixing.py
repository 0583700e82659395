"""Kinds of layers that mix positions: attention, products of any axes, recurrent ones."""

from __future__ import annotations

from workbench.graphs.kind import Config, DoesNotFit, Inputs, Kind, Shape, rank_of
from workbench.graphs.settings import choice, count, flag


def attended(config: Config, inputs: Inputs) -> Shape:
    """As the queries."""
    if any(len(shape) != 2 for shape in inputs) or len({shape[0] for shape in inputs[1:]}) != 1:
        raise DoesNotFit("queries, and as many keys as values")
    return inputs[0]


def attention(config: Config, inputs: Inputs) -> dict[str, Shape]:
    """Weights of queries, keys, values and output."""
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


def einsum_shape(config: Config, inputs: Inputs) -> Shape:
    """What an equation gives."""
    _, _, result, lengths = _letters(config, inputs)
    return tuple(lengths[x] for x in result[1:])


def einsum_weights(config: Config, inputs: Inputs) -> dict[str, Shape]:
    """What an equation multiplies by."""
    _, kernel, result, lengths = _letters(config, inputs)
    found = {"kernel": tuple(lengths[x] for x in kernel)}
    if config["bias_axes"]:
        first = min(result.index(x) for x in config["bias_axes"])
        found["bias"] = tuple(
            lengths[x] if x in config["bias_axes"] else 1 for x in result[first:]
        )
    return found


def recurrent(gates: int) -> Kind:
    """One position after the other, with so many gates."""

    def shape(config: Config, inputs: Inputs) -> Shape:
        length, _ = rank_of(inputs, 2)
        return (length, config["units"]) if config["return_sequences"] else (config["units"],)

    def weights(config: Config, inputs: Inputs) -> dict[str, Shape]:
        units = config["units"]
        found: dict[str, Shape] = {
            "kernel": (rank_of(inputs, 2)[-1], gates * units),
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
