"""One file per runtime: a config and the function that opens a session; its profiler beside it."""

from workbench.runtimes import (
    compiled_decoder,
    genai_decoder,
    openvino_decoder,
    torch_decoder,
    trace_onnx,
    trace_openvino,
    trace_torch,
)
from workbench.runtimes.litert import LiteRt
from workbench.runtimes.onnxruntime import OnnxRuntime
from workbench.runtimes.openvino import OpenVino
from workbench.runtimes.sklearn import Sklearn
from workbench.runtimes.tensorflow import TensorFlow
from workbench.runtimes.tensorrt import TensorRt
from workbench.runtimes.torch import Torch
from workbench.runtimes.torch_compile import TorchCompile

__all__ = [
    "LiteRt",
    "OnnxRuntime",
    "OpenVino",
    "Sklearn",
    "TensorFlow",
    "TensorRt",
    "Torch",
    "TorchCompile",
    "compiled_decoder",
    "genai_decoder",
    "openvino_decoder",
    "torch_decoder",
    "trace_onnx",
    "trace_openvino",
    "trace_torch",
]
