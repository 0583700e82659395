"""From the configuration that Keras 3 or tf_keras saves to a graph; nothing is deserialised.

Both libraries build whatever classes and functions a configuration names. This reads it as plain
data: kinds of layers that ``kinds.KINDS`` lists, settings that it checks, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.core.errors import BadInput
from workbench.graphs.graph import MOST_LAYERS, ONE, Graph, Layer, complete
from workbench.graphs.kinds import KINDS
from workbench.graphs.wiring import (
    MODELS,
    SHAPES,
    Saved,
    functional,
    part,
    plainly,
    sequential,
)

# settings that change nothing about the answers, or repeat what the layers around them say
IDLE = {
    *("name", "trainable", "dtype", "ragged", "input_length", "input_dtype", "optional"),
    *("seed", "noise_shape", "data_format", "sparse", "build_config", "autocast"),
    *("query_shape", "key_shape", "value_shape", "output_shape", "attention_axes"),
    *("implementation", "unroll", "dropout", "recurrent_dropout", "unit_forget_bias"),
    *("pruning_policy", "flash_attention", "reset_after", "renorm_momentum"),
}
WHOLE = ("target_shape", "output_shape")  # lists, also of one number
JOINS = {"Add", "Multiply", "Concatenate", "MultiHeadAttention"}
SUFFIXES = ("_initializer", "_regularizer", "_constraint")
# settings that must stand as they are by default: otherwise the layer computes something else
ONLY: Mapping[str, tuple[Any, ...]] = {
    "data_format": (None, "channels_last"),
    "sparse": (False, None),
    "ragged": (False, None),
    "attention_axes": (None, 1),  # the positions of the one text
    "groups": (1,),
    "softmax_robust_masking": (False,),
    "output_shape": (None,),
    "time_major": (False,),
    "stateful": (False,),
    "return_state": (False,),
    "zero_output_for_mask": (False,),
    "renorm": (False,),
    "synchronized": (False,),
    "virtual_batch_size": (None,),
    "fused": (None, True, False),
    "rms_scaling": (False,),
    "lora_rank": (None,),
    "lora_alpha": (None,),
    "quantization_config": (None,),
    "gate": (None, False),
    "use_gate": (False,),
    "num_query_heads": (None,),
}
SPELT = {"alpha": "negative_slope"}


@dataclass(frozen=True)
class Read:
    """What a configuration says.

    Args:
        graph: without a softmax at its end: a graph gives logits.
        order: (kind, name, place) of every layer of the file, in its order; ``place`` is the
            layer's name in the graph, empty where it is not part of it.
        vectoriser: settings of the layer that cuts texts into words, where there is one.
    """

    graph: Graph
    order: tuple[tuple[str, str, str], ...]
    vectoriser: Mapping[str, Any] | None = None


def read(config: Any, length: int) -> Read:
    """The graph of a saved model.

    Args:
        config: as the file holds it: ``{"class_name", "config"}``.
        length: tokens of a text, where the model takes any number.

    Raises:
        BadInput: naming the layer, for code, custom objects, unknown kinds, several inputs or
            outputs.
    """
    whole = part(config, "the model's configuration", Mapping)
    kind = whole.get("class_name")
    if kind not in MODELS:
        raise BadInput(f"a model of the class {kind!r:.60}", " or ".join(MODELS[:2]), ONE)
    inside = part(whole.get("config"), "the model's configuration", Mapping)
    told = part(inside.get("layers"), "the model's layers", list)
    if not 2 <= len(told) <= MOST_LAYERS:
        raise BadInput(f"a network of {len(told)} layers", f"2 to {MOST_LAYERS:,}", ONE)
    layers = [Saved(entry) for entry in told]
    _single(layers)
    found = sequential(layers) if kind == "Sequential" else functional(layers, inside)
    return _assembled(found, layers, length)


def _single(layers: Sequence[Saved]) -> None:
    """Every name once, one layer that takes texts, and no mask where branches join.

    Keras 3 and ``tf_keras`` join masks differently, so the answers would.
    """
    kinds = [layer.kind for layer in layers]
    if len({layer.name for layer in layers}) < len(layers):
        raise BadInput("layers of one name", "a plain name that no other has", ONE)
    for kind in ("InputLayer", "TextVectorization"):
        if kinds.count(kind) > 1:
            raise BadInput(f"{kinds.count(kind)} layers of the kind {kind}", "one of each", ONE)
    if any(x.config.get("mask_zero") for x in layers) and JOINS & set(kinds):
        raise BadInput("mask_zero before layers that join", "one of the two", ONE)


def _assembled(
    found: list[tuple[Saved, tuple[str, ...]]], layers: Sequence[Saved], length: int
) -> Read:
    vectoriser = next((x.config for x, _ in found if x.kind == "TextVectorization"), None)
    first = found[0][0]
    shape, dtype = _input(first, vectoriser, length)
    made = [Layer("input", "InputLayer", {"shape": shape, "dtype": dtype})]
    place: dict[str, str] = {}
    for saved, sources in found:
        if saved.kind in ("InputLayer", "TextVectorization"):
            for name in ("ragged", "sparse"):
                if saved.config.get(name) not in (None, False):
                    raise _other(saved, name, saved.config[name])
            place[saved.name] = "input"
            continue
        name = _plain(saved.name, {layer.name for layer in made})
        given = tuple(place[x] for x in sources) or ("input",)
        if saved.kind == "MultiHeadAttention" and len(given) == 1:
            given *= 2
        made.append(Layer(name, str(saved.kind), _settings(saved), given))
        place[saved.name] = name
    graph = Graph(_logits(made))
    kept = {layer.name for layer in graph.layers[1:]}
    order = ((str(x.kind), x.name, place[x.name]) for x in layers)
    told = tuple((kind, name, at if at in kept else "") for kind, name, at in order)
    return Read(graph, told, vectoriser)


def _plain(name: str, taken: set[str]) -> str:
    """A layer's name without what a weight's path could be confused by."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "_.-") else "_" for c in name)[:100]
    plain = plain if plain[:1].isalnum() else f"layer{plain}"
    return plain if plain not in taken else f"{plain}_{len(taken)}"


