"""One file per runtime: a config and the function that opens a session."""

from workbench.runtimes.onnxruntime import OnnxRuntime
from workbench.runtimes.sklearn import Sklearn
from workbench.runtimes.torch import Torch

__all__ = ["OnnxRuntime", "Sklearn", "Torch"]
