"""Start the processes that share out one model, and give back what they wrote."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from workbench.core.errors import BadInput, Cancelled
from workbench.core.knobs import build
from workbench.formats.prompts import Prompts
from workbench.runtimes.decoder import Sampling
from workbench.runtimes.tensor_parallel import Written, check
from workbench.runtimes.torch import Torch, no_device

PROGRAM = "workbench.runtimes.tensor_parallel"
MOST = 64  # processes
BETWEEN_S = 0.05  # looks at whether they have ended
GRACE_S = 2.0  # for the others to say why, once one has failed
LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def in_processes(
    folder: Path,
    prompts: Sequence[str],
    count: int,
    *,
    tokens: int = 64,
    device: str = "cpu",
    threads: int = 1,
    logits: bool = False,
    cancelled: Callable[[], bool] = lambda: False,
) -> Written:
    """Write behind prompts with a model shared out among processes of this machine.

    Args:
        folder: of a causal language model.
        prompts: what it goes on from, at least one.
        count: processes; with ``cuda`` each has a GPU of its own.
        tokens: written behind each prompt at most; always the likeliest.
        device: ``cpu`` or ``cuda``.
        threads: of each process, on the processor, 1 to 64.
        logits: whether to give them back, too.
        cancelled: asked all the time.

    Raises:
        BadInput: if the model cannot be shared out so, a prompt does not fit, or a process ends.
        Cancelled: when asked to stop; the processes are then gone.
    """
    build(Sampling, {"tokens": tokens})
    _check_devices(count, build(Torch, {"device": device, "threads": threads}))
    check(folder, count)
    if not prompts:
        raise BadInput("no prompts", "a text to go on from", "give one at least")
    encoder = Prompts(folder)
    for prompt in prompts:
        encoder.encode(prompt)
    with tempfile.TemporaryDirectory() as place:
        scores = Path(place) / "logits.npz"
        told = ["--tokens", str(tokens), "--device", device, "--threads", str(threads)]
        told += ["--parent", str(os.getpid()), "--meet", str(Path(place) / "meet")]
        told += ["--logits", str(scores)] if logits else []
        file = Path(place) / "prompts.json"
        file.write_text(json.dumps(list(prompts)), "utf-8")
        told += ["--prompts", str(file)]
        running: list[subprocess.Popen[bytes]] = []
        try:
            for rank in range(count):
                order = [sys.executable, "-P", "-m", PROGRAM, str(folder), *told]
                running.append(_started(order, rank, count, threads, Path(place)))
            _ended(running, Path(place), cancelled)
        finally:
            for process in running:
                process.kill()
                process.wait()
        return _read(Path(place) / "0.out", scores)


def _check_devices(count: int, config: Torch) -> None:
    if not 1 <= count <= MOST:
        raise BadInput(f"{count} processes", f"1 to {MOST}", "choose another number")
    if why := no_device(config):
        raise BadInput(f"device {config.device}", f"one that is here ({why})", "choose cpu")
    if config.device == "cuda":
        import torch

        here = torch.cuda.device_count()
        if count > here:
            told = f"{count} processes with a GPU each"
            raise BadInput(told, f"at most {here}, as many as there are", "choose fewer")


def _started(
    order: Sequence[str], rank: int, count: int, threads: int, place: Path
) -> subprocess.Popen[bytes]:
    group = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": count}
    environment = {
        **os.environ,
        **{name: str(value) for name, value in group.items()},
        **dict.fromkeys(THREADS, str(threads)),
        "GLOO_SOCKET_IFNAME": LOOPBACK,  # nothing outside this machine is to reach them
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    out, err = place / f"{rank}.out", place / f"{rank}.err"
    with out.open("wb") as told, err.open("wb") as said:
        return subprocess.Popen(
            order, stdin=subprocess.DEVNULL, stdout=told, stderr=said, env=environment
        )


def _ended(
    running: Sequence[subprocess.Popen[bytes]], place: Path, cancelled: Callable[[], bool]
) -> None:
    """Wait until all have ended well.

    Raises:
        BadInput: once one has not, with its reason.
        Cancelled: when asked to stop.
    """
    until = float("inf")
    while True:
        codes = [process.poll() for process in running]
        failed = [rank for rank, code in enumerate(codes) if code]
        if all(code is not None for code in codes) or time.monotonic() > until:
            break
        if failed:
            until = min(until, time.monotonic() + GRACE_S)
        if cancelled():
            raise Cancelled
        time.sleep(BETWEEN_S)
    if failed:
        raise _failure(codes, failed, place)


def _failure(codes: Sequence[int | None], failed: Sequence[int], place: Path) -> BadInput:
    """What the first process refused, or why the one that went first is gone."""
    lines = (place / "0.out").read_text("utf-8").splitlines()
    told = json.loads(lines[-1]).get("error") if lines else None
    if told:
        return BadInput(**told)
    ended = {rank: codes[rank] or 0 for rank in failed}
    rank = min(ended, key=lambda one: ended[one])  # the first; one ended by a signal before it
    said = (place / f"{rank}.err").read_text("utf-8", errors="replace").strip().splitlines()
    why = f"exit code {ended[rank]}" if ended[rank] > 0 else f"signal {-ended[rank]}"
    if ended[rank] == -signal.SIGKILL:
        why += ", probably out of memory"
    value = f"process {rank} of {len(codes)} ({why}: {said[-1][:200] if said else 'no message'})"
    return BadInput(value, "processes that live until all is written", "try a smaller model")


def _read(answer: Path, scores: Path) -> Written:
    told = json.loads(answer.read_text("utf-8").splitlines()[-1])
    rows = tuple(tuple(row) for row in told["tokens"])
    found = Written(tuple(told["texts"]), rows, told["seconds"], told["processes"])
    if not scores.is_file():
        return found
    with np.load(scores, allow_pickle=False) as kept:
        return replace(found, logits=tuple(kept[f"arr_{i}"] for i in range(len(rows))))
