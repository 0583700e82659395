"""TensorRT through ONNX Runtime's provider, where both are there; never a dependency."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from workbench.core.artifact import Predictor
from workbench.core.errors import BadInput
from workbench.core.knobs import Span
from workbench.recipes.machine import no_tensorrt
from workbench.recipes.registry import runtime
from workbench.runtimes.onnxruntime import OnnxSession

PROVIDER = "TensorrtExecutionProvider"


@dataclass(frozen=True)
class TensorRt:
    """TensorRT: an engine built for this GPU from the ONNX graph.

    Source:
        https://onnxruntime.ai/docs/execution-providers/TensorRT-ExecutionProvider.html
    """

    name: ClassVar[str] = "tensorrt"
    threads: Annotated[int, Span(1, 64, 1, "threads for what stays on the processor")] = 1


@runtime(TensorRt, format="onnx", usable=lambda _: no_tensorrt())
def open_tensorrt(folder: Path, config: TensorRt) -> Predictor:
    """A session on the GPU.

    Raises:
        BadInput: if ONNX Runtime fell back to another provider, as it does without a word.
    """
    wanted = (PROVIDER, "CUDAExecutionProvider", "CPUExecutionProvider")
    session = OnnxSession(folder, config.threads, wanted)
    if session.providers()[0] != PROVIDER:
        raise BadInput(
            f"tensorrt ({session.providers()[0]} took its place)",
            "TensorRT libraries that ONNX Runtime can load",
            "choose the runtime onnxruntime",
        )
    return session
