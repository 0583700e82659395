"""Where the time of a run goes, from the runtime's own profiler; and the record of it."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Self

import numpy as np

from workbench.core.errors import BadInput
from workbench.core.knobs import build
from workbench.core.records import Record
from workbench.recipes.registry import RUNTIMES, lookup
from workbench.runtimes.tracing import KINDS, TRACERS, Trace

SIZES = (1, 8, 32)  # texts in a batch, tried for what larger batches would gain
TEXTS = 48  # timed without the profiler
TRACED = 24  # of them, run under it
REPEATS = 3  # of each text
# One thread's time is that of the processor: a neighbour who takes it away is no part of the
# model. Several threads wait for each other, so there it is the clock on the wall.
CLOCKS = {True: time.process_time, False: time.perf_counter}


@dataclass(frozen=True)
class Layer:
    """One block of a model; -1 is what comes before the first, the last is the head.

    ``seconds`` are None where the runtime's profiler cannot tell layers apart.
    """

    layer: int
    seconds: float | None
    elements: int
    size_bytes: int


@dataclass(frozen=True)
class Profile(Record):
    """One text at a time, mean seconds per call, outside the timed launches.

    Args:
        runtime: name.
        tokens: mean per text.
        open_s: until the session was open, libraries already loaded.
        first_s: the first call, from the string.
        tokenise_s: tokenising, without a profiler.
        model_s: the model alone, without a profiler.
        seconds: by kind of operator, as ``tracing.Op`` has them, together at most ``model_s``;
            empty where the runtime has no profiler of ours.
        linear: seconds of linear operators by the precision they compute in.
        sparse_s: of linear operators whose kernel skips zeros.
        per_row: batch size (as text) to seconds per text from the string.
        elements: stored weights of the linear operators.
        size_bytes: of them.
        zeros: share of them that is zero.
        layers: time and weights per block.
    """

    runtime: str
    tokens: float
    open_s: float
    first_s: float
    tokenise_s: float
    model_s: float
    seconds: Mapping[str, float] = field(default_factory=dict)
    linear: Mapping[str, float] = field(default_factory=dict)
    sparse_s: float = 0.0
    per_row: Mapping[str, float] = field(default_factory=dict)
    elements: int = 0
    size_bytes: int = 0
    zeros: float = 0.0
    layers: tuple[Layer, ...] = ()

    @property
    def total_s(self) -> float:
        """From the string, per call."""
        return self.tokenise_s + self.model_s

    def parts(self) -> dict[str, float]:
        """Seconds per call by what they go into.

        ``overhead`` is the time between operators and in those that only handle shapes.
        """
        if not self.seconds:
            return {"tokenise": self.tokenise_s}
        between = max(0.0, self.model_s - sum(self.seconds.values()))
        work = {kind: spent for kind, spent in self.seconds.items() if kind != "shapes"}
        overhead = between + self.seconds.get("shapes", 0.0)
        return {"tokenise": self.tokenise_s, **work, "overhead": overhead}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read plain data."""
        return super().from_json(
            {**data, "layers": tuple(Layer(**layer) for layer in data.get("layers", ()))}
        )


def profiled(folder: Path, runtime: Mapping[str, Any], texts: Sequence[str]) -> Profile:
    """Open an artifact, time it without a profiler, then run it under the runtime's own.

    Args:
        folder: of the artifact.
        runtime: name and settings, as a recipe has them.
        texts: at least one.
    """
    entry = lookup(RUNTIMES, "runtime", runtime.get("name"))
    clock = CLOCKS[int(runtime.get("threads", 1)) == 1]
    settings = {name: value for name, value in runtime.items() if name != "name"}
    import_module(entry.module or ("torch" if entry.format == "torch" else "numpy"))
    start = time.perf_counter()
    session = entry.opener(folder, build(entry.config_type, settings))
    opened = time.perf_counter()
    session.predict([texts[0]])
    first = time.perf_counter()
    for text in (*sorted(texts, key=len)[-2:], *texts[:4]):
        session.predict([text])
    made: dict[str, Any] = dict(_walls(session, texts, clock))
    per_row, tokens = _per_row(session, texts, clock), _tokens(folder, texts)
    session.close()
    trace = _traced(folder, runtime, texts[:TRACED])
    if trace is not None:
        made |= summary(trace, made["model_s"])
    return Profile(
        runtime=entry.name,
        tokens=tokens,
        open_s=opened - start,
        first_s=first - opened,
        per_row=per_row,
        **made,
    )


