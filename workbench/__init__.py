"""Workbench: compress, accelerate and tune models, and measure honestly what it did to them."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"
__all__ = ["app", "connect"]


def connect(*, inline: bool = False) -> Any:
    """A client of the job server, started if need be; ``inline`` runs jobs in this process."""
    from workbench.jobs import connect

    return connect(inline=inline)


def app(**settings: Any) -> Any:
    """The whole workbench as one widget, for a notebook cell or a Voila page."""
    from workbench.apps import app

    return app(**settings)
