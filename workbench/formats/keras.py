"""Keras artifacts: a graph, its weights, a tokenizer; TensorFlow runs in other processes."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workbench.core.artifact import Artifact, Context
from workbench.core.errors import BadInput
from workbench.formats import about, apart
from workbench.formats.about import About
from workbench.formats.openvino import GRAPH
from workbench.formats.tensorflow import AWARE, opened, tensorflow
from workbench.graphs import folder as files
from workbench.graphs.graph import Graph
from workbench.recipes.registry import export

FORMAT, LITERT = "keras", "tflite"
MODEL = "model.tflite"
PRECISION = "precision"  # a file with one word: what the conversion to LiteRT shall store
WORDS = ("float32", "dynamic_int8", "fp16", "static_int8", "aware")


@dataclass(frozen=True)
class Keras:
    """A network in memory: numbers only.

    Args:
        about: labels, task, the length of texts.
        graph: its layers.
        weights: float32, by ``layer/weight``.
    """

    about: About
    graph: Graph
    weights: Mapping[str, np.ndarray]


def load(folder: Path) -> Keras:
    """Read it, bit by bit as it was saved.

    Raises:
        BadInput: if the files are damaged or do not fit each other.
    """
    return Keras(about.read(folder)[1], *files.read(folder))


def save(model: Keras, folder: Path, like: Path) -> None:
    """Write it into a new folder; the tokenizer comes from the folder ``like``."""
    folder.mkdir(parents=True, exist_ok=True)
    files.write(folder, model.graph, model.weights)
    if like != folder and (like / "tokenizer.json").is_file():
        shutil.copy2(like / "tokenizer.json", folder)
    model.about.write(folder, FORMAT)


def rewritten(artifact: Artifact, context: Context, name: str, model: Keras) -> Artifact:
    """The artifact with another network, in a new folder called ``name``."""
    folder = fresh(context, name)
    save(model, folder, artifact.folder)
    return Artifact(FORMAT, folder, artifact.labels)


def fresh(context: Context, name: str) -> Path:
    """A new folder in the workspace."""
    folder = context.workspace / name
    number = 1
    while folder.exists():
        folder, number = context.workspace / f"{name}-{number}", number + 1
    folder.mkdir()
    return folder


def marked(artifact: Artifact, context: Context, word: str) -> Artifact:
    """A copy that the conversion to LiteRT will store in another precision."""
    folder = fresh(context, word)
    shutil.copytree(artifact.folder, folder, dirs_exist_ok=True)
    (folder / PRECISION).write_text(word, encoding="ascii")
    return Artifact(FORMAT, folder, artifact.labels)


def precision(folder: Path) -> str:
    """One of ``WORDS``."""
    path = folder / PRECISION
    if path.is_file():
        return path.read_text(encoding="ascii")
    return "aware" if (folder / AWARE).is_file() else "float32"


@export(FORMAT, LITERT)
def to_litert(artifact: Artifact, context: Context) -> Artifact:
    """Convert with TensorFlow's own converter, for one text or picture at a time.

    Raises:
        BadInput: for full-integer quantisation without calibration rows, or if a layer cannot be
            converted.
        MissingDependency: without the ``tf`` extra.
    """
    return _converted(artifact, context, LITERT)


@export(FORMAT, "openvino")
def to_openvino(artifact: Artifact, context: Context) -> Artifact:
    """Convert for OpenVINO, any batch.

    Raises:
        BadInput: if OpenVINO does not know an operator.
        MissingDependency: without the extras ``tf`` and ``openvino``.
    """
    return _converted(artifact, context, "openvino")


def _converted(artifact: Artifact, context: Context, target: str) -> Artifact:
    from workbench.formats.inputs import reader

    folder = fresh(context, target)
    context.report("export", 0, 0)
    word = precision(artifact.folder)
    order = {"folder": str(artifact.folder), "target": str(folder), "to": target, "as": word}
    if word == "static_int8":
        if not context.calibration:
            wanted, remedy = "rows of the training split", "choose another task"
            raise BadInput("static_int8 without calibration rows", wanted, remedy)
        rows = context.workspace / "calibration.npy"
        np.save(rows, reader(artifact.folder)(context.calibration)[0])
        order["calibration"] = str(rows)
    apart.ask(__name__, order, context)
    shutil.copy2(artifact.folder / files.NAME, folder)  # what it takes: ``inputs.reader`` asks
    if (artifact.folder / "tokenizer.json").is_file():
        shutil.copy2(artifact.folder / "tokenizer.json", folder)
    about.read(artifact.folder)[1].write(folder, target)
    return Artifact(target, folder, artifact.labels)


def perform(order: Mapping[str, Any], say: apart.Say) -> dict[str, Any]:
    """Convert a folder's network; in a process of its own."""
    tf = tensorflow("converting a Keras model")
    model = opened(Path(order["folder"]), to_convert=order["to"] == LITERT)
    first = model.inputs[0]
    rows = 1 if order["to"] == LITERT else None
    given = tf.TensorSpec([rows, *first.shape[1:]], first.dtype)
    function = tf.function(lambda x: model(x, training=False), input_signature=[given])
    target = Path(order["target"])
    if order["to"] == LITERT:
        (target / MODEL).write_bytes(_litert(tf, model, function, order))
    else:
        _openvino(function, target / GRAPH)
    return {}


def _litert(tf: Any, model: Any, function: Any, order: Mapping[str, Any]) -> bytes:
    concrete = function.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], model)
    word = order["as"]
    if word != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if word == "fp16":
        converter.target_spec.supported_types = [tf.float16]
    if word == "static_int8":
        rows = np.load(order["calibration"])
        converter.representative_dataset = lambda: ([row[None]] for row in rows)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    try:
        return bytes(converter.convert())
    except Exception as err:  # the converter raises its own kinds
        raise _refused("LiteRT", err) from err


def _openvino(function: Any, path: Path) -> None:
    from workbench.formats import openvino

    library = openvino.engine("export to OpenVINO")
    try:
        graph = library.convert_model(function.get_concrete_function())
    except Exception as err:
        raise _refused("OpenVINO", err) from err
    openvino.write(graph, path)


def _refused(engine: str, err: Exception) -> BadInput:
    said = " ".join(str(err).split())[-160:]
    return BadInput(
        f"the network in {engine} ({said})",
        f"layers that {engine} knows",
        "choose the runtime tensorflow",
    )
