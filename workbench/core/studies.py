"""Case studies that are installed beside the workbench plug in by an entry point."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import entry_points
from typing import Any

GROUP = "workbench.case_studies"


@cache
def studies() -> Mapping[str, Any]:
    """Name to module: ``TASKS`` and ``MODELS`` (id to what loads it), ``PAGE`` (a notebook).

    One whose models write from records also has ``prompt_of(record)`` and
    ``facts_of(record, text)``, plain data in and out.
    """
    found = {}
    for point in entry_points(group=GROUP):
        with suppress(ImportError):  # a broken one costs only itself
            found[point.name] = point.load()
    return found
