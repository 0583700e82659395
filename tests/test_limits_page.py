"""The page of limits tells every limit there is, with its number."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[1] / "docs" / "limits.md").read_text(encoding="utf-8")


def limits(area):
    """Name to number of every limit that a module states in capitals."""
    module = import_module(f"workbench.{area}.limits")
    stated = {name: getattr(module, name) for name in vars(module) if name.isupper()}
    numbers = {name: getattr(value, "most", value) for name, value in stated.items()}
    return {name: value for name, value in numbers.items() if isinstance(value, int | float)}


@pytest.mark.parametrize("area", ["models", "tasks", "jobs", "panels", "apps"])
def test_the_page_tells_every_limit_as_the_code_has_it(area):
    told = dict(re.findall(rf"^\| `{area}\.(\w+)` \| ([\d,.]+) \|", PAGE, re.MULTILINE))

    assert told == {name: f"{value:,}" for name, value in limits(area).items()}
