"""Processes that wrote last stay for a while: a model that is asked again answers at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

from workbench.measure.host import Host

IDLE_S = 120.0  # that they wait for another prompt
MOST = 2  # a model and what was made of it, side by side
_lock = threading.RLock()
_hosts: dict[Hashable, Host] = {}  # the one used last comes last
_timer: threading.Timer | None = None


def taken(key: Hashable, start: Callable[[], Host]) -> Host:
    """The process of this key, opened if there is none; ``give_back`` keeps it.

    Args:
        key: what it depends on: files, runtime.
        start: opens a session in a new one.

    Raises:
        HostFailed: if it cannot be opened.
        Cancelled: when asked to stop.
    """
    with _lock:
        _stop_timer()
        known = _hosts.pop(key, None)
        while len(_hosts) >= MOST:
            _hosts.pop(next(iter(_hosts))).close()
    return known if known is not None and known.alive else start()


def give_back(key: Hashable, host: Host) -> None:
    """Keep a process that is done and well until it has been idle for a while."""
    global _timer
    with _lock:
        _stop_timer()
        if host.alive:
            _hosts[key] = host
        _timer = threading.Timer(IDLE_S, rest)
        _timer.daemon = True
        _timer.start()


def rest() -> None:
    """End them all: what is timed next shall have the machine for itself."""
    with _lock:
        _stop_timer()
        while _hosts:
            _hosts.popitem()[1].close()


def _stop_timer() -> None:
    if _timer is not None:
        _timer.cancel()
