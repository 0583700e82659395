"""What absolute times hold for: processor, instruction sets, libraries, GPU."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from workbench.recipes.machine import gpu_name, processor

SETS = (
    *("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16"),
    *("amx_tile", "amx_int8", "amx_bf16", "asimddp", "bf16", "i8mm"),
)
LIBRARIES = (
    *("numpy", "torch", "transformers", "tokenizers", "safetensors"),
    *("torchao", "onnxruntime", "openvino", "nncf", "llm-workbench"),
    *("tensorflow", "tf-keras", "tensorflow-model-optimization", "ai-edge-litert"),
)


@dataclass(frozen=True)
class Environment:
    """What absolute times hold for.

    Args:
        instructions: sets that matter here, such as ``avx512_vnni`` and ``amx_int8``.
        cores: physical cores of the machine.
        threads: hardware threads that this process may use.
        libraries: name to version, of those that measure.
        gpu: name, or empty.
    """

    cpu: str
    instructions: tuple[str, ...]
    cores: int
    threads: int
    memory_bytes: int
    system: str
    python: str
    libraries: Mapping[str, str]
    gpu: str = ""


@cache
def environment() -> Environment:
    """This machine and these libraries; read once per process."""
    import psutil

    name, flags = processor()
    return Environment(
        cpu=name,
        instructions=tuple(known for known in SETS if known in flags),
        cores=psutil.cpu_count(logical=False) or _threads(),
        threads=_threads(),
        memory_bytes=int(psutil.virtual_memory().total),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        libraries=_versions(),
        gpu=gpu_name(),
    )


def _threads() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
