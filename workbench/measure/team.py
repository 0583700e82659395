"""Worker processes that write side by side, fed from one queue of requests."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from threading import Barrier, Event, Lock
from types import TracebackType
from typing import Self

from workbench.core.errors import Cancelled
from workbench.measure.compare import Side
from workbench.measure.host import Host

GPUS = "CUDA_VISIBLE_DEVICES"


@dataclass(frozen=True)
class Share:
    """What one worker did in a window.

    Args:
        requests: that it finished, at least one.
        tokens: that it wrote for them.
        seconds: from the common start until its last one was finished.
    """

    requests: int
    tokens: int
    seconds: float


@dataclass
class _Window:
    """A stretch of time in which so many workers are busy from end to end.

    Args:
        workers: how many.
        seconds: after which each finishes what it is at, and counts no more.
        prompts: the requests, in their order and again from the first.
    """

    workers: int
    seconds: float
    prompts: Sequence[str]
    begun: float = 0.0
    _counted: int = 0
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self._queue = cycle(self.prompts)
        self.start = Barrier(self.workers, self._begin)
        self.over = Event()

    def _begin(self) -> None:
        self.begun = time.perf_counter()

    def request(self) -> str:
        """The next prompt of the queue that all take from."""
        with self._lock:
            return next(self._queue)

    def counted(self) -> None:
        """One worker has its share; once all have, nobody need be kept busy any more."""
        with self._lock:
            self._counted += 1
            if self._counted == self.workers:
                self.over.set()


class Team:
    """As many worker processes as are ever needed at a time, each with an open session.

    To be used in a ``with`` statement: its end is theirs.

    Args:
        side: the model and its runtime.
        workers: processes.
        prompts: the requests.
        tokens: written behind each, whatever they are.
        cancelled: asked while waiting.
        module: imported there first.

    Raises:
        HostFailed: by ``with`` and ``window``, once one of them ends or refuses.
        Cancelled: by both, when asked to stop.
    """

    def __init__(
        self,
        side: Side,
        workers: int,
        prompts: Sequence[str],
        tokens: int,
        cancelled: Callable[[], bool],
        module: str,
    ) -> None:
        self._side, self._workers, self._module = side, workers, module
        self._prompts, self._tokens = prompts, tokens
        self._failed = Event()  # one has: the others need not be waited for
        self._cancelled = lambda: cancelled() or self._failed.is_set()
        self._hosts: list[Host] = []

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, at: TracebackType | None
    ) -> None:
        for host in self._hosts:
            host.close()

    def _open(self) -> None:
        """Start all, let them open at the same time, and warm each up with the longest prompt."""
        runtime = dict(self._side.runtime)
        gpus = _gpus() if runtime.get("device") == "cuda" else []
        for place in range(self._workers):
            with _only(gpus[place % len(gpus)] if gpus else None):
                threads = int(runtime.get("threads", 1))
                name = f"worker {place + 1}"
                self._hosts.append(Host(name, threads, self._cancelled, self._module))
        for host in self._hosts:
            host.send({"do": "open_writer", "folder": str(self._side.folder), "runtime": runtime})
        for host in self._hosts:
            host.answer()
        longest = max(self._prompts, key=len)
        self._all(_Window(self._workers, 0.0, [longest]))

    def window(self, workers: int, seconds: float) -> tuple[Share, ...]:
        """Keep the first ``workers`` busy together, from the first request of the queue on.

        A worker counts the requests that it began within ``seconds``, and the time until the
        last of them is finished. Until all have done so it goes on with more, uncounted: nobody
        finishes on a machine that others have left already.
        """
        return self._all(_Window(workers, seconds, self._prompts))

    def _all(self, window: _Window) -> tuple[Share, ...]:
        def work(host: Host) -> Share:
            try:
                return self._serve(host, window)
            except BaseException:
                self._failed.set()
                raise

        with ThreadPoolExecutor(window.workers) as pool:
            told = [pool.submit(work, host) for host in islice(self._hosts, window.workers)]
        errors = [one.exception() for one in told]
        found = [err for err in errors if err is not None]
        if found:  # the others were told to stop on its account
            raise next((err for err in found if not isinstance(err, Cancelled)), found[0])
        return tuple(one.result() for one in told)

    def _serve(self, host: Host, window: _Window) -> Share:
        requests = tokens = 0
        window.start.wait()
        while True:
            tokens += self._write(host, window.request())
            requests += 1
            seconds = time.perf_counter() - window.begun
            if seconds >= window.seconds:
                break
        window.counted()
        while not window.over.is_set():
            self._write(host, window.request())
        return Share(requests, tokens, seconds)

    def _write(self, host: Host, prompt: str) -> int:
        """One request; the number of tokens that were written."""
        told = host.ask(do="paced", prompts=[prompt], tokens=self._tokens)
        return int(told["tokens"])


def _gpus() -> list[str]:
    """Names under which processes see each GPU that this one may use."""
    given = os.environ.get(GPUS)
    if given:
        return given.split(",")
    import torch

    return [str(number) for number in range(torch.cuda.device_count())]


@contextmanager
def _only(gpu: str | None) -> Iterator[None]:
    """Let a process that is started inside see one GPU alone; None leaves it all."""
    before = os.environ.get(GPUS)
    if gpu is not None:
        os.environ[GPUS] = gpu
    try:
        yield
    finally:
        if gpu is not None:
            os.environ.pop(GPUS)
            if before is not None:
                os.environ[GPUS] = before
