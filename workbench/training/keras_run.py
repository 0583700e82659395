"""Training of Keras networks; runs in a process of its own, asked by ``training.keras``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from workbench.core.errors import BadInput
from workbench.formats.apart import Say
from workbench.formats.tensorflow import (
    AWARE,
    AWARE_WEIGHTS,
    aware,
    built,
    tensorflow,
    weights_in,
)
from workbench.graphs import cutting
from workbench.graphs import folder as files
from workbench.graphs.graph import Graph

SMOOTHING = 0.05  # of the labels
LOOKS = 20  # times that a schedule acts
END = 0.7  # share of the steps after which a schedule has reached its aim
BATCH = 256  # rows answered together


def perform(order: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """Do one order.

    Args:
        order: ``do`` names it; ``folder`` holds the network, ``data`` the rows, ``target`` is
            where the result goes; the rest are its settings.
        say: who follows.

    Raises:
        BadInput: if what was asked for was not reached.
    """
    from safetensors.numpy import load_file

    tensorflow("training a Keras model")
    rows = load_file(order["data"])
    graph, weights = files.read(Path(order["folder"]))
    return dict(globals()[f"_{order['do']}"](order, graph, weights, rows, say))


def _answer(
    order: Mapping[str, Any], graph: Graph, weights: Any, rows: Any, say: Say
) -> dict[str, Any]:
    model = built(graph, weights)
    logits = model.predict(rows["inputs"], batch_size=BATCH, verbose=0)
    np.save(order["target"], np.asarray(logits, np.float32))
    return {}


def _taylor(
    order: Mapping[str, Any], graph: Graph, weights: Any, rows: Any, say: Say
) -> dict[str, Any]:
    """Square of the sum over a member's weights of gradient times weight, mean over batches."""
    import tensorflow as tf

    model = built(graph, weights)
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    found: dict[str, list[np.ndarray]] = {}
    for start in range(0, len(rows["labels"]), 32):
        say(report=["importance", start, len(rows["labels"])])
        with tf.GradientTape() as tape:
            answer = model(rows["inputs"][start : start + 32], training=False)
            value = loss(rows["labels"][start : start + 32], answer)
        slopes = tape.gradient(value, model.trainable_weights)
        kept = {id(w): s for w, s in zip(model.trainable_weights, slopes, strict=True)}
        products = {}
        for layer in graph.layers:
            names = [f"{layer.name}/{n}" for n in graph.weights_of(layer)]
            held = model.get_layer(layer.name).weights if names else []
            for name, variable in zip(names, held, strict=True):
                slope = kept.get(id(variable))
                given = 0.0 if slope is None else tf.convert_to_tensor(slope).numpy()
                products[name] = given * variable.numpy()
        for layer_name, total in cutting.totals(products, graph).items():
            found.setdefault(layer_name, []).append(total**2)
    return {"scores": {name: np.mean(totals, axis=0).tolist() for name, totals in found.items()}}


def _fit(
    order: Mapping[str, Any], graph: Graph, weights: Any, rows: Any, say: Say
) -> dict[str, Any]:
    """All weights, from where they are; ``teacher`` are logits to learn from beside the labels."""
    import tf_keras

    tf_keras.utils.set_random_seed(order.get("seed", 0))
    model = built(graph, weights)
    accuracy = _train(model, order, rows, say)
    _write(order, graph, weights_in(model, graph))
    return {"accuracy": accuracy}


