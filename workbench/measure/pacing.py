"""A model that writes against its reference: fresh hosts per launch, turn by turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workbench.core.errors import BadInput
from workbench.core.records import Estimate
from workbench.measure.compare import BUDGET_S, LAUNCHES, Side, until_enough
from workbench.measure.host import Host
from workbench.measure.outputs import Wanted, helpers, outputs
from workbench.measure.told import STATISTICS, ratios
from workbench.measure.written import Outputs
from workbench.stats.intervals import mean_log_ratio, mean_positive

TOKENS = 32  # of a timed stretch
BATCHES = (1, 8, 32)  # rows that are written behind at once
FEWEST, MOST = 3, 12  # turns of one row
TURNS = 3  # of larger batches, at most; one in launches after the first look
AGAIN = 4  # times at most that the faster side writes in the time of the slower


@dataclass(frozen=True)
class Paced:
    """What was timed and written.

    Args:
        launches: one entry each: ``{"reference": side or None, "candidate": side}``; a side is
            ``{"pid", "seconds": [per stretch of one row], "first_seconds", "given": tokens of
            its prompts, "tokens": of a stretch, "batches": {size: {"seconds", "first_seconds",
            "tokens"}}, "memory"}``, in s and bytes.
        outputs: the candidate's, made in the first launch.
        provisional: whether more launches are to come.
    """

    launches: tuple[Mapping[str, Any], ...]
    outputs: Outputs
    provisional: bool = False


@dataclass
class _Bench:
    sides: Mapping[str, Side]
    wanted: Wanted
    cancelled: Callable[[], bool]
    rng: np.random.Generator
    module: str
    budget_s: float
    before: Sequence[Sequence[int]] = ()  # tokens that the reference wrote
    outputs: list[Outputs] = field(default_factory=list)
    launched: int = 0

    @property
    def sizes(self) -> tuple[int, ...]:
        """Batches that are timed: on a small budget not the largest, without one none."""
        if not self.budget_s:
            return ()
        return BATCHES if self.budget_s >= BUDGET_S else BATCHES[:-1]


def paced(
    sides: Mapping[str, Side],
    wanted: Wanted,
    *,
    before: Sequence[Sequence[int]] = (),
    launches: Sequence[int] = LAUNCHES,
    on_launch: Callable[[Paced], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
    seed: int = 0,
    module: str = "workbench.runtimes",
    budget_s: float = BUDGET_S,
) -> Paced:
    """Time a candidate, beside a reference where there is one, until the speed-up is known.

    Args:
        sides: ``candidate``, and perhaps ``reference``.
        wanted: prompts, and what of them is judged.
        before: tokens that the reference wrote behind the judged prompts; empty if not known.
        launches: after how many to look; the last is the most.
        on_launch: called after every launch but the last with what there is so far.
        cancelled: asked all the time; the hosts are gone within a second.
        seed: of the draws and of the order in every turn.
        module: imported in the hosts; it fills the table of runtimes.
        budget_s: seconds of stretches of one row, and of each batch, per side and launch; 0 where
            only the outputs are wanted.

    Raises:
        BadInput: without a prompt.
        HostFailed: if a host ends or cannot open its artifact.
        Cancelled: when asked to stop.
    """
    if not wanted.prompts:
        raise BadInput("no prompts", "at least one", "choose a split that has rows")
    rng = np.random.default_rng(seed)
    bench = _Bench(sides, wanted, cancelled, rng, module, budget_s, before)
    found = until_enough(
        lambda: _launch(bench),
        launches,
        lambda some: on_launch(Paced(some, bench.outputs[0], provisional=True)),
    )
    return Paced(found, bench.outputs[0])


def _launch(bench: _Bench) -> dict[str, Any]:
    with ExitStack() as stack:
        hosts = {name: _opened(stack, bench, name) for name in bench.sides}
        told = {name: host.answer() for name, host in hosts.items()}
        found: dict[str, Any] = {name: {"pid": told[name]["pid"], "batches": {}} for name in hosts}
        for size in bench.sizes:
            _stretches(hosts, found, bench, size)
        for name, host in hosts.items():
            found[name]["memory"] = host.ask(do="memory")["bytes"]
        bench.launched += 1
        if not bench.outputs:
            opening, memory = told["candidate"]["seconds"], found["candidate"]["memory"]
            count = helpers(bench.sides["candidate"], bench.wanted, opening, memory)
            more = [_opened(stack, bench, "candidate") for _ in range(count)]
            for host in more:
                host.answer()
            bench.outputs.append(outputs(hosts, more, bench.wanted, bench.before))
        return found


def _opened(stack: ExitStack, bench: _Bench, name: str) -> Host:
    """A host that opens a side; it has not answered yet."""
    side = bench.sides[name]
    host = Host(name, int(side.runtime.get("threads", 1)), bench.cancelled, bench.module)
    stack.callback(host.close)
    order = {"folder": str(side.folder), "runtime": dict(side.runtime)}
    host.send({"do": "open_writer", **order, "chat": bench.wanted.chat})
    return host


def _stretches(hosts: Mapping[str, Host], found: dict[str, Any], bench: _Bench, size: int) -> None:
    """Both sides write behind the same prompts, in an order drawn anew for every turn."""
    # later launches are there for what differs between launches, and for one row above all
    turns_of_many = TURNS if bench.launched < LAUNCHES[0] else 1
    few, most = (FEWEST, MOST) if size == 1 else (1, turns_of_many)
    prompts = bench.wanted.prompts
    _warm(hosts, _some(prompts, 0, size))
    told: dict[str, list[dict[str, Any]]] = {name: [] for name in hosts}
    first, spent = int(bench.rng.integers(len(prompts))), 0.0
    for number in range(most):
        if number >= few and spent > bench.budget_s:
            break
        some = _some(prompts, first + number * size, size)
        often = _often(told) if size == 1 else {}
        for name in bench.rng.permutation(sorted(hosts)):
            for _ in range(often.get(name, 1)):
                told[name].append(hosts[name].ask(do="paced", prompts=some, tokens=TOKENS))
        spent += max(turns[-1]["seconds"] for turns in told.values())
    for name, turns in told.items():
        kept = {
            "seconds": [turn["seconds"] for turn in turns],
            "first_seconds": [turn["first_s"] for turn in turns],
            "given": [turn["given"] for turn in turns],
            "tokens": turns[0]["tokens"],
        }
        found[name]["batches"][str(size)] = kept
        if size == 1:
            found[name] |= {"seconds": kept["seconds"]}


def _warm(hosts: Mapping[str, Host], prompts: Sequence[str]) -> None:
    """Buffers and kernels of these shapes are made; nothing is timed, so all do it at once."""
    for host in hosts.values():
        host.send({"do": "paced", "prompts": prompts, "tokens": TOKENS // 4})
    for host in hosts.values():
        host.answer()


def _often(told: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, int]:
    """How many stretches of each side fit into one of the slowest: a short one is told worse."""
    if not all(told.values()):
        return {}
    usual = {name: float(np.median([x["seconds"] for x in some])) for name, some in told.items()}
    slowest = max(usual.values())
    return {name: min(AGAIN, int(slowest / seconds)) for name, seconds in usual.items()}


def _some(prompts: Sequence[str], first: int, count: int) -> list[str]:
    return [prompts[(first + i) % len(prompts)] for i in range(count)]


def speed(launches: Sequence[Mapping[str, Any]]) -> dict[str, Estimate]:
    """Metrics of the candidate, and its speed-ups if there was a reference; n is launches.

    Returns:
        ``latency_*`` of a stretch of one row in s, ``first_token_p50`` and ``first_token_p95`` in
        s, ``decode_1`` and so on (tokens/s behind the first token, by batch), ``prefill`` (tokens
        of prompts/s until the first token, batch of one), ``throughput`` (tokens/s of the best
        batch, prompts and all), ``memory`` in B, ``speedup_latency``, ``speedup_throughput`` and
        ``speedup_8``, ``speedup_32`` (whole stretches of that batch).
    """
    mine = [launch["candidate"] for launch in launches]
    found = {}
    for name, statistic in STATISTICS.items():
        values = [float(statistic(side["seconds"])) for side in mine]
        found[f"latency_{name}"] = mean_positive(values, "s")
    for name in ("p50", "p95"):
        values = [float(STATISTICS[name](_one(side)["first_seconds"])) for side in mine]
        found[f"first_token_{name}"] = mean_positive(values, "s")
    for size in mine[0]["batches"]:
        rates = [_decoded(side["batches"][size], int(size)) for side in mine]
        found[f"decode_{size}"] = mean_positive(rates, "1/s")
    found["prefill"] = mean_positive([_read(_one(side)) for side in mine], "1/s")
    found["throughput"] = mean_positive([_best(side) for side in mine], "1/s")
    found["memory"] = mean_positive([float(side["memory"]) for side in mine], "B")
    for name, values in ratios(_with_best(launches)).items():
        found[name] = mean_log_ratio(values)
    if launches[0]["reference"]:
        for size in list(mine[0]["batches"])[1:]:
            found[f"speedup_{size}"] = mean_log_ratio([_ratio(x, size) for x in launches])
    return found


def _with_best(launches: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """As ``told.ratios`` reads them: with the best batch of each side."""

    def side(told: Any) -> Any:
        return told and {**told, "batch": {"rows": _best(told), "seconds": [1.0]}}

    return [{name: side(told) for name, told in launch.items()} for launch in launches]


def speed_ratios(launches: Sequence[Mapping[str, Any]]) -> dict[str, list[float]]:
    """``speedup_latency`` and ``speedup_throughput`` of each launch."""
    return ratios(_with_best(launches))


def _one(side: Mapping[str, Any]) -> Mapping[str, Any]:
    one: Mapping[str, Any] = side["batches"]["1"]
    return one


def _decoded(batch: Mapping[str, Any], size: int) -> float:
    spans = np.subtract(batch["seconds"], batch["first_seconds"])
    return float((batch["tokens"] - size) / np.median(spans))


def _read(batch: Mapping[str, Any]) -> float:
    return float(np.median(np.divide(batch["given"], batch["first_seconds"])))


def _best(side: Mapping[str, Any]) -> float:
    return max(float(b["tokens"] / np.median(b["seconds"])) for b in side["batches"].values())


def _ratio(launch: Mapping[str, Any], size: str) -> float:
    both = (float(np.median(launch[x]["batches"][size]["seconds"])) for x in launch)
    seconds = dict(zip(launch, both, strict=True))
    return seconds["reference"] / seconds["candidate"]
