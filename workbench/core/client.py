"""What a state asks for work through; ``jobs.client`` has the one that speaks HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from workbench.core.records import Job, Run

Listener = Callable[[Mapping[str, Any]], None]


class Client(Protocol):
    """A thin client of the job server; every method answers at once, or raises ``BadInput``."""

    id: str

    def submit(self, kind: str, request: Mapping[str, Any]) -> Job:
        """Ask for work; it goes on when this process ends."""

    def jobs(self) -> tuple[Job, ...]:
        """Jobs waiting, running and lately ended, oldest first."""

    def cancel(self, job: str) -> None:
        """Ask a job to stop; what it finished is kept."""

    def runs(self) -> tuple[Run, ...]:
        """Runs that this client may see, oldest first."""

    def recorded(self, run: str) -> Run:
        """The run of an id: whoever knows it may see it, whose run it ever is."""

    def flips(self, run: str, against: str = "") -> Mapping[str, Any]:
        """A ``ledger.Ledger`` between a run and another (its reference), worst rows first."""

    def why(self, run: str) -> Mapping[str, Any]:
        """Where a run's time goes and why, as ``jobs.views.why`` tells it."""

    def limits(self) -> Mapping[str, float]:
        """Run id to the least seconds that one call of it could take on its machine."""

    def follow(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with every event, on the thread and event loop that called ``follow``.

        Events: ``{"type": "job", "job": …}``, ``{"type": "run", "job": id, "run": …}`` (also
        provisional ones, status ``running``) and ``{"type": "loss", "job": id, "step": n,
        "loss": x, "accuracy": y or None}``, ``{"type": "text", "job": id, "pieces": […]}``.
        Returns a function that ends it.
        """
