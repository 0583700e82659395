"""What this machine could do at best, measured, and the least time that leaves a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.core.records import Record, content_hash
from workbench.measure.host import Host
from workbench.measure.profile import Profile

# of the square matrices that are multiplied, on a processor and on a GPU
SIDES = {"cpu": (512, 1024, 2048), "cuda": (2048, 4096, 8192)}
# of the arrays that are read
BYTES = {
    "cpu": tuple(mb * 2**20 for mb in (1, 8, 64, 256)),
    "cuda": tuple(mb * 2**20 for mb in (16, 256, 4096)),
}
EACH_S = 1.5  # for one product or one array, at most
SHORT_S = 0.05  # the same where runs are only tried out
LIBRARIES = ("torch", "onnxruntime", "numpy")
WIDTHS = {1.5: "int8", 2.5: "bfloat16"}  # bytes per weight up to which that format is meant


@dataclass(frozen=True)
class Ceiling(Record):
    """Best of many, on some threads of one machine.

    Args:
        threads: that were used.
        products: precision to multiplications and additions per second, 1/s.
        memory: bytes of an array (as text) to bytes read per second, 1/s.
        device: ``cpu``, or ``cuda``: the first GPU.
    """

    threads: int
    products: Mapping[str, float] = field(default_factory=dict)
    memory: Mapping[str, float] = field(default_factory=dict)
    device: str = "cpu"


def key(environment: Mapping[str, Any], threads: int, device: str = "cpu") -> str:
    """What a ceiling holds for: the processor or the GPU, the libraries, the threads."""
    libraries = environment.get("libraries", {})
    versions = [str(libraries.get(name, "")) for name in LIBRARIES]
    if device != "cpu":
        return content_hash("ceiling", device, str(environment.get("gpu", "")), versions)
    machine = [str(environment.get("cpu", "")), list(environment.get("instructions", ()))]
    return content_hash("ceiling", machine, environment.get("cores"), versions, threads)


def ceiling(
    threads: int,
    *,
    device: str = "cpu",
    quick: bool = False,
    cancelled: Callable[[], bool] = lambda: False,
) -> Ceiling:
    """Measure in a host of its own; about 30 s.

    Args:
        threads: that the products may use.
        device: ``cpu``, or ``cuda``: the first GPU.
        quick: a twentieth of the time, to try things out.
        cancelled: asked all the time; the host is gone within a second.

    Raises:
        HostFailed: if the host ends.
        Cancelled: when asked to stop.
    """
    host = Host("candidate", threads, cancelled)
    try:
        seconds = SHORT_S if quick else EACH_S
        told = host.ask(do="ceiling", threads=threads, seconds=seconds, device=device)
        return Ceiling.from_json(told["ceiling"])
    finally:
        host.close()


def measured(threads: int, seconds: float, device: str = "cpu") -> Ceiling:
    """What the host does; a precision without a kernel is left out.

    Source:
        The two roofs of Williams, Waterman and Patterson 2009, CACM 52(4):65.
    """
    import torch

    torch.set_num_threads(threads)
    long = seconds > SHORT_S
    sides, sizes = SIDES[device][: None if long else 1], BYTES[device][: None if long else 2]
    products: dict[str, float] = {}
    makers = {"float32": torch.float32, "bfloat16": torch.bfloat16, "int8": torch.int8}
    for name, kind in makers.items():
        rates = [_rate(_product(kind, side, device), 2.0 * side**3, seconds) for side in sides]
        for side in sides[-2:] if device == "cpu" else ():
            rates.append(_rate(_onnx(name, side, threads), 2.0 * side**3, seconds))
        if max(rates) > 0:
            products[name] = max(rates)
    memory = {str(size): _rate(_reading(size, device), float(size), seconds) for size in sizes}
    return Ceiling(threads, products, memory, device)


def _rate(call: Callable[[], object] | None, work: float, seconds: float) -> float:
    """Work per second of the fastest call; 0 where there is none or it fails."""
    best, until = float("inf"), time.perf_counter() + seconds
    if call is None:
        return 0.0
    try:
        call()
        while best == float("inf") or time.perf_counter() < until:
            start = time.perf_counter()
            call()
            best = min(best, time.perf_counter() - start)
    except (RuntimeError, NotImplementedError):  # no kernel for this precision here
        return 0.0
    return work / best


def _product(kind: Any, side: int, device: str) -> Callable[[], object]:
    import torch

    if kind == torch.int8:
        drawn = (torch.randint(-9, 9, (side, side), dtype=kind) for _ in range(2))
        a, b = (matrix.to(device) for matrix in drawn)
        return _ended(lambda: torch._int_mm(a, b), device)
    left, right = (torch.randn(side, side).to(device, kind) for _ in range(2))
    return _ended(lambda: left @ right, device)


def _ended(call: Callable[[], object], device: str) -> Callable[[], object]:
    """The call, and what it began on a GPU."""
    import torch

    if device == "cpu":
        return call

    def waited() -> None:
        call()
        torch.cuda.synchronize()

    return waited


def _onnx(name: str, side: int, threads: int) -> Callable[[], object] | None:
    """The same product in ONNX Runtime, whose kernels may be the faster ones."""
    try:
        import onnxruntime
        from onnx import TensorProto, helper, numpy_helper
    except ImportError:
        return None
    import numpy as np

    kind = {"float32": TensorProto.FLOAT, "int8": TensorProto.INT8}.get(name)
    if kind is None:
        return None
    rng = np.random.default_rng(0)
    dtype = np.float32 if name == "float32" else np.int8
    left, right = (rng.integers(-9, 9, (side, side)).astype(dtype) for _ in range(2))
    operator, out = ("MatMul", kind) if name == "float32" else ("MatMulInteger", TensorProto.INT32)
    graph = helper.make_graph(
        [helper.make_node(operator, ["a", "b"], ["c"])],
        "product",
        [helper.make_tensor_value_info("a", kind, [side, side])],
        [helper.make_tensor_value_info("c", out, [side, side])],
        [numpy_helper.from_array(right, "b")],
    )
    opset = [helper.make_opsetid("", 20)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return lambda: session.run(None, {"a": left})


def _reading(size: int, device: str) -> Callable[[], object]:
    """A product of a matrix with a vector: every byte is read once and little is computed."""
    import torch

    matrix = torch.ones(size // 4096, 1024, device=device)
    vector = torch.ones(1024, device=device)
    return _ended(lambda: torch.mv(matrix, vector), device)


def least_s(profile: Profile, found: Ceiling) -> float | None:
    """The least time that one call could take here, in s; None where that cannot be told.

    Its products at the measured peak of the precision that they run in, or its weights once
    through memory, whichever takes longer. Attention, norms and tokenising are left out: what is
    left is a bound that no engine can beat, not a forecast. Products are counted from the shapes
    of the stored weights and the mean number of tokens; the head sees one row per text.

    Source:
        Williams, Waterman and Patterson 2009, CACM 52(4):65, eq. 1.
    """
    if not profile.elements or not profile.tokens:
        return None
    last = max((part.layer for part in profile.layers), default=-1)
    head = sum(part.elements for part in profile.layers if part.layer == last >= 1)
    blocks = profile.elements - head
    peak = found.products.get(_precision(profile), max(found.products.values(), default=0.0))
    speed = read_rate(found, profile.size_bytes)
    if peak <= 0 or speed <= 0:
        return None
    return max(2.0 * (blocks * profile.tokens + head) / peak, profile.size_bytes / speed)


def read_rate(found: Ceiling, size_bytes: float) -> float:
    """At most so many bytes per second are read of weights of that size; 0 if not known."""
    fits = [rate for size, rate in found.memory.items() if int(size) <= size_bytes]
    return fits[-1] if fits else max(found.memory.values(), default=0.0)


def _precision(profile: Profile) -> str:
    """The narrowest that the products run in, or that the weights are stored in."""
    width = profile.size_bytes / profile.elements
    stored = next((name for most, name in WIDTHS.items() if width <= most), "float32")
    for name in ("int8", "bfloat16", "float32"):
        if name == stored or name in profile.linear:
            return name
    return stored