def _prune(
    order: Mapping[str, Any], graph: Graph, weights: Any, rows: Any, say: Say
) -> dict[str, Any]:
    """The smallest weights of ``layers`` become zero while it trains on.

    Source:
        Zhu and Gupta 2017, "To prune, or not to prune", arXiv:1710.01878, sec. 3.
    """
    import tensorflow_model_optimization as tfmot
    import tf_keras

    tf_keras.utils.set_random_seed(order.get("seed", 0))
    sparsity = tfmot.sparsity.keras
    steps = _steps(order, rows)
    often = max(1, steps // LOOKS)
    end = often * max(1, int(END * steps) // often)  # it acts only at whole multiples
    amount = order["amount"]
    if order["schedule"] == "polynomial":
        schedule = sparsity.PolynomialDecay(0.0, amount, 0, end, frequency=often)
    else:
        schedule = sparsity.ConstantSparsity(amount, 0, frequency=often)

    def marked(layer: Any) -> Any:
        wanted = layer.name in order["layers"]
        return sparsity.prune_low_magnitude(layer, schedule) if wanted else layer

    # the clone holds the layers themselves, so they keep their weights
    model = tf_keras.models.clone_model(built(graph, weights), clone_function=marked)
    accuracy = _train(model, order, rows, say, [sparsity.UpdatePruningStep()], after=end)
    made = weights_in(sparsity.strip_pruning(model), graph)
    kernels = [made[f"{name}/kernel"] for name in order["layers"]]
    zeros = sum(int((k == 0).sum()) for k in kernels) / sum(k.size for k in kernels)
    if zeros < amount - 0.01:
        told = f"gradual_pruning: {100 * zeros:.1f} % of the weights are zero"
        raise BadInput(told, f"{100 * amount:.0f} % after {steps} steps", "train for more epochs")
    _write(order, graph, made)
    return {"accuracy": accuracy, "zeros": zeros}


def _cluster(
    order: Mapping[str, Any], graph: Graph, weights: Any, rows: Any, say: Say
) -> dict[str, Any]:
    """The weights of each of ``layers`` share a few values.

    Source:
        Han et al. 2016, "Deep Compression", arXiv:1510.00149, sec. 3.
    """
    import tensorflow_model_optimization as tfmot
    import tf_keras

    tf_keras.utils.set_random_seed(order.get("seed", 0))
    clustering = tfmot.clustering.keras
    settings = {
        "number_of_clusters": order["clusters"],
        "cluster_centroids_init": clustering.CentroidInitialization.KMEANS_PLUS_PLUS,
    }

    def marked(layer: Any) -> Any:
        wanted = layer.name in order["layers"]
        return clustering.cluster_weights(layer, **settings) if wanted else layer

    model = tf_keras.models.clone_model(built(graph, weights), clone_function=marked)
    accuracy = _train(model, order, rows, say)
    made = weights_in(clustering.strip_clustering(model), graph)
    most = max(len(np.unique(made[f"{name}/kernel"])) for name in order["layers"])
    if most > order["clusters"]:
        told = f"weight_clustering: {most} values in a layer"
        raise BadInput(told, f"at most {order['clusters']}", "train for more epochs")
    _write(order, graph, made)
    return {"accuracy": accuracy, "values": most}


def _aware(
    order: Mapping[str, Any], graph: Graph, weights: Any, rows: Any, say: Say
) -> dict[str, Any]:
    """Trained on with INT8 rounding in ``layers``; the ranges that it learnt are kept."""
    import tf_keras
    from safetensors.numpy import save_file

    tf_keras.utils.set_random_seed(order.get("seed", 0))
    model = aware(built(graph, weights), order["layers"], order["keep_zeros"])
    accuracy = _train(model, order, rows, say)
    made = dict(weights)
    for layer in graph.layers:
        names = [f"{layer.name}/{name}" for name in graph.weights_of(layer)]
        made |= zip(names, _plain(model, layer.name, len(names)), strict=True)
    _write(order, graph, made)
    target = Path(order["target"])
    told = {"layers": order["layers"], "keep_zeros": order["keep_zeros"]}
    (target / AWARE).write_text(json.dumps(told), encoding="utf-8")
    arrays = {f"{i:05d}": np.array(w) for i, w in enumerate(model.get_weights())}
    save_file(arrays, target / AWARE_WEIGHTS)
    return {"accuracy": accuracy}


def _plain(model: Any, name: str, count: int) -> list[np.ndarray]:
    """A layer's own weights, also where it is wrapped."""
    if count == 0:
        return []
    found = next(x for x in model.layers if x.name in (name, f"quant_{name}"))
    if found.name == name:
        return list(found.get_weights())
    inner = {w.name.split("/")[-1].split(":")[0]: w.numpy() for w in found.weights}
    order = ("kernel", "depthwise_kernel", "bias")
    return [inner[key] for key in order if key in inner]


def _steps(order: Mapping[str, Any], rows: Any) -> int:
    each = -(-len(rows["labels"]) // order["batch"])
    return int(each * order["epochs"])


def _train(
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
    steps = _steps(order, rows)
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


def _write(order: Mapping[str, Any], graph: Graph, weights: Mapping[str, np.ndarray]) -> None:
    if not all(np.isfinite(array).all() for array in weights.values()):
        raise BadInput("training (its weights became infinite)", "finite weights", "train less")
    files.write(Path(order["target"]), graph, weights)
