"""Who is on a published page: so many at most, and a kernel ends soon after its page has gone."""

from __future__ import annotations

import ctypes
import gc
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from jupyter_core.utils import ensure_async

from workbench.apps.limits import ARRIVE_S, LEAVE_S

log = logging.getLogger("workbench")


@dataclass
class Visit:
    """One opened page.

    Args:
        kernel: id of its kernel, empty until it has one.
        seen: when it last had a connection, or was opened; monotonic seconds.
        came: whether it ever had a connection; a short one is over between two looks.
        making: whether the page is still being made, which takes its time on a busy machine.
    """

    kernel: str = ""
    seen: float = field(default_factory=time.monotonic)
    came: bool = False
    making: bool = True

    def over(self, connections: int) -> bool:
        """Whether its page has gone, or never came."""
        if connections or self.making:
            self.seen = time.monotonic()
        return time.monotonic() - self.seen > (LEAVE_S if self.came else ARRIVE_S)


_current: ContextVar[Visit | None] = ContextVar("visit", default=None)


class Visits:
    """All visits to one page.

    Args:
        places: how many at once.
    """

    def __init__(self, places: int) -> None:
        self.places = places
        self._open: list[Visit] = []

    @property
    def full(self) -> bool:
        """Whether there is no place left."""
        return len(self._open) >= self.places

    @asynccontextmanager
    async def enter(self) -> AsyncIterator[None]:
        """Take a place while the page is made; it stays taken while the page has a kernel."""
        visit = Visit()
        self._open.append(visit)
        _current.set(visit)
        try:
            yield
        finally:
            visit.seen, visit.making = time.monotonic(), False
            if not visit.kernel:
                self._open.remove(visit)

    def connected(self, kernel: str) -> None:
        """A page has connected to its kernel."""
        for visit in self._open:
            if visit.kernel == kernel:
                visit.seen, visit.came = time.monotonic(), True

    async def cull(self, manager: Any) -> None:
        """End the kernels of visits that are over, and forget those that have none any more."""
        before = len(self._open)
        for visit in [visit for visit in self._open if visit.kernel]:
            try:
                if visit.kernel not in manager:
                    self._open.remove(visit)
                elif visit.over(manager.kernel_model(visit.kernel)["connections"]):
                    await ensure_async(manager.shutdown_kernel(visit.kernel, now=True))
            except Exception:  # it may be ending at this moment: the next round sees
                log.warning("a kernel did not end", exc_info=True)
        if len(self._open) < before:
            _give_back()


def _give_back() -> None:
    """Return to the system what Voila kept of a visit: 4 MB in cycles, then holes in the heap."""
    gc.collect()
    with suppress(AttributeError, OSError):  # glibc has it, others do not
        ctypes.CDLL(None).malloc_trim(0)


def note_kernels(manager: Any) -> None:
    """Make a kernel manager note which kernel the visit at hand is given."""
    rendered, start = manager.get_rendered_notebook, manager.start_kernel

    async def get_rendered_notebook(*given: Any, **more: Any) -> Any:
        made = await rendered(*given, **more)
        _note(made[2])
        return made

    async def start_kernel(*given: Any, **more: Any) -> Any:
        kernel = await ensure_async(start(*given, **more))
        _note(kernel)
        return kernel

    manager.get_rendered_notebook, manager.start_kernel = get_rendered_notebook, start_kernel


def _note(kernel: str) -> None:
    visit = _current.get()
    if visit is not None:
        visit.kernel = kernel
