"""What a model writes, and what texts cost it: asked of several processes at once."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.measure.compare import Side
from workbench.measure.host import Host
from workbench.measure.written import Outputs

ROWS = 32  # written behind at once when outputs are asked for
WRITERS, PARTS = 4, 3  # processes that share them out at most; parts of so many rows at least
OPENING_S = 10.0  # of a session that is opened once more for it, at most
COMPARED = 16  # rows on which distributions are compared, at most
NUMBERS = 4_000_000  # of distributions that go through a pipe at once, at most


@dataclass(frozen=True)
class Wanted:
    """What is to be written.

    Args:
        prompts: real ones; every launch draws some of them.
        judged: how many of the first ones the outputs are wanted for.
        targets: what a person wrote behind each; empty if nobody did.
        tokens: written at most behind a judged one.
        chat: whether the prompts have a chat template around them.
    """

    prompts: Sequence[str]
    judged: int
    targets: Sequence[str] = ()
    tokens: int = 256
    chat: bool = False


def helpers(side: Side, wanted: Wanted, opening_s: float, memory: float) -> int:
    """How many further processes may write outputs beside the one that was timed.

    Nothing is timed any more then, and what a process writes does not depend on its neighbours.
    There have to be cores and memory for them, and more to write than opening them takes.

    Args:
        side: what is opened.
        wanted: what is to be written.
        opening_s: that a session of it takes to open.
        memory: that it takes, in bytes.
    """
    import psutil

    asked = getattr(psutil.Process(), "cpu_affinity", None)  # not everywhere
    cores = len(asked()) if asked is not None else psutil.cpu_count() or 1
    room = int(psutil.virtual_memory().available / 2 // max(1.0, memory))
    parts = -(-wanted.judged // ROWS)
    if opening_s > OPENING_S or side.runtime.get("device", "cpu") != "cpu" or parts < PARTS:
        return 0
    most = min(WRITERS, parts, cores // int(side.runtime.get("threads", 1)))
    return max(0, min(room, most - 1))


def outputs(
    hosts: Mapping[str, Host],
    more: Sequence[Host],
    wanted: Wanted,
    before: Sequence[Sequence[int]],
) -> Outputs:
    """What the candidate writes: the process that was timed, for what is fast is what is right.

    Args:
        hosts: ``candidate``, and perhaps ``reference``, with open sessions.
        more: others with the candidate open, which take their part.
        wanted: what is to be written.
        before: tokens that the reference wrote behind the judged prompts; empty if not known.
    """
    writers = [hosts["candidate"], *more]
    prompts = list(wanted.prompts[: wanted.judged])
    tokens: list[Any] = [[]] * len(prompts)
    texts = [""] * len(prompts)
    order = sorted(range(len(prompts)), key=lambda i: -len(prompts[i]))
    parts = [order[start : start + ROWS] for start in range(0, len(order), ROWS)]
    asked = [
        {"do": "greedy", "prompts": [prompts[i] for i in part], "tokens": wanted.tokens}
        for part in parts
    ]
    for part, told in zip(parts, _answers(writers, asked), strict=True):
        for place, i in enumerate(part):
            tokens[i], texts[i] = told["tokens"][place], told["texts"][place]
    nats, sizes = _costs(writers, prompts, list(wanted.targets[: wanted.judged]))
    return Outputs(tokens, texts, nats, sizes, _divergence(hosts, before, prompts))


def _answers(hosts: Sequence[Host], orders: Sequence[Any]) -> Iterator[dict[str, Any]]:
    """Of orders, in their order; as many at once as there are hosts."""
    for start in range(0, len(orders), len(hosts)):
        busy = hosts[: len(orders) - start]
        for host, order in zip(busy, orders[start:], strict=False):
            host.send(order)
        yield from [host.answer() for host in busy]


def _costs(
    writers: Sequence[Host], prompts: list[str], targets: list[str]
) -> tuple[list[float], list[int]]:
    nats: list[float] = []
    sizes: list[int] = []
    asked = [
        {
            "do": "costs",
            "prompts": prompts[start : start + ROWS],
            "targets": targets[start : start + ROWS],
        }
        for start in range(0, len(targets), ROWS)
    ]
    for told in _answers(writers, asked):
        nats, sizes = nats + told["nats"], sizes + told["bytes"]
    return nats, sizes


def _divergence(
    hosts: Mapping[str, Host], before: Sequence[Sequence[int]], prompts: Sequence[str]
) -> list[float]:
    """KL divergence of each token on what the reference wrote, in nats."""
    if "reference" not in hosts:
        return []
    found: list[float] = []
    left = NUMBERS
    for prompt, row in zip(prompts[:COMPARED], before, strict=False):
        if not row or left <= 0:
            continue
        logs = []
        for side in ("reference", "candidate"):
            told = hosts[side].ask(do="shares", prompt=prompt, tokens=list(row))
            flat = np.frombuffer(b64decode(told["logs"]), dtype="<f4").astype(np.float64)
            logs.append(flat.reshape(told["shape"]))
        left -= logs[0].size
        found += (np.exp(logs[0]) * (logs[0] - logs[1])).sum(axis=1).tolist()
    return found
