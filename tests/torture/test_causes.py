"""Twenty planted faults: ten, each under two names of a technique; 18 causes must be named."""

from __future__ import annotations

from planted_causes import NAMES, PLANTS, planted

from workbench.measure.causes import causes


def test_at_least_18_of_20_planted_causes_are_named_whatever_the_technique_is_called(tmp_path):
    told = []
    for number, plant in enumerate(PLANTS):
        for name in NAMES:
            profile = planted(plant, name, tmp_path / f"{number}-{name}")
            found = [cause.name for cause in causes(profile)]
            told.append(plant.cause in found)
            print(f"{plant.cause} in {plant.runtime} as {name}: {found}")
    assert len(told) == 20
    assert sum(told) >= 18
