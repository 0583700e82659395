"""A candidate against its reference: fresh hosts per launch, interleaved rounds, a baton."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from workbench.core.errors import BadInput
from workbench.measure.host import Host
from workbench.stats.sequential import LOOKS, enough

LAUNCHES = LOOKS
# Texts that one side answers before the other has its turn: few, so that both see the same
# neighbours; enough that most calls find their caches as the last one left them.
ROUND = 5
BUDGET_S = 1.5  # of calls per side and launch, and of batches
FEWEST, MOST = 4, 40  # rounds
SIZES = (1, 8, 32)  # batches tried for throughput, until one is slower than the last
BATCH_ROWS, FEW_ROWS = 64, 32  # in one timed batch run; few where the budget is small
BATCH_ROUNDS = 3  # at most
OUTPUT_BATCH = 32


@dataclass(frozen=True)
class Side:
    """What a host opens.

    Args:
        folder: of the artifact.
        runtime: name and settings, as a recipe has them.
    """

    folder: Path
    runtime: Mapping[str, Any]


@dataclass(frozen=True)
class Measured:
    """What was timed.

    Args:
        launches: one entry each: ``{"reference": side or None, "candidate": side}``; a side is
            ``{"pid", "seconds", "model_seconds", "batch": {"size", "rows", "seconds"}, "memory"}``
            with one value per timed call, in s, and bytes.
        logits: the candidate's for all texts, float32 (texts, classes), in their order; given
            in the first launch, once its times are taken.
        provisional: whether more launches are to come.
    """

    launches: tuple[Mapping[str, Any], ...]
    logits: np.ndarray
    provisional: bool = False


def _nobody(_: Measured) -> None:
    return None


def compare(
    reference: Side,
    candidate: Side,
    texts: Sequence[str],
    *,
    launches: Sequence[int] = LOOKS,
    on_launch: Callable[[Measured], None] = _nobody,
    cancelled: Callable[[], bool] = lambda: False,
    seed: int = 0,
    module: str = "workbench.runtimes",
    budget_s: float = BUDGET_S,
    sizes: Mapping[str, int] | None = None,
) -> Measured:
    """Time both sides over 3 to 12 launches, until the speed-up is known well enough.

    Args:
        reference: what the other is compared with.
        candidate: what is measured.
        texts: real inputs at their natural lengths; every launch draws some of them.
        launches: after how many to look whether that is enough; the last is the most. Other
            looks than the default serve quick trials: the verdict is made for those.
        on_launch: called after every launch but the last with what there is so far.
        cancelled: asked all the time; the hosts are gone within a second.
        seed: of the draws and of the order in every round.
        module: imported in the hosts; it fills the table of runtimes.
        budget_s: seconds of calls, and of batches, per side and launch.
        sizes: the best batch of a side where it is known (``reference`` or ``candidate``);
            the first launch looks for the others.

    Raises:
        HostFailed: if a host ends or cannot open its artifact.
        Cancelled: when asked to stop.
    """
    sides = {"reference": reference, "candidate": candidate}
    bench = _Bench(sides, texts, cancelled, seed, module, budget_s, dict(sizes or {}))
    return _launched(bench, launches, on_launch)


def alone(
    side: Side,
    texts: Sequence[str],
    *,
    launches: int = LOOKS[0],
    on_launch: Callable[[Measured], None] = _nobody,
    cancelled: Callable[[], bool] = lambda: False,
    seed: int = 0,
    module: str = "workbench.runtimes",
    budget_s: float = BUDGET_S,
) -> Measured:
    """Time one side by itself, as the reference's own run is; arguments as above."""
    bench = _Bench({"candidate": side}, texts, cancelled, seed, module, budget_s, {})
    return _launched(bench, (launches,), on_launch)


class _Bench(NamedTuple):
    """What every launch of a measurement has in common."""

    sides: Mapping[str, Side]
    texts: Sequence[str]
    cancelled: Callable[[], bool]
    seed: int
    module: str
    budget_s: float
    sizes: dict[str, int]  # the best batch per side, as far as it is known

    @property
    def rows(self) -> int:
        """Texts in one timed batch run."""
        return BATCH_ROWS if self.budget_s >= BUDGET_S else FEW_ROWS

    @property
    def warm(self) -> dict[str, float]:
        """Seconds of warming up, where the budget is small."""
        return {} if self.budget_s >= BUDGET_S else {"warm_s": self.budget_s}


def _launched(
    bench: _Bench, looks: Sequence[int], on_launch: Callable[[Measured], None]
) -> Measured:
    if not bench.texts:
        raise BadInput("no texts", "at least one text to time", "choose a split that has rows")
    rng = np.random.default_rng(bench.seed)
    logits: list[np.ndarray] = []
    launches = until_enough(
        lambda: _launch(bench, rng, logits),
        looks,
        lambda launches: on_launch(Measured(launches, logits[0], provisional=True)),
    )
    return Measured(launches, logits[0])


