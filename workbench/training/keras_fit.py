"""The loop of every training of a Keras network, within TensorFlow's process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workbench.formats.apart import Say

SMOOTHING = 0.05  # of the labels
BATCH = 256  # rows answered together


def steps_of(order: Mapping[str, Any], rows: Any) -> int:
    """Steps in all, from ``batch`` and ``epochs``."""
    each = -(-len(rows["labels"]) // order["batch"])
    return int(each * order["epochs"])


def train(
    model: Any,
    order: Mapping[str, Any],
    rows: Any,
    say: Say,
    callbacks: Sequence[Any] = (),
    after: int = 0,
) -> float:
    """Adam with a cosine; the weights that were best on the watched rows stay.

    Args:
        model: any.
        order: ``epochs``, ``batch``, ``rate``, and for a teacher ``temperature``, ``kl``, ``ce``.
        rows: ``inputs``, ``labels``, ``watched_inputs``, ``watched_labels``; perhaps ``teacher``.
        say: who follows.
        callbacks: of the library.
        after: steps before which no weights count as final.

    Returns:
        Accuracy on the watched rows, in [0, 1].
    """
    import tensorflow as tf

    classes = int(model.outputs[0].shape[-1])
    hot = np.eye(classes, dtype=np.float32)[rows["labels"]]
    targets = hot * (1 - SMOOTHING) + SMOOTHING / classes
    if "teacher" in rows:
        targets = np.concatenate([targets, rows["teacher"]], axis=1)
    steps = steps_of(order, rows)
    rate = tf.keras.optimizers.schedules.CosineDecay(order["rate"], steps)
    model.compile(tf.keras.optimizers.Adam(rate), _loss(tf, classes, order))
    watch = _watch(tf)(rows, say, steps, after)
    model.fit(
        rows["inputs"],
        targets,
        batch_size=order["batch"],
        epochs=order["epochs"],
        verbose=0,
        callbacks=[*callbacks, watch],
    )
    if watch.best is not None:
        model.set_weights(watch.best[1])
    return float(watch.best[0]) if watch.best else 0.0


def _loss(tf: Any, classes: int, order: Mapping[str, Any]) -> Any:
    """Cross-entropy; from a teacher also the divergence at a temperature (Hinton et al. 2015)."""
    heat = order.get("temperature", 1.0)

    def loss(wanted: Any, logits: Any) -> Any:
        labels, teacher = wanted[:, :classes], wanted[:, classes:]
        plain = tf.nn.softmax_cross_entropy_with_logits(labels, logits)
        if "kl" not in order:
            return plain
        soft = tf.nn.softmax(teacher / heat)
        near = tf.nn.softmax_cross_entropy_with_logits(soft, logits / heat)
        own = tf.nn.softmax_cross_entropy_with_logits(soft, teacher / heat)
        return order["ce"] * plain + order["kl"] * heat**2 * (near - own)

    return loss


def _watch(tf: Any) -> Any:
    class Watch(tf.keras.callbacks.Callback):
        """Tells the progress, and remembers the best weights."""

        def __init__(self, rows: Any, say: Say, steps: int, after: int) -> None:
            super().__init__()
            self._rows, self._say, self._steps, self._after = rows, say, steps, after
            self._step = 0
            self.best: tuple[float, list[np.ndarray]] | None = None

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self._step += 1
            if self._step % max(1, self._steps // 100) == 0:
                self._say(report=["train", self._step, self._steps])
                self._say(loss=[self._step, float((logs or {}).get("loss", 0.0)), None])

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logits = self.model.predict(self._rows["watched_inputs"], BATCH, verbose=0)
            right = float((logits.argmax(axis=1) == self._rows["watched_labels"]).mean())
            self._say(loss=[self._step, float((logs or {}).get("loss", 0.0)), right])
            final = self._step >= min(self._after, self._steps)
            if final and (self.best is None or right >= self.best[0]):
                self.best = right, self.model.get_weights()

    return Watch
