"""One file per runtime: a config and the function that opens a session; its profiler beside it."""

from workbench.runtimes import trace_onnx, trace_openvino, trace_torch
from workbench.runtimes.onnxruntime import OnnxRuntime
from workbench.runtimes.torch import Torch

__all__ = ["OnnxRuntime", "Torch", "trace_onnx", "trace_openvino", "trace_torch"]
