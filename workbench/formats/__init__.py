"""One file per format: how an artifact is loaded and saved, and the ways between formats."""

from workbench.formats import keras, onnx, openvino
from workbench.formats.folder import load, save

__all__ = ["keras", "load", "onnx", "openvino", "save"]
