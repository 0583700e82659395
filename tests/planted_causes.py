"""Faults planted in small models: what a technique did to the model, and the cause to be named.

Each is made by a technique that goes by the name of one of ours, and again by one of a name that
nobody knows; both go the whole way, from the recipe to the answer of ``Client.why``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fakes import CLASSES, WORDS, checkpoint, tokenizer, write_csv

import workbench
from workbench.core.artifact import Artifact, Context
from workbench.formats import load
from workbench.recipes.recipe import Recipe
from workbench.recipes.registry import EXPORTS, RUNTIMES, TECHNIQUES, WAYS, Technique
from workbench.tasks import csv_id

NAMES = ("magnitude_pruning", "polished")  # what a planted technique calls itself
TEXTS = [" ".join(WORDS[i % 9 : i % 9 + 3 + i % 7]) for i in range(24)]
LONG = [" ".join((WORDS * 20)[i : i + 300]) for i in range(4)]


@dataclass(frozen=True)
class Plant:
    """One fault.

    Args:
        cause: that must be named.
        runtime: that it is planted in.
        make: ``make(folder)`` leaves an artifact there.
        texts: that it is profiled with.
    """

    cause: str
    runtime: str
    make: Any
    texts: tuple[str, ...] = tuple(TEXTS)


def model(folder: Path, *, hidden=32, layers=2, heads=4, units=64, positions=512, seed=0) -> Any:
    """A torch artifact of a random BERT of that shape."""
    import torch
    import transformers as t

    from workbench.formats.torch import new_classifier

    torch.manual_seed(seed)
    (folder / "base").mkdir(parents=True)
    config = t.BertConfig(
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=units,
        vocab_size=64,
        max_position_embeddings=positions,
    )
    t.BertModel(config, add_pooling_layer=True).save_pretrained(folder / "base")
    tokenizer(folder / "base")
    return new_classifier(folder / "base", CLASSES, max_length=min(positions, 512))


def kept(artifact: Artifact, folder: Path, runtime: str, workspace: Path) -> None:
    """Save it as the runtime wants it."""
    from workbench.formats import save

    format = RUNTIMES[runtime].format
    if format != "torch":
        artifact = EXPORTS["torch", format](artifact, Context(workspace))
    save(artifact, folder)


def shaped(runtime: str, **shape: int) -> Any:
    """A model of that shape, unchanged."""
    return lambda folder: kept(model(folder / "w", **shape), folder / "a", runtime, folder)


def zeroed(runtime: str) -> Any:
    """Nine of ten weights zero."""

    def make(folder: Path) -> None:
        import torch

        artifact = model(folder / "w", hidden=128, units=512)
        for part in artifact.payload.modules():
            if isinstance(part, torch.nn.Linear):
                small = part.weight.abs() < part.weight.abs().quantile(0.9)
                part.weight.data[small] = 0
        kept(artifact, folder / "a", runtime, folder)

    return make


def half_quantised(folder: Path) -> None:
    """INT8, but for the feed-forward products, which the quantiser was told to leave."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    artifact = model(folder / "w", hidden=256, units=1024)
    kept(artifact, folder / "a", "onnxruntime", folder)
    graph = folder / "a" / "model.onnx"
    import onnx

    loaded = onnx.load(str(graph))
    stored = {i.name: list(i.dims) for i in loaded.graph.initializer}
    wide = [
        node.name
        for node in loaded.graph.node
        if node.op_type == "MatMul" and 1024 in stored.get(node.input[1], ())
    ]
    quantize_dynamic(graph, graph, weight_type=QuantType.QInt8, nodes_to_exclude=wide)


def converted(folder: Path) -> None:
    """Activations quantised and turned back into floats, six times before every product."""
    import onnx
    from onnx import helper

    kept(model(folder / "w", hidden=256, units=1024), folder / "a", "onnxruntime", folder)
    graph = folder / "a" / "model.onnx"
    loaded = onnx.load(str(graph))
    nodes = []
    for place, node in enumerate(loaded.graph.node):
        for turn in range(6 if node.op_type == "MatMul" else 0):
            made = [f"{what}_{place}_{turn}" for what in ("q", "s", "z", "back")]
            there = helper.make_node(
                "DynamicQuantizeLinear", [node.input[0]], made[:3], f"n{made[0]}"
            )
            back = helper.make_node("DequantizeLinear", made[:3], made[3:], f"n{made[3]}")
            nodes += [there, back]
            node.input[0] = made[3]
        nodes.append(node)
    del loaded.graph.node[:]
    loaded.graph.node.extend(nodes)
    onnx.save(loaded, str(graph))


PLANTS = (
    Plant("zeros", "torch", zeroed("torch")),
    Plant("zeros", "onnxruntime", zeroed("onnxruntime")),
    Plant("overhead", "torch", shaped("torch", hidden=8, heads=1, units=8, layers=6)),
    Plant(
        "attention",
        "onnxruntime",
        shaped("onnxruntime", hidden=32, heads=16, units=8),
        tuple(LONG),
    ),
    Plant("linear", "torch", shaped("torch", hidden=512, units=2048, heads=2)),
    Plant("linear", "onnxruntime", shaped("onnxruntime", hidden=512, units=2048)),
    Plant("small_batch", "torch", shaped("torch", hidden=16, heads=1, units=16, layers=4)),
    Plant("float_left", "onnxruntime", half_quantised),
    Plant("convert", "onnxruntime", converted),
    Plant("tokenise", "onnxruntime", shaped("onnxruntime", hidden=8, heads=1, units=8, layers=1)),
    Plant("zeros", "openvino", zeroed("openvino")),
    Plant("linear", "openvino", shaped("openvino", hidden=512, units=2048)),
    Plant("compile", "torch_compile", shaped("torch", hidden=8, heads=1, units=8, layers=2)),
)


def planted(plant: Plant, name: str, folder: Path, setitem: Any) -> set[str]:
    """The causes told of a run whose technique has that name and does the fault.

    Args:
        plant: the fault.
        name: of the technique.
        folder: empty, for the model, the task and the fault.
        setitem: sets an entry of a table until the test has ended.
    """
    register(plant, name, setitem)
    client, task = workbench.connect(inline=True), task_of(plant.texts, folder)
    model = client.tune(str(checkpoint(folder / "hf")), task)
    runtime = RUNTIMES[plant.runtime].config_type()
    run = client.run(model, task, Recipe(runtime, (TECHNIQUES[name].config_type(),)))
    assert run.status == "done", run.error
    assert run.recipe["techniques"][0]["name"] == name
    return {cause["name"] for cause in client.why(run.id)["causes"]}


def register(plant: Plant, name: str, setitem: Any) -> None:
    """A technique of that name, for the runtime's format, that puts the plant's model in place."""

    def handler(artifact: Artifact, config: Any, context: Context) -> Artifact:
        place = context.workspace / "plant"
        place.mkdir()
        plant.make(place)
        return load(place / "a")

    config_type = dataclass(frozen=True)(type(name, (), {"name": name, "__annotations__": {}}))
    format = RUNTIMES[plant.runtime].format
    way = Technique(name, config_type, format, handler, lambda anatomy, _: anatomy)
    setitem(TECHNIQUES, name, way)
    setitem(WAYS, (name, format), way)


def task_of(texts: Sequence[str], folder: Path) -> str:
    """A task whose rows are the plant's texts, again and again, with labels in turns."""
    rows = [(texts[i % len(texts)], CLASSES[i % 3]) for i in range(60)]
    return csv_id(*(write_csv(folder / f"{split}.csv", rows) for split in ("train", "test")))
