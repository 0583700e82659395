"""Planted faults, each under two names of a technique: nine of ten causes must be named."""

from __future__ import annotations

import shutil

import pytest
from planted_causes import NAMES, PLANTS, planted


@pytest.fixture
def fast(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("WORKBENCH_FAST", "1")
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("home")))
    return monkeypatch


def test_nine_of_ten_planted_causes_are_named_whatever_the_technique_is_called(fast, tmp_path):
    told = []
    for number, plant in enumerate(PLANTS):
        for name in NAMES:
            folder = tmp_path / f"{number}-{name}"
            folder.mkdir()
            found = planted(plant, name, folder, fast.setitem)
            told.append(plant.cause in found)
            print(f"{plant.cause} in {plant.runtime} as {name}: {sorted(found)}")
            shutil.rmtree(folder)
    assert len(told) >= 20
    assert sum(told) >= 0.9 * len(told)
