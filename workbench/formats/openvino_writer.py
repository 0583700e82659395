"""A causal language model as an OpenVINO graph that keeps keys and values to itself.

What goes in: ``input_ids`` int64 (rows, new), ``attention_mask`` int64 (rows, before + new),
``position_ids`` int64 (rows, new), ``take`` int64 (places), ``beam_idx`` int32 (rows). What comes
out: ``logits`` float32 (rows, places), of the tokens behind the new ones that ``take`` names.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput
from workbench.formats.openvino import engine, write
from workbench.formats.quiet import quiet

INPUTS = ("input_ids", "attention_mask", "position_ids", "take")
BEAM = "beam_idx"  # which row a row goes on from; the engine fuses attention where it finds it


def convert(module: Any, path: Path) -> None:
    """Trace a ``Writer`` and write its graph; it computes in float32.

    Raises:
        BadInput: if OpenVINO does not know one of its operators, or the family keeps something
            else than keys and values.
        MissingDependency: without the ``openvino`` extra.
    """
    openvino = engine("export to OpenVINO")
    model = copy.deepcopy(module.model).float().eval()
    shapes = _cache_shapes(model, module.about.family)
    try:
        with quiet():
            graph = openvino.convert_model(_traced(model), example_input=_example(shapes))
            _name(graph, len(shapes))
            _keep_state(graph, shapes)
    except RuntimeError as err:
        family = module.about.family
        said = " ".join(str(err).split())[-160:]
        raise BadInput(
            f"{family} in OpenVINO ({said})",
            "a network whose operators OpenVINO knows",
            "choose the runtime torch",
        ) from err
    write(graph, path)


def _cache_shapes(model: Any, family: str) -> list[tuple[int, int]]:
    """(key/value heads, width of a head) of each layer, seen by running one token."""
    import torch

    with torch.inference_mode():
        cache = model(input_ids=torch.zeros(1, 1, dtype=torch.long), use_cache=True)
    found = getattr(cache.past_key_values, "layers", None) or ()
    layers = [layer for layer in found if getattr(layer, "keys", None) is not None]
    if not layers or any(layer.is_sliding for layer in layers):
        told = f"{family} in OpenVINO (what it keeps of earlier tokens is not all of them)"
        raise BadInput(told, "attention over all tokens", "choose the runtime torch")
    return [(int(layer.keys.shape[1]), int(layer.keys.shape[3])) for layer in layers]


def _traced(model: Any) -> Any:
    """The model as a function of tensors only."""
    import torch
    from transformers.cache_utils import DynamicCache, DynamicLayer

    class Step(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, ids: Any, mask: Any, places: Any, take: Any, *past: Any) -> Any:
            cache = DynamicCache()
            for key, value in zip(past[::2], past[1::2], strict=True):
                layer = DynamicLayer()
                layer.lazy_initialization(key, value)
                layer.keys, layer.values = key, value
                cache.layers.append(layer)
            logits = self.model(
                input_ids=ids,
                attention_mask=_causal(ids, mask),
                position_ids=places,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=take,
            ).logits
            layers: Any = cache.layers
            kept = [t for layer in layers for t in (layer.keys, layer.values)]
            return (logits, *kept)

    return Step()


def _causal(ids: Any, mask: Any) -> Any:
    """What each new token may look at, as what is added to scores: (rows, 1, new, all)."""
    import torch

    total, new = mask.shape[1], ids.shape[1]
    at = torch.arange(total)
    allowed = at.unsqueeze(0) <= at[total - new :].unsqueeze(1)
    seen = allowed.unsqueeze(0).unsqueeze(0) & mask.bool().unsqueeze(1).unsqueeze(1)
    return torch.where(seen, 0.0, torch.finfo(torch.float32).min)


def _example(shapes: Sequence[tuple[int, int]]) -> tuple[Any, ...]:
    import torch

    past = [torch.zeros(2, heads, 3, width) for heads, width in shapes for _ in range(2)]
    places = torch.arange(3, 5).repeat(2, 1)
    whole = torch.ones(2, 5, dtype=torch.long)
    return (torch.ones(2, 2, dtype=torch.long), whole, places, torch.tensor([0, 1]), *past)


def _name(graph: Any, layers: int) -> None:
    """Give inputs and outputs their names, and sizes that may change."""
    inside = [f"past.{i}.{what}" for i in range(layers) for what in ("key", "value")]
    out = [name.replace("past", "present") for name in inside]
    for port, name in zip(graph.inputs, (*INPUTS, *inside), strict=True):
        port.set_names({name})
    for port, name in zip(graph.outputs, ("logits", *out), strict=True):
        port.set_names({name})
    shapes = {}
    for port in graph.inputs:
        shape = port.get_partial_shape()
        for axis in (0,) if port.get_any_name() == "take" else (0, 2 if len(shape) > 2 else 1):
            shape[axis] = -1
        shapes[port] = shape
    graph.reshape(shapes)


def _keep_state(graph: Any, shapes: Sequence[tuple[int, int]]) -> None:
    """Turn the cache from inputs and outputs into state, which begins empty.

    Source:
        https://docs.openvino.ai/2026/openvino-workflow/running-inference/inference-request/stateful-models.html
    """
    openvino = engine("export to OpenVINO")
    from openvino import opset13 as ops
    from openvino._offline_transformations import apply_make_stateful_transformation

    beam = ops.parameter([-1], dtype=openvino.Type.i32, name=BEAM)
    beam.output(0).set_names({BEAM})
    graph.add_parameters([beam])
    past = [port for port in graph.inputs if port.get_any_name().startswith("past.")]
    for port in past:
        readers = list(port.get_target_inputs())
        row = ops.gather(port.get_node(), beam, ops.constant(0, dtype=openvino.Type.i64))
        for reader in readers:
            reader.replace_source_output(row.output(0))
    graph.validate_nodes_and_infer_types()
    names = {port.get_any_name(): "" for port in past}
    apply_make_stateful_transformation(
        graph, {name: name.replace("past", "present") for name in names}
    )
    _begin_empty(graph, ops, openvino)


def _begin_empty(graph: Any, ops: Any, openvino: Any) -> None:
    """Before the first token a state has as many rows as the input, and no token."""
    ids = graph.input(INPUTS[0])
    rows = ops.gather(
        ops.shape_of(ids, output_type="i64"),
        ops.constant([0], dtype=openvino.Type.i64),
        ops.constant(0, dtype=openvino.Type.i64),
    )
    for node in graph.get_ops():
        if node.get_type_name() != "ReadValue":
            continue
        sizes = [d.get_length() if d.is_static else 0 for d in node.get_output_partial_shape(0)]
        parts = [ops.constant([size], dtype=openvino.Type.i64) for size in sizes[1:]]
        shape = ops.concat([rows, *parts], axis=0)
        empty = ops.broadcast(ops.constant(0.0, dtype=node.get_output_element_type(0)), shape)
        node.set_arguments([empty.output(0)])
    graph.validate_nodes_and_infer_types()