def until_enough(
    launch: Callable[[], Mapping[str, Any]],
    looks: Sequence[int],
    on_launch: Callable[[tuple[Mapping[str, Any], ...]], None],
) -> tuple[Mapping[str, Any], ...]:
    """Launch until a look says that the speed-up is known well enough, or the last look.

    Args:
        launch: makes one launch: ``{"reference": side, "candidate": side}``, or a candidate only.
        looks: after how many launches to look.
        on_launch: told all of them after each but the last.
    """
    launches: list[Mapping[str, Any]] = []
    while True:
        launches.append({"reference": None, **launch()})
        if len(launches) >= looks[-1] or _enough(launches, looks):
            return tuple(launches)
        on_launch(tuple(launches))


def _enough(launches: Sequence[Mapping[str, Any]], looks: Sequence[int]) -> bool:
    ratios = latency_ratios(launches)
    return len(ratios) in looks and enough(ratios)


def latency_ratios(launches: Sequence[Mapping[str, Any]]) -> list[float]:
    """Reference ÷ candidate per launch, of the median latencies from the string."""
    return [
        float(np.median(x["reference"]["seconds"]) / np.median(x["candidate"]["seconds"]))
        for x in launches
        if x["reference"]
    ]


def _launch(bench: _Bench, rng: np.random.Generator, logits: list[np.ndarray]) -> dict[str, Any]:
    """One launch: fresh hosts, opened together, then timed in turns; the first also answers."""
    with ExitStack() as stack:
        hosts = {}
        for name, side in bench.sides.items():
            threads = int(side.runtime.get("threads", 1))
            hosts[name] = Host(name, threads, bench.cancelled, bench.module)
            stack.callback(hosts[name].close)
        chosen = rng.permutation(len(bench.texts))[: max(BATCH_ROWS, MOST * ROUND)]
        some = [bench.texts[i] for i in chosen]
        opened = _opened(hosts, bench, some)
        found = {name: {**told, **_empty()} for name, told in opened.items()}
        _rounds(hosts, found, len(some), bench.budget_s, rng)
        for name, host in hosts.items():  # before the batches, whose size is each side's own
            found[name]["memory"] = host.ask(do="memory")["bytes"]
        _batches(hosts, found, bench, rng)
        if not logits:
            logits.append(_answers(hosts["candidate"], bench.texts))
        return found


def _empty() -> dict[str, Any]:
    return {"seconds": [], "model_seconds": []}


def _opened(
    hosts: Mapping[str, Host], bench: _Bench, texts: list[str]
) -> dict[str, dict[str, Any]]:
    """Open both at once, then warm up one after the other; what the hosts tell of themselves."""
    for name, side in bench.sides.items():
        order = {"folder": str(side.folder), "runtime": dict(side.runtime)}
        hosts[name].send({"do": "open", **order})
    told = {name: host.answer() for name, host in hosts.items()}
    for host in hosts.values():
        host.ask(do="texts", texts=texts, **bench.warm)
    kept = ("pid", "compile_seconds")
    return {name: {k: a[k] for k in kept if k in a} for name, a in told.items()}


def _rounds(
    hosts: Mapping[str, Host],
    found: dict[str, Any],
    texts: int,
    budget_s: float,
    rng: np.random.Generator,
) -> None:
    """Both answer the same texts, in an order drawn anew for every round."""
    spent = 0.0
    for number in range(MOST):
        if number >= FEWEST and spent > budget_s:
            return
        rows = [(number * ROUND + i) % texts for i in range(ROUND)]
        turns = {}
        for name in rng.permutation(sorted(hosts)):
            told = hosts[name].ask(do="time", rows=rows)
            for what in ("seconds", "model_seconds"):
                found[name][what] += told[what]
            turns[name] = sum(told["seconds"]) + sum(told["model_seconds"])
        spent += max(turns.values())


def _batches(
    hosts: Mapping[str, Host],
    found: dict[str, Any],
    bench: _Bench,
    rng: np.random.Generator,
) -> None:
    """Throughput at the batch that the first launch found best for each side."""
    sizes = bench.sizes
    for name, host in hosts.items():
        if name not in sizes:
            sizes[name] = _best_size(host, bench.rows)
        found[name]["batch"] = {"size": sizes[name], "rows": bench.rows, "seconds": []}
    spent = 0.0
    for number in range(BATCH_ROUNDS):
        if number and spent > bench.budget_s:
            return
        for name in rng.permutation(sorted(hosts)):
            told = hosts[name].ask(do="batch", size=sizes[name], rows=bench.rows)
            found[name]["batch"]["seconds"].append(told["seconds"])
            spent += told["seconds"] / len(hosts)


def _best_size(host: Host, rows: int) -> int:
    """The fastest of ``SIZES``, tried from the smallest while it gains."""
    best, fastest = SIZES[0], float("inf")
    for size in SIZES:
        host.ask(do="batch", size=size, rows=rows)  # buffers and kernels of those shapes
        seconds = float(host.ask(do="batch", size=size, rows=rows)["seconds"])
        if seconds >= fastest:
            break
        best, fastest = size, seconds
    return best


def _answers(host: Host, texts: Sequence[str]) -> np.ndarray:
    """Logits of all texts from the process that was timed: what is fast is what is right."""
    told = host.ask(do="outputs", texts=list(texts), size=OUTPUT_BATCH)
    flat = np.frombuffer(b64decode(told["logits"]), dtype="<f4")
    return flat.reshape(told["shape"]).astype(np.float32)
