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

MODELS = ("Functional", "Sequential", "Model")
SHAPES = ("batch_shape", "batch_input_shape", "shape")
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
TOLD = ("training", "mask", "return_attention_scores", "use_causal_mask", "attention_mask")


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
    whole = _part(config, "the model's configuration", Mapping)
    kind = whole.get("class_name")
    if kind not in MODELS:
        raise BadInput(f"a model of the class {kind!r:.60}", " or ".join(MODELS[:2]), ONE)
    inside = _part(whole.get("config"), "the model's configuration", Mapping)
    told = _part(inside.get("layers"), "the model's layers", list)
    if not 2 <= len(told) <= MOST_LAYERS:
        raise BadInput(f"a network of {len(told)} layers", f"2 to {MOST_LAYERS:,}", ONE)
    layers = [_Saved(entry) for entry in told]
    _single(layers)
    sequential = kind == "Sequential"
    found = _sequential(layers) if sequential else _functional(layers, inside)
    return _assembled(found, layers, length)


def _single(layers: Sequence[_Saved]) -> None:
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


class _Saved:
    """One layer as the file has it."""

    def __init__(self, entry: Any) -> None:
        data = _part(entry, "a layer", Mapping)
        self.kind = data.get("class_name")
        self.config = _part(data.get("config"), f"the layer {self.kind!r:.60}", Mapping)
        self.name = str(data.get("name") or self.config.get("name"))
        self.nodes = data.get("inbound_nodes") or []
        own = data.get("registered_name")
        module = str(data.get("module") or "keras.layers")
        if self.kind == "Lambda" or own not in (None, self.kind, f"Keras>{self.kind}"):
            raise BadInput(
                f"layer {self.name:.60} ({self.kind!s:.60}: code of its own)",
                "layers of Keras only: code in a model is never run",
                "build the model without it",
            )
        if self.kind in MODELS:
            raise BadInput(
                f"layer {self.name:.60} (a model inside the model)", "plain layers", ONE
            )
        if module.split(".")[0] not in ("keras", "tf_keras") or "ops" in module.split("."):
            raise BadInput(f"layer {self.name:.60} (of {module:.60})", "layers of Keras", ONE)

    @property
    def shape(self) -> Any:
        """Of its input with the batch, where it says so."""
        return next((_plainly(self.config[x]) for x in SHAPES if self.config.get(x)), None)


def _part(value: Any, what: str, kind: type) -> Any:
    if not isinstance(value, kind):
        raise BadInput(what, "what Keras writes", "save the model again")
    return value


def _sequential(layers: Sequence[_Saved]) -> list[tuple[_Saved, tuple[str, ...]]]:
    names = [layer.name for layer in layers]
    return [(layer, tuple(names[i - 1 : i]) if i else ()) for i, layer in enumerate(layers)]


def _functional(
    layers: Sequence[_Saved], config: Mapping[str, Any]
) -> list[tuple[_Saved, tuple[str, ...]]]:
    """Each layer with those that it takes from, ordered so that these come before it."""
    sources = {layer.name: _sources(layer) for layer in layers}
    ends = _names(config.get("output_layers"))
    if len(ends) != 1 or len(_names(config.get("input_layers"))) != 1:
        raise BadInput("a model with several inputs or outputs", "one of each", ONE)
    by_name = {layer.name: layer for layer in layers}
    if ends[0] not in by_name or any(ends[0] in of for of in sources.values()):
        raise BadInput(f"output {ends[0]:.60}", "a layer from which no other takes", ONE)
    ordered: list[str] = []
    done: set[str] = set()
    waiting = [layer.name for layer in layers]
    while waiting:
        ready = [name for name in waiting if done.issuperset(sources[name])]
        if not ready:
            raise BadInput(f"layer {waiting[0]:.60}", "layers before it to take from", ONE)
        ordered += ready
        done.update(ready)
        waiting = [name for name in waiting if name not in done]
    ordered.remove(ends[0])
    return [(by_name[name], sources[name]) for name in (*ordered, ends[0])]


def _names(told: Any) -> list[str]:
    """``[["a", 0, 0], …]`` or ``["a", 0, 0]``."""
    entries = told if isinstance(told, list) else []
    if entries and isinstance(entries[0], str):
        entries = [entries]
    return [str(entry[0]) for entry in entries if isinstance(entry, list) and entry]


def _sources(layer: _Saved) -> tuple[str, ...]:
    if not layer.nodes:
        return ()
    if len(layer.nodes) != 1:
        raise BadInput(f"layer {layer.name:.60} (used several times)", "used once", ONE)
    given, named = _given(layer, layer.nodes[0])
    for name in ("query", "value", "key"):
        if name in named:
            given += _tensors(named.pop(name)) or _names(named.get(name))
    for name, value in named.items():
        if name not in TOLD or value not in (None, False):
            raise BadInput(
                f"layer {layer.name:.60}: called with {name:.60}", "its inputs only", ONE
            )
    return tuple(given)


def _given(layer: _Saved, node: Any) -> tuple[list[str], dict[str, Any]]:
    """Layers that it takes from by place, and what it is called with by name."""
    if isinstance(node, Mapping):  # Keras 3
        named = dict(_part(node.get("kwargs", {}), f"layer {layer.name:.60}", Mapping))
        return _tensors(node.get("args")), named
    given: list[str] = []
    named = {}
    for entry in _part(node, f"layer {layer.name:.60}", list):  # tf_keras: [name, 0, 0, {…}]
        given.append(str(entry[0]))
        named |= entry[3] if len(entry) > 3 and isinstance(entry[3], Mapping) else {}
    return given, named


def _tensors(told: Any) -> list[str]:
    """Names of the layers whose outputs lie in these arguments."""
    if isinstance(told, Mapping) and told.get("class_name") == "__keras_tensor__":
        return [str(told["config"]["keras_history"][0])]
    if isinstance(told, list):
        if len(told) >= 3 and isinstance(told[0], str):  # tf_keras
            return [told[0]]
        return [name for entry in told for name in _tensors(entry)]
    if told not in (None, False):
        raise BadInput(f"an argument {told!r:.60}", "its inputs only", ONE)
    return []


def _assembled(
    found: list[tuple[_Saved, tuple[str, ...]]], layers: Sequence[_Saved], length: int
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
    first: _Saved, vectoriser: Mapping[str, Any] | None, length: int
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


def _settings(saved: _Saved) -> dict[str, Any]:
    """The settings that the graph keeps, once those that it does not are seen to be idle."""
    kind = KINDS.get(str(saved.kind))
    if kind is None:  # named with the kinds that there are, by the graph
        return {}
    kept: dict[str, Any] = {}
    for told, given in saved.config.items():
        name = SPELT.get(told, told) if told not in kind.settings else told
        value = _plainly(given) if name in WHOLE else _value(given)
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
    plain = _plainly(given)
    single = type(plain) is list and len(plain) == 1 and type(plain[0]) is int
    return plain[0] if single else plain


def _plainly(given: Any) -> Any:
    """Tuples as lists."""
    if isinstance(given, Mapping) and given.get("class_name") in ("__tuple__", "TensorShape"):
        given = given.get("items")
    return [_plainly(x) for x in given] if isinstance(given, list | tuple) else given


def _other(saved: _Saved, name: str, value: Any) -> BadInput:
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
