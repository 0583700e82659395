"""A network as a list of layers, each after those that it takes from; checked when it is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

from workbench.core.errors import BadInput
from workbench.graphs.kind import DoesNotFit, Shape
from workbench.graphs.kinds import KINDS

SCHEMA = 1
NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,120}", re.ASCII)
MOST_LAYERS = 2_000
FEWEST, MOST_CLASSES = 2, 65_536
MOST_INPUT, MOST_VALUES = 2**22, 2**26  # numbers of one row, as it comes and inside


@dataclass(frozen=True)
class Layer:
    """One layer.

    Args:
        name: unique in its graph.
        kind: as Keras names it.
        config: its settings, all of them, as ``kinds.KINDS`` lists them.
        sources: names of the layers that it takes from, in order.
    """

    name: str
    kind: str
    config: Mapping[str, Any]
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Graph:
    """Layers in order; the first is the input, the last gives the logits.

    Args:
        layers: each after its sources.

    Raises:
        BadInput: if a layer is of an unknown kind, a setting is not allowed, or shapes do not
            fit; the layer is named.
    """

    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        if not 2 <= len(self.layers) <= MOST_LAYERS:
            raise BadInput(f"a network of {len(self.layers)} layers", f"2 to {MOST_LAYERS:,}", ONE)
        seen: set[str] = set()
        for place, layer in enumerate(self.layers):
            _check(layer, seen)
            if (layer.kind == "InputLayer") != (place == 0):
                raise _refused(layer, "one input, which is the first layer")
            seen.add(layer.name)
        used = {source for layer in self.layers for source in layer.sources}
        if loose := [x.name for x in self.layers[:-1] if x.name not in used]:
            raise BadInput(f"layer {loose[0]} (nothing takes from it)", "one output", ONE)
        last = self.layers[-1]
        if len(self.shapes[last.name]) != 1 or not FEWEST <= self.classes <= MOST_CLASSES:
            wanted = f"one value for each of {FEWEST} to {MOST_CLASSES:,} classes as the output"
            raise _refused(last, wanted)
        text = self.reads_text
        if prod(self.input_shape) > MOST_INPUT or text != (len(self.input_shape) == 1):
            raise _refused(self.layers[0], "token ids in a row, or pixels; not too many")
        if not self.weights:
            raise BadInput("a network without weights", "at least one layer that has some", ONE)

    @cached_property
    def shapes(self) -> Mapping[str, Shape]:
        """Of what each layer gives, without the batch."""
        found: dict[str, Shape] = {}
        for layer in self.layers:
            inputs = [found[source] for source in layer.sources]
            try:
                shape = KINDS[layer.kind].shape(layer.config, inputs)
                if min(shape) < 1 or prod(shape) > MOST_VALUES:
                    raise DoesNotFit(f"at most {MOST_VALUES:,} values for one row")
                found[layer.name] = shape
            except DoesNotFit as err:
                raise _refused(layer, str(err)) from err
        return found

    @cached_property
    def weights(self) -> Mapping[str, Shape]:
        """``layer/weight`` to its shape, layer by layer in Keras's order."""
        return {
            f"{layer.name}/{name}": shape
            for layer in self.layers
            for name, shape in self.weights_of(layer).items()
        }

    def weights_of(self, layer: Layer) -> Mapping[str, Shape]:
        """Of one layer, by its own names."""
        inputs = [self.shapes[source] for source in layer.sources]
        try:
            return KINDS[layer.kind].weights(layer.config, inputs)
        except DoesNotFit as err:
            raise _refused(layer, str(err)) from err

    def __getitem__(self, name: str) -> Layer:
        return next(layer for layer in self.layers if layer.name == name)

    @property
    def input_shape(self) -> Shape:
        """Without the batch: (tokens,) or (height, width, channels)."""
        return self.shapes[self.layers[0].name]

    @property
    def classes(self) -> int:
        """Logits per row."""
        return self.shapes[self.layers[-1].name][0]

    @property
    def reads_text(self) -> bool:
        """Whether it takes token ids; else it takes pixels."""
        return bool(self.layers[0].config["dtype"] == "int32")

    def changed(self, settings: Mapping[str, Mapping[str, Any]]) -> Graph:
        """With other settings for some layers: ``{layer name: {setting: value}}``."""
        return Graph(
            tuple(
                replace(layer, config={**layer.config, **settings.get(layer.name, {})})
                for layer in self.layers
            )
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        told = [
            {"name": x.name, "kind": x.kind, "config": dict(x.config), "from": list(x.sources)}
            for x in self.layers
        ]
        return {"schema": SCHEMA, "layers": told}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Graph:
        """From plain data that nobody vouches for.

        Raises:
            BadInput: for anything that ``to_json`` does not write.
        """
        told = data.get("layers")
        if data.get("schema") != SCHEMA or not isinstance(told, list):
            raise BadInput("graph.json", f"layers in schema {SCHEMA}", ONE)
        layers = []
        for entry in told:
            plain = isinstance(entry, Mapping) and set(entry) == {"name", "kind", "config", "from"}
            listed = plain and isinstance(entry["from"], list)
            if not listed or not all(isinstance(x, str) for x in entry["from"]):
                raise BadInput("graph.json", "layers with name, kind, config and from", ONE)
            layers.append(
                Layer(entry["name"], entry["kind"], entry["config"], tuple(entry["from"]))
            )
        return cls(tuple(layers))


ONE = "save the model again as one network with one input and one output"


def complete(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """All settings of a kind: those given, and the defaults of the others that have one."""
    known = KINDS[kind].settings
    defaults = {name: s.default for name, s in known.items() if s.default is not ...}
    return {**defaults, **given}


def _check(layer: Layer, seen: set[str]) -> None:
    if not isinstance(layer.name, str) or not NAME.fullmatch(layer.name) or layer.name in seen:
        raise BadInput(f"layer {layer.name!r:.60}", "a plain name that no other has", ONE)
    kind = KINDS.get(layer.kind) if isinstance(layer.kind, str) else None
    if kind is None:
        raise BadInput(
            f"layer {layer.name} of the kind {layer.kind!r:.60}",
            f"one of {', '.join(KINDS)}",
            "build the model from these layers",
        )
    if not isinstance(layer.config, Mapping) or set(layer.config) != set(kind.settings):
        raise _refused(layer, f"the settings {', '.join(kind.settings) or 'of none'}")
    for name, setting in kind.settings.items():
        if not setting.holds(layer.config[name]):
            told = f"layer {layer.name}: {name} = {layer.config[name]!r:.60}"
            raise BadInput(told, setting.wanted, "change that layer")
    fewest, most = kind.inputs
    if not fewest <= len(layer.sources) <= most or not set(layer.sources) <= seen:
        raise _refused(layer, f"{fewest} to {most} layers before it to take from")


def _refused(layer: Layer, wanted: str) -> BadInput:
    return BadInput(f"layer {layer.name} ({layer.kind})", wanted, "change that layer")
