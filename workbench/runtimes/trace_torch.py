"""PyTorch's profiler, read per module."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from workbench.core.knobs import build
from workbench.recipes.registry import RUNTIMES, lookup
from workbench.runtimes.tracing import Op, Trace, Weight, tracer, width_name

MARK = "wb:"  # of the ranges that we put around every module
LAYER = re.compile(r"(?:^|\.)(?:layers?|h)\.(\d+)(?:\.|$)")
PRODUCTS = ("aten::linear", "aten::addmm", "aten::mm", "aten::_int_mm", "quantized::", "mkldnn::")
ATTENTION = ("attention", "aten::bmm", "aten::baddbmm", "aten::matmul", "softmax")
CONVERSIONS = ("quantize", "qparams", "aten::_to_copy", "dequant", "int_repr")
VIEWS = (
    *("view", "reshape", "as_strided", "transpose", "t", "permute", "expand", "slice", "select"),
    *("empty", "empty_like", "empty_strided", "to", "unsqueeze", "squeeze", "alias", "detach"),
    *("_unsafe_view", "size", "item", "is_nonzero", "narrow", "_local_scalar_dense", "flatten"),
    *("resolve_conj", "resize_", "dropout", "contiguous", "lift_fresh", "unflatten"),
)
SHAPES = frozenset(f"aten::{name}" for name in VIEWS)
STORED = "linear", "conv1d"  # class names of modules that multiply with stored weights


@tracer("torch", "torch_compile")
def trace_torch(
    folder: Path, runtime: Mapping[str, Any], batches: Sequence[Sequence[str]]
) -> Trace:
    """Run the batches under ``torch.profiler``.

    Source:
        https://docs.pytorch.org/docs/stable/profiler.html; self time, so that no operator is
        counted again in what calls it.
    """
    from torch.profiler import ProfilerActivity, profile

    entry = lookup(RUNTIMES, "runtime", runtime["name"])
    settings = {name: value for name, value in runtime.items() if name != "name"}
    session: Any = entry.opener(folder, build(entry.config_type, settings))
    module = session._module
    encoded = [session.encode(list(texts)) for texts in batches]
    for batch in encoded[:2]:
        session.forward(batch)
    marks = _marked(module)
    session.forward(encoded[0])
    with profile(activities=[ProfilerActivity.CPU]) as recorded:
        for batch in encoded:
            session.forward(batch)
    for mark in marks:
        mark.remove()
    modules = dict(module.named_modules())
    layers = 1 + max((_layer(name) for name in modules), default=-1)
    weights = tuple(_weights(modules, layers))
    usual = _usual(modules) if not marks else "float32"
    ops = _ops(recorded.events(), modules, layers, len(encoded), usual)
    return Trace(ops, weights, layers, placed=bool(marks))


def _usual(modules: Mapping[str, Any]) -> str:
    """The precision that most of a model's products are stored in: compiled, none is apart."""
    elements: dict[str, int] = defaultdict(int)
    for module in modules.values():
        if any(kind in type(module).__name__.lower() for kind in STORED):
            count = getattr(getattr(module, "weight", None), "numel", lambda: 1)()
            elements[_precision(module, "float32")] += count
    return max(elements, key=elements.__getitem__, default="float32")


def _marked(module: Any) -> list[Any]:
    """Ranges around every module, by hooks; a compiled module stays as it is."""
    from torch.profiler import record_function

    if hasattr(module, "_orig_mod"):
        return []
    made: list[Any] = []
    open_ranges: list[Any] = []

    def enter(name: str) -> Any:
        def hook(*_: Any) -> None:
            open_ranges.append(record_function(MARK + name))
            open_ranges[-1].__enter__()

        return hook

    def leave(*_: Any) -> None:
        open_ranges.pop().__exit__(None, None, None)

    for name, part in module.named_modules():
        made.append(part.register_forward_pre_hook(enter(name)))
        made.append(part.register_forward_hook(leave))
    return made


def _ops(
    events: Any, modules: Mapping[str, Any], layers: int, calls: int, usual: str
) -> tuple[Op, ...]:
    """One per module and kind: the median over calls, for an interrupted call is no example.

    What a compiled graph spends outside the library's operators goes into its own fused kernels:
    norms, activations, and quantising where a model has whole numbers.
    """
    seconds: dict[tuple[str, str, bool], dict[int, float]] = defaultdict(
        lambda: defaultdict(float)
    )
    marked = any(event.name.startswith(MARK) for event in events)
    for event in events:
        if event.name.startswith((MARK, "ProfilerStep", "Torch-Compiled")):
            continue  # time between operators: what is left of the clock
        chain, where, root = _ancestry(event)
        kind = _kind(chain, modules.get(where))
        sparse = any("sparse" in name for name in chain)
        call = root if marked else 0
        seconds[where, kind, sparse][call] += event.self_cpu_time_total * 1e-6
    made = []
    for (where, kind, sparse), spent in seconds.items():
        each = [*spent.values(), *[0.0] * (calls - len(spent))]
        typical = median(each) if marked else sum(each) / calls
        precision = _precision(modules.get(where), usual)
        made.append(Op(where, kind, precision, typical, _place(where, layers), sparse))
    return tuple(made)


def _ancestry(event: Any) -> tuple[list[str], str, int]:
    """Names from the event up to its module, that module, and which call it belongs to."""
    chain, where, above, root = [event.name], "", event.cpu_parent, event
    inside = True
    while above is not None:
        root = above
        if inside and above.name.startswith(MARK):
            where, inside = above.name.removeprefix(MARK), False
        elif inside:
            chain.append(above.name)
        above = above.cpu_parent
    return chain, where, id(root)


def _kind(chain: Sequence[str], module: Any) -> str:
    names = " ".join(chain)
    if chain[0] in SHAPES:
        return "shapes"
    if any(name in names for name in CONVERSIONS) and "quantized::linear" not in names:
        return "convert"
    stored = type(module).__name__.lower() if module is not None else ""
    if any(name in names for name in PRODUCTS) or any(name in stored for name in STORED):
        return "linear"
    return "attention" if any(name in names for name in ATTENTION) else "other"


def _precision(module: Any, usual: str) -> str:
    weight = getattr(module, "weight", None)
    if callable(weight):  # torch's own quantised linear
        return "int8"
    return width_name(str(_stored(weight).dtype)) if weight is not None else usual


def _stored(weight: Any) -> Any:
    """The tensor that holds the numbers, below torchao's wrappers."""
    while hasattr(weight, "__tensor_flatten__"):
        weight = getattr(weight, weight.__tensor_flatten__()[0][0])
    return weight


def _weights(modules: Mapping[str, Any], layers: int) -> list[Weight]:
    found = []
    for name, module in modules.items():
        if not any(kind in type(module).__name__.lower() for kind in STORED):
            continue
        weight = getattr(module, "weight", None)
        weight = weight() if callable(weight) else weight
        if weight is None:
            continue
        stored = weight.int_repr() if weight.is_quantized else _stored(weight)
        zeros = float((stored == 0).float().mean())
        size = stored.numel() * stored.element_size()
        found.append(Weight(name, _place(name, layers), int(weight.numel()), size, zeros))
    return found


def _layer(name: str) -> int:
    found = LAYER.search(name)
    return int(found.group(1)) if found else -1


def _place(name: str, layers: int) -> int:
    """The layer of a module; the head comes after the last, everything else before the first."""
    layer = _layer(name)
    after = layer < 0 and re.search(r"(^|\.)(head|classifier|score|pooler|classification)", name)
    return layers if after else layer
