"""Training of Keras networks; runs in a process of its own, asked by ``training.keras``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
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
from workbench.training.keras_fit import BATCH, steps_of, train

LOOKS = 20  # times that a schedule acts
END = 0.7  # share of the steps after which a schedule has reached its aim


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
    import tf_keras

    tf_keras.utils.set_random_seed(order.get("seed", 0))
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
    model = built(graph, weights)
    accuracy = train(model, order, rows, say)
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

    sparsity = tfmot.sparsity.keras
    steps = steps_of(order, rows)
    often = max(1, steps // LOOKS)
    end = often * max(1, int(END * steps) // often)  # it acts only at whole multiples
    amount = order["amount"]
    if order["schedule"] == "polynomial":
        schedule = sparsity.PolynomialDecay(0.0, amount, 0, end, frequency=often)
    else:
        schedule = sparsity.ConstantSparsity(amount, 0, frequency=often)
    model = _wrapped(
        order, built(graph, weights), lambda x: sparsity.prune_low_magnitude(x, schedule)
    )
    accuracy = train(model, order, rows, say, [sparsity.UpdatePruningStep()], after=end)
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

    clustering = tfmot.clustering.keras
    settings = {
        "number_of_clusters": order["clusters"],
        "cluster_centroids_init": clustering.CentroidInitialization.KMEANS_PLUS_PLUS,
    }
    model = _wrapped(
        order, built(graph, weights), lambda x: clustering.cluster_weights(x, **settings)
    )
    accuracy = train(model, order, rows, say)
    made = weights_in(clustering.strip_clustering(model), graph)
    most = max(len(np.unique(made[f"{name}/kernel"])) for name in order["layers"])
    if most > order["clusters"]:
        told = f"weight_clustering: {most} values in a layer"
        raise BadInput(told, f"at most {order['clusters']}", "train for more epochs")
    _write(order, graph, made)
    return {"accuracy": accuracy, "values": most}


def _wrapped(order: Mapping[str, Any], model: Any, wrap: Callable[[Any], Any]) -> Any:
    """The same model with ``layers`` wrapped; the clone holds the layers, so weights stay."""
    import tf_keras

    def marked(layer: Any) -> Any:
        return wrap(layer) if layer.name in order["layers"] else layer

    return tf_keras.models.clone_model(model, clone_function=marked)


def _aware(
    order: Mapping[str, Any], graph: Graph, weights: Any, rows: Any, say: Say
) -> dict[str, Any]:
    """Trained on with INT8 rounding in ``layers``; the ranges that it learnt are kept."""
    from safetensors.numpy import save_file

    model = aware(built(graph, weights), order["layers"], order["keep_zeros"])
    accuracy = train(model, order, rows, say)
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


def _write(order: Mapping[str, Any], graph: Graph, weights: Mapping[str, np.ndarray]) -> None:
    if not all(np.isfinite(array).all() for array in weights.values()):
        raise BadInput("training (its weights became infinite)", "finite weights", "train less")
    files.write(Path(order["target"]), graph, weights)
