"""Asking without making the page wait: in a thread where an event loop runs, else at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

_TASKS: set[asyncio.Task[None]] = set()  # the loop itself holds them only weakly


def later(work: Callable[[], Any], then: Callable[[Any], None]) -> None:
    """Call ``then`` with what ``work`` returns, or with the exception that it raises.

    Args:
        work: may take seconds; it must touch no widget.
        then: called on the thread of whoever called ``later``.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        then(_result(work))
        return

    async def ask() -> None:
        then(await asyncio.to_thread(_result, work))

    task = loop.create_task(ask())
    _TASKS.add(task)
    task.add_done_callback(_TASKS.discard)


def _result(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except Exception as err:
        return err
