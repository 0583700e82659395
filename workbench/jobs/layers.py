"""A run layer by layer: time from its profile, all weights and bytes from its plan."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from workbench.core.anatomy import Anatomy, Part
from workbench.core.errors import BadInput
from workbench.core.records import Run
from workbench.measure.profile import Layer, Profile
from workbench.recipes.plan import plan
from workbench.recipes.recipe import Recipe

BEFORE = -1
BEHIND = re.compile(r"(^|\.)(head|classifier|score|pooler|classification|ln_f|lm_head)\b|^norm\.")


def layers_of(run: Run, profile: Profile, home: Path) -> tuple[Layer, ...]:
    """Everything that lies before, in and behind the blocks of a run's model.

    A profile knows the weights of products only; embeddings and norms are in the shapes. Where
    the model has gone, what the profile knows must do.

    Args:
        run: a finished run.
        profile: of it.
        home: ``WORKBENCH_HOME``.
    """
    from workbench import models

    with suppress(BadInput, OSError):
        whole = models.anatomy(models.folder(run.model, home))
        return merged(profile, plan(Recipe.from_json(run.recipe), whole).anatomy)
    return profile.layers


def merged(profile: Profile, anatomy: Anatomy) -> tuple[Layer, ...]:
    """The profile's times beside the sizes of a model of these shapes."""
    if anatomy.format != "torch":
        return profile.layers
    blocks = sorted({part.layer for part in anatomy.parts if part.layer is not None})
    place = {layer: number for number, layer in enumerate(blocks)}
    parts: dict[int, list[Part]] = {at: [] for at in range(BEFORE, len(blocks) + 1)}
    for part in anatomy.parts:
        behind = len(blocks) if BEHIND.search(part.name) else BEFORE
        parts[behind if part.layer is None else place[part.layer]].append(part)
    times = {layer.layer: layer.seconds for layer in profile.layers}
    if max(times, default=0) > len(blocks):  # it counts otherwise: its times fit nowhere
        times = {}
    return tuple(
        Layer(at, times.get(at), sum(p.elements for p in of), round(sum(p.size_bytes for p in of)))
        for at, of in parts.items()
        if of or at in times
    )


def told(run: Run, profile: Profile | None, home: Path) -> dict[str, Any] | None:
    """A profile as plain data, with the layers of the whole model."""
    if profile is None:
        return None
    layers = [vars(layer) for layer in layers_of(run, profile, home)]
    return {**profile.to_json(), "layers": layers}