def _input(
    first: Saved, vectoriser: Mapping[str, Any] | None, length: int
) -> tuple[list[int], str]:
    if vectoriser is not None:
        told = vectoriser.get("output_sequence_length")
        return [told if type(told) is int and told > 0 else length], "int32"
    given = first.shape
    if not isinstance(given, list | tuple) or len(given) < 2:
        raise BadInput(
            f"layer {first.name:.60}", "the shape of its input", "build the model with an Input"
        )
    text = first.kind == "Embedding" or "int" in str(first.config.get("dtype"))
    sizes = [x if type(x) is int else None for x in given[1:]]
    if len(sizes) == 1:  # a row of numbers is a row of token ids: nothing else comes as one here
        return [sizes[0] or length], "int32"
    if text or None in sizes:
        raise BadInput(
            f"layer {first.name:.60}: input {list(given)!r:.60}",
            "token ids (any length), or pixels of a fixed height and width",
            "build the model with such an Input",
        )
    return [x or 1 for x in sizes], "float32"


def _settings(saved: Saved) -> dict[str, Any]:
    """The settings that the graph keeps, once those that it does not are seen to be idle."""
    kind = KINDS.get(str(saved.kind))
    if kind is None:  # named with the kinds that there are, by the graph
        return {}
    kept: dict[str, Any] = {}
    for told, given in saved.config.items():
        name = SPELT.get(told, told) if told not in kind.settings else told
        value = plainly(given) if name in WHOLE else _value(given)
        if name in kind.settings:
            kept[name] = value
        elif name in SHAPES or name.endswith(SUFFIXES):
            continue
        elif not _idle(name, value):
            raise _other(saved, name, value)
    return complete(str(saved.kind), kept)


def _idle(name: str, value: Any) -> bool:
    """Whether a setting that the graph does not keep changes nothing."""
    if name in ONLY:
        return value in ONLY[name]
    return name in IDLE or value is None


def _value(given: Any) -> Any:
    """Tuples as lists; a function of Keras by its name."""
    if isinstance(given, Mapping) and given.get("class_name") == "function":
        return given.get("config")
    plain = plainly(given)
    single = type(plain) is list and len(plain) == 1 and type(plain[0]) is int
    return plain[0] if single else plain


def _other(saved: Saved, name: str, value: Any) -> BadInput:
    return BadInput(
        f"layer {saved.name:.60} ({saved.kind}): {name:.60} = {value!r:.60}",
        "a layer without that setting",
        "build the model without it",
    )


def _logits(layers: list[Layer]) -> tuple[Layer, ...]:
    """Without a softmax at the end, which changes no answer and is in the way of INT8."""
    last = layers[-1]
    if last.kind == "Softmax" or (
        last.kind == "Activation" and last.config.get("activation") == "softmax"
    ):
        return tuple(layers[:-1])
    if last.config.get("activation") == "softmax":
        plain = {**last.config, "activation": "linear"}
        return (*layers[:-1], Layer(last.name, last.kind, plain, last.sources))
    return tuple(layers)
