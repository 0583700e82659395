"""Which layer of a saved model takes from which, in the two ways that Keras writes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.core.errors import BadInput
from workbench.graphs.graph import ONE

MODELS = ("Functional", "Sequential", "Model")
SHAPES = ("batch_shape", "batch_input_shape", "shape")
TOLD = ("training", "mask", "return_attention_scores", "use_causal_mask", "attention_mask")


class Saved:
    """One layer as the file has it."""

    def __init__(self, entry: Any) -> None:
        data = part(entry, "a layer", Mapping)
        self.kind = data.get("class_name")
        self.config = part(data.get("config"), f"the layer {self.kind!r:.60}", Mapping)
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
        return next((plainly(self.config[x]) for x in SHAPES if self.config.get(x)), None)


def part(value: Any, what: str, kind: type) -> Any:
    """A piece of a configuration.

    Raises:
        BadInput: if it is of another kind.
    """
    if not isinstance(value, kind):
        raise BadInput(what, "what Keras writes", "save the model again")
    return value


def sequential(layers: Sequence[Saved]) -> list[tuple[Saved, tuple[str, ...]]]:
    """Each layer with the one before it."""
    names = [layer.name for layer in layers]
    return [(layer, tuple(names[i - 1 : i]) if i else ()) for i, layer in enumerate(layers)]


def functional(
    layers: Sequence[Saved], config: Mapping[str, Any]
) -> list[tuple[Saved, tuple[str, ...]]]:
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


def _sources(layer: Saved) -> tuple[str, ...]:
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


def _given(layer: Saved, node: Any) -> tuple[list[str], dict[str, Any]]:
    """Layers that it takes from by place, and what it is called with by name."""
    if isinstance(node, Mapping):  # Keras 3
        named = dict(part(node.get("kwargs", {}), f"layer {layer.name:.60}", Mapping))
        return _tensors(node.get("args")), named
    given: list[str] = []
    named = {}
    for entry in part(node, f"layer {layer.name:.60}", list):  # tf_keras: [name, 0, 0, {…}]
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


def plainly(given: Any) -> Any:
    """Tuples as lists."""
    if isinstance(given, Mapping) and given.get("class_name") in ("__tuple__", "TensorShape"):
        given = given.get("items")
    return [plainly(x) for x in given] if isinstance(given, list | tuple) else given
