"""TensorFlow: the network as one compiled function, in float32."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np

from workbench.core.artifact import Predictor
from workbench.core.knobs import Span
from workbench.formats.inputs import reader
from workbench.formats.tensorflow import opened, tensorflow
from workbench.recipes.registry import runtime


@dataclass(frozen=True)
class TensorFlow:
    """TensorFlow's ``tf.function``, traced once for any batch.

    Source:
        https://www.tensorflow.org/guide/function
    """

    name: ClassVar[str] = "tensorflow"
    threads: Annotated[int, Span(1, 64, 1, "threads inside one operator")] = 1


class TensorFlowSession:
    """Answers from a Keras artifact."""

    def __init__(self, folder: Path, config: TensorFlow) -> None:
        tf = tensorflow("the runtime tensorflow")
        tf.config.threading.set_intra_op_parallelism_threads(config.threads)
        tf.config.set_visible_devices([], "GPU")  # this is the processor's runtime
        tf.config.threading.set_inter_op_parallelism_threads(1)
        model = opened(folder)
        given = tf.TensorSpec([None, *model.inputs[0].shape[1:]], model.inputs[0].dtype)
        traced = tf.function(lambda x: model(x, training=False), input_signature=[given])
        self._function: Any = traced.get_concrete_function()
        self._kept: Any = model  # the function itself does not keep its weights
        self._constant = tf.constant
        self._read = reader(folder)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """What the network takes, (len(texts), …)."""
        return self._read(texts)[0]

    def forward(self, batch: np.ndarray) -> np.ndarray:
        """Logits, float32 (rows, classes)."""
        answer = self._function(self._constant(batch))
        answer = answer[0] if isinstance(answer, list | tuple) else answer
        return np.asarray(answer.numpy(), dtype=np.float32)

    def predict(self, texts: Sequence[str]) -> np.ndarray:
        """Logits, float32 (len(texts), classes)."""
        return self.forward(self.encode(texts))

    def close(self) -> None:
        """Give the memory back."""
        self._function = self._kept = None


@runtime(TensorFlow, format="keras", module="tensorflow", extra="tf")
def open_tensorflow(folder: Path, config: TensorFlow) -> Predictor:
    """A session on ``config.threads`` threads."""
    return TensorFlowSession(folder, config)
