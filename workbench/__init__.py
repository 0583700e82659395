"""Workbench: compress, accelerate and tune models, and measure honestly what it did to them."""

import sys

if sys.argv[:1] == ["-m"] and not sys.flags.safe_path:
    # python -m workbench, before anything else: the folder one stands in may be a stranger's, so
    # no library is looked for there (that is also why nothing is imported from __future__)
    del sys.path[0]

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
