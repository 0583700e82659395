"""Whether this machine has room for a piece of work: estimated from shapes, before it begins."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from workbench.core.anatomy import Anatomy
from workbench.core.errors import BadInput
from workbench.recipes.machine import gpu_memory
from workbench.recipes.plan import Plan
from workbench.recipes.recipe import Recipe

PROCESS = 500_000_000  # bytes of one with a framework loaded, before any weights (0.3 to 0.6e9)
HOSTS = 2  # reference and candidate, opened together
TRAINED = 5  # bytes per byte of trained weights: they, gradients, two moments of Adam, activations
TRAINS = {"distillation", "gradual_pruning", "weight_clustering", "quantisation_aware"}
COPIES = 2  # of the weights while a step works: as it came, and as it goes on
FLOAT = 4  # bytes of a weight that is computed with
CGROUP = Path("/sys/fs/cgroup")


class Need(NamedTuple):
    """What a piece of work takes at its peak, in bytes."""

    memory: int
    disk: int
    gpu: int = 0


def of_recipe(planned: Plan, anatomy: Anatomy, recipe: Recipe) -> Need:
    """What it takes to make and measure a recipe of a model of these shapes.

    Making: a step holds the model as it came and as it goes on, distillation the teacher and all
    that training needs besides. Measuring: two processes, each with its weights. On disk every
    export leaves one graph of the model's size beside the one that is kept. On a GPU both
    processes have their weights there.
    """
    before, after = anatomy.size_bytes, planned.size_bytes
    names = [step.name for step in planned.steps]
    keras = anatomy.format == "keras"  # trained in float32, in a process of its own
    taught = TRAINED * (before if keras else after) if TRAINS & set(names) else 0
    making = COPIES * before + taught + PROCESS * keras if names else 0
    measuring = HOSTS * PROCESS + before + after
    graphs = sum(step.target != "torch" for step in planned.steps)
    disk = graphs * before + 2 * after if names else 0
    gpu = measuring if on_gpu(recipe) else 0
    return Need(PROCESS + max(making, measuring), disk, gpu)


def on_gpu(recipe: Recipe) -> bool:
    """Whether its runtime computes on one."""
    return bool(getattr(recipe.runtime, "device", "cpu") == "cuda")


def of_tuning(size_bytes: int, mode: str) -> Need:
    """What it takes to tune a model of so many bytes: only ``full`` trains all its weights."""
    held = TRAINED if mode == "full" else COPIES
    return Need(PROCESS + held * size_bytes, size_bytes)


def of_writing(anatomy: Anatomy, rows: int, length: int, recipe: Recipe) -> Need:
    """What it takes to write with a model.

    Its weights as stored and in float32, and keys and values of every token in every layer: at
    most ``rows`` texts of ``length`` tokens (a character is at most one, or a few in Chinese).
    """
    wide = max((p.shape[-1] for p in anatomy.parts if p.role == "embedding"), default=0)
    cache = 2 * FLOAT * rows * length * anatomy.layers * wide
    gpu = PROCESS + anatomy.size_bytes + cache if on_gpu(recipe) else 0
    return Need(PROCESS + anatomy.size_bytes + FLOAT * anatomy.parameters + cache, 0, gpu)


def check(need: Need, home: Path) -> None:
    """See that there is as much.

    Args:
        need: of the work.
        home: ``WORKBENCH_HOME``; the disk is the one that it lies on.

    Raises:
        BadInput: with what it would take, what there is, and what to do.
    """
    memory, disk = free_memory(), shutil.disk_usage(home).free
    if need.memory > memory:
        raise BadInput(
            f"about {need.memory:,} bytes of memory for this",
            f"at most the {memory:,} bytes that are free",
            "end other programs, or choose a smaller model",
        )
    if need.gpu > gpu_memory() > 0:
        raise BadInput(
            f"about {need.gpu:,} bytes of the GPU's memory for this",
            f"at most the {gpu_memory():,} bytes that it has",
            "choose a smaller model, or the device cpu",
        )
    if need.disk > disk:
        raise BadInput(
            f"about {need.disk:,} bytes on disk for this",
            f"at most the {disk:,} bytes that are free",
            "free some space, or set WORKBENCH_HOME to another disk",
        )


def free_memory() -> int:
    """Bytes that this process could still come to hold, its own counted as free."""
    import psutil

    own = int(psutil.Process().memory_info().rss)
    free = int(psutil.virtual_memory().available)
    with suppress(OSError, ValueError, KeyError):  # a container's limit, where there is one
        told = dict(line.split() for line in (CGROUP / "memory.stat").read_text().splitlines())
        used = int((CGROUP / "memory.current").read_text()) - int(told["inactive_file"])
        free = min(free, int((CGROUP / "memory.max").read_text()) - used)
    return free + own
