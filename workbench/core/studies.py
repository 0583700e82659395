"""Case studies that are installed beside the workbench plug in by an entry point."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import entry_points
from typing import Any


@cache
def studies() -> Mapping[str, Any]:
    """Name to module: ``TASKS``, ``MODELS`` (id to loader), ``PAGE`` (a notebook).

    Those with records also have ``prompt_of(record)`` and ``facts_of(record, text)``.
    """
    found = {}
    for point in entry_points(group="workbench.case_studies"):
        with suppress(ImportError):  # a broken one costs only itself
            found[point.name] = point.load()
    return found
