"""One command per verb; exit 0 done, 1 the run failed, 2 bad input."""

from workbench.cli.main import main

__all__ = ["main"]