def summary(trace: Trace, model_s: float) -> dict[str, Any]:
    """The fields of a ``Profile`` that operators and weights give.

    A profiler slows small operators down; where their sum exceeds the wall clock without one,
    all are scaled to it.
    """
    spent = sum(op.seconds for op in trace.ops)
    scale = min(1.0, model_s / spent) if spent else 1.0
    by_kind = dict.fromkeys(KINDS, 0.0)
    linear: dict[str, float] = {}
    for op in trace.ops:
        by_kind[op.kind] += op.seconds * scale
        if op.kind == "linear":
            linear[op.precision] = linear.get(op.precision, 0.0) + op.seconds * scale
    elements = sum(weight.elements for weight in trace.weights)
    zeros = sum(weight.zeros * weight.elements for weight in trace.weights)
    return {
        "seconds": by_kind,
        "linear": linear,
        "sparse_s": sum(op.seconds * scale for op in trace.ops if op.sparse),
        "elements": elements,
        "size_bytes": sum(weight.size_bytes for weight in trace.weights),
        "zeros": zeros / elements if elements else 0.0,
        "layers": _by_layer(trace, scale),
    }


def _by_layer(trace: Trace, scale: float) -> tuple[Layer, ...]:
    made = []
    for place in range(-1, trace.layers + 1):
        ops = [op.seconds for op in trace.ops if op.layer == place]
        weights = [weight for weight in trace.weights if weight.layer == place]
        if ops or weights:
            elements = sum(weight.elements for weight in weights)
            size = sum(weight.size_bytes for weight in weights)
            spent = sum(ops) * scale if trace.placed else None
            made.append(Layer(place, spent, elements, size))
    return tuple(made)


def _walls(session: Any, texts: Sequence[str], clock: Callable[[], float]) -> dict[str, float]:
    """Seconds of tokenising and of the model alone: per text the best of three, then the mean."""
    tokenise, model = [], []
    for text in texts:
        spent = []
        for _ in range(REPEATS):
            start = clock()
            batch = session.encode([text])
            middle = clock()
            session.forward(batch)
            spent.append((middle - start, clock() - middle))
        tokenise.append(min(one[0] for one in spent))
        model.append(min(one[1] for one in spent))
    return {"tokenise_s": float(np.mean(tokenise)), "model_s": float(np.mean(model))}


def _per_row(session: Any, texts: Sequence[str], clock: Callable[[], float]) -> dict[str, float]:
    """Batches of one text repeated: what a batch gains, not what unequal lengths cost."""
    found = {}
    text = sorted(texts, key=len)[len(texts) // 2]
    for size in SIZES:
        spent = []
        for _ in range(REPEATS + 1):
            start = clock()
            session.predict([text] * size)
            spent.append(clock() - start)
        found[str(size)] = min(spent) / size
    return found


def _tokens(folder: Path, texts: Sequence[str]) -> float:
    """Mean length in tokens; 0 for a model that has no tokenizer."""
    from workbench.formats.tokens import Tokens

    try:
        rows = Tokens.at(folder).ids(list(texts))
    except (BadInput, OSError):
        return 0.0
    return float(np.mean([len(row) for row in rows]))


def _traced(folder: Path, runtime: Mapping[str, Any], texts: Sequence[str]) -> Trace | None:
    """What the runtime's profiler says of these texts; None where it has none, or it fails."""
    function = TRACERS.get(str(runtime["name"]))
    if function is None or runtime.get("device", "cpu") != "cpu":
        return None  # on a GPU the processor only hands work over: its times tell of waiting
    try:
        return function(folder, runtime, [[text] for text in texts])
    except Exception:  # a library's profiler may fail in any way: the rest is known without it
        traceback.print_exc()
        return None
