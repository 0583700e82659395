"""What this machine has, found out without loading a framework: panels ask before anything runs.

Each answer is the reason why something cannot be used, or empty.
"""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import sysconfig
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path


def no_compiler() -> str:
    """Why ``torch.compile`` cannot build its kernels for the processor."""
    compiler = os.environ.get("CXX") or "g++"
    if shutil.which(compiler) is None and shutil.which("clang++") is None:
        return f"no C++ compiler ({compiler}) is on the path"
    if not Path(sysconfig.get_path("include"), "Python.h").is_file():
        return "the headers of Python are not installed (python3-dev)"
    return ""


@cache
def no_cuda() -> str:
    """Why torch cannot compute on an NVIDIA GPU."""
    try:
        if "+cpu" in version("torch"):
            return "this torch is built for the processor only"
    except PackageNotFoundError:
        return "torch is not installed"
    return no_gpu()


@cache
def no_tensorrt() -> str:
    """Why ONNX Runtime cannot hand a graph to TensorRT."""
    found = find_spec("onnxruntime")
    if found is None:
        return "onnxruntime is not installed: pip install onnxruntime-gpu tensorrt"
    places = found.submodule_search_locations or []
    names = ("libonnxruntime_providers_tensorrt.so", "onnxruntime_providers_tensorrt.dll")
    if not any(Path(place, "capi", name).is_file() for place in places for name in names):
        return "this onnxruntime has no TensorRT provider: pip install onnxruntime-gpu tensorrt"
    return no_gpu()


@cache
def no_gpu() -> str:
    """Why there is no NVIDIA GPU to compute on; honours ``CUDA_VISIBLE_DEVICES``."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
        count = ctypes.c_int()
        told = driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count))
    except (OSError, AttributeError):
        return "there is no NVIDIA driver"
    return "" if told == 0 and count.value else "there is no NVIDIA GPU"


MAJOR, MINOR = 75, 76  # attributes of a device in the driver's interface


@cache
def gpu_name() -> str:
    """The first NVIDIA GPU's name as its driver tells it; empty where there is none."""
    if no_gpu():
        return ""
    driver, told = ctypes.CDLL("libcuda.so.1"), ctypes.create_string_buffer(256)
    driver.cuDeviceGetName(told, len(told), _first(driver))
    return told.value.decode("utf-8", "replace")


@cache
def gpu_memory() -> int:
    """Bytes of the first NVIDIA GPU's memory, all of it; 0 where there is none."""
    if no_gpu():
        return 0
    driver, found = ctypes.CDLL("libcuda.so.1"), ctypes.c_size_t()
    driver.cuDeviceTotalMem_v2(ctypes.byref(found), _first(driver))
    return found.value


def _first(driver: ctypes.CDLL) -> ctypes.c_int:
    device = ctypes.c_int()
    driver.cuDeviceGet(ctypes.byref(device), 0)
    return device


@cache
def _capability() -> tuple[int, int]:
    """Compute capability of the first NVIDIA GPU; (0, 0) where there is none.

    Source:
        https://docs.nvidia.com/cuda/cuda-driver-api/group__CUDA__DEVICE.html.
    """
    if no_gpu():
        return (0, 0)
    driver = ctypes.CDLL("libcuda.so.1")
    device, found = _first(driver), (ctypes.c_int(), ctypes.c_int())
    for value, attribute in zip(found, (MAJOR, MINOR), strict=True):
        driver.cuDeviceGetAttribute(ctypes.byref(value), attribute, device)
    return (found[0].value, found[1].value)


def older_than(major: int, minor: int, what: str) -> str:
    """Why torch cannot do ``what`` on the GPU here: there is none, or it is of an older kind."""
    if absent := no_cuda():
        return absent
    found = _capability()
    if found >= (major, minor):
        return ""
    told = f"compute capability {found[0]}.{found[1]}"
    return f"the GPU has {told}; {what} takes {major}.{minor} or higher"


@cache
def processor() -> tuple[str, frozenset[str]]:
    """Its name, and the instructions that it knows, as Linux names them."""
    name, flags = platform.processor() or platform.machine(), frozenset[str]()
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                name = value.strip()
            elif key.strip() in ("flags", "Features"):
                flags = frozenset(value.split())
    return name, flags


def saturates() -> bool:
    """Whether sums of unsigned × signed INT8 products stop at 16 bits: x86 without VNNI or AMX.

    Source:
        https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html, "When and
        why do I need to try U8U8?".
    """
    flags = processor()[1]
    return "avx2" in flags and not flags & {"avx_vnni", "avx512_vnni", "amx_int8"}
