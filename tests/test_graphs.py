"""Keras networks as data: shapes, what is refused, and cuts that take everything with them."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from workbench.core.errors import BadInput
from workbench.graphs import Graph, Layer, anatomy, cutting, pixels
from workbench.graphs import folder as files
from workbench.graphs.graph import complete
from workbench.graphs.kinds import KINDS
from workbench.graphs.reading import read
from workbench.training.keras import drawn
from workbench.training.networks import NETWORKS, PICTURES

EVERY = sorted(NETWORKS)


def network(name):
    shape = (8, 8, 1) if name == PICTURES else (12,)
    return NETWORKS[name](shape, 50, 3)


def layer(name, kind, *sources, **config):
    return Layer(name, kind, complete(kind, config), sources)


def chain(*layers, shape=(12,), dtype="int32"):
    """A graph of layers one behind the other: (kind, settings) each."""
    made = [layer("x", "InputLayer", shape=list(shape), dtype=dtype)]
    for number, (kind, config) in enumerate(layers):
        made.append(layer(f"l{number}", kind, made[-1].name, **config))
    return Graph(tuple(made))


def chain_of(*layers, shape=(12, 4, 1)):
    """What makes a graph of pictures when it is called."""
    return lambda: chain(*layers, shape=shape, dtype="float32")


@pytest.mark.parametrize("name", EVERY)
def test_a_graph_is_the_same_after_it_was_written(name, tmp_path):
    graph = network(name)
    weights = drawn(graph)

    files.write(tmp_path, graph, weights)

    again, loaded = files.read(tmp_path)
    assert again == graph
    assert {k: v.tobytes() for k, v in loaded.items()} == {
        k: v.tobytes() for k, v in weights.items()
    }


@pytest.mark.parametrize("name", EVERY)
def test_the_size_is_known_before_and_nothing_that_was_removed_is_left(name):
    graph, shares = network(name), {"units": 0.5, "heads": 0.5}
    left = cutting.chosen(graph, shares)
    small = cutting.narrowed(graph, left)
    members = {of: list(range(count)) for of, count in left.items()}

    weights = cutting.cut(drawn(graph), graph, members)

    assert {k: v.shape for k, v in weights.items()} == dict(small.weights)
    assert anatomy(small, "x").parameters == sum(w.size for w in weights.values())
    assert anatomy(small, "x").parameters < 0.9 * anatomy(graph, "x").parameters
    assert all(left[g.layer] == round(g.count / 2) for g in cutting.groups(graph))


def test_channels_go_through_pooling_and_flattening_to_whoever_takes_them():
    graph = chain(
        ("Conv2D", {"filters": 6, "kernel_size": 3, "padding": "same"}),
        ("BatchNormalization", {}),
        ("ReLU", {}),
        ("MaxPooling2D", {}),
        ("Flatten", {}),
        ("Dense", {"units": 4}),
        shape=(4, 4, 1),
        dtype="float32",
    )
    (group,) = cutting.groups(graph)
    weights = {n: np.arange(np.prod(s), dtype=float).reshape(s) for n, s in graph.weights.items()}

    small = cutting.cut(weights, graph, {"l0": [1, 4]})

    assert group.count == 6
    assert {cut.weight for cut in group.cuts} == set(graph.weights) - {"l5/bias"}
    # row p * 6 + c of the dense kernel belongs to place p and channel c
    wanted = weights["l5/kernel"][[p * 6 + c for p in range(4) for c in (1, 4)]]
    np.testing.assert_array_equal(small["l5/kernel"], wanted)
    np.testing.assert_array_equal(small["l1/gamma"], weights["l1/gamma"][[1, 4]])


def test_channels_that_are_added_joined_or_given_out_stay():
    tied = [
        layer("x", "InputLayer", shape=[12], dtype="int32"),
        layer("e", "Embedding", "x", input_dim=9, output_dim=8),
        layer("d", "Dense", "e", units=8),
        layer("sum", "Add", "e", "d"),
        layer("free", "Dense", "sum", units=6),
        layer("pool", "GlobalMaxPooling1D", "free"),
        layer("out", "Dense", "pool", units=3),
    ]
    graph = Graph(tuple(tied))

    assert [group.layer for group in cutting.groups(graph)] == ["free"]
    assert cutting.why_not(graph) == "d"


def test_importance_is_summed_over_all_that_belongs_to_a_member():
    graph = chain(
        ("Embedding", {"input_dim": 5, "output_dim": 2}),
        ("GlobalMaxPooling1D", {}),
        ("Dense", {"units": 3}),
        ("Dense", {"units": 2}),
    )
    ones = {name: np.ones(shape) for name, shape in graph.weights.items()}
    ones["l2/kernel"][:, 1] = 10

    totals = cutting.totals(ones, graph)

    # two weights in, a bias, two weights out
    np.testing.assert_array_equal(totals["l2"], [5, 2 * 10 + 3, 5])


BAD = {
    "no such kind": (("Lambda", {}), "of the kind 'Lambda'"),
    "a fraction of a unit": (("Dense", {"units": 2.5}), "units = 2.5"),
    "an activation of one's own": (("Dense", {"units": 2, "activation": "mine"}), "'mine'"),
    "a setting too many": (("Flatten", {"why": 1}), "the settings of none"),
    "a window that does not fit": (("Conv1D", {"filters": 2, "kernel_size": 99}), "99 positions"),
    "truth as a number": (("Dense", {"units": True}), "units = True"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_graph_that_cannot_be_is_refused_with_the_layer(case):
    (kind, config), said = BAD[case]
    known = kind in KINDS
    made = (
        layer("x", "InputLayer", shape=[12], dtype="int32"),
        layer("e", "Embedding", "x", input_dim=9, output_dim=8),
        Layer("bad", kind, complete(kind, config) if known else config, ("e",)),
        layer("pool", "GlobalMaxPooling1D", "bad"),
        layer("out", "Dense", "pool", units=3),
    )
    with pytest.raises(BadInput, match=said) as refused:
        Graph(made)
    assert "layer" in str(refused.value)


def test_pictures_travel_as_text():
    pictures = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1)).astype(np.uint8)

    texts = [pixels.told(one) for one in pictures]

    np.testing.assert_array_equal(pixels.read(texts, (8, 8, 1)), pictures.astype(np.float32))
    for text in ("", "8x8x1:", "8x8x1:!!!!", texts[0].replace("8x8", "4x16", 1), "8x8x1:QQ=="):
        with pytest.raises(BadInput, match="a picture of 8x8x1"):
            pixels.read([text], (8, 8, 1))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_is_shown_as_it_is(channels):
    """A PNG file without filters: its lines are the pixels, each after a zero."""
    picture = np.arange(4 * 5 * channels, dtype=np.uint8).reshape(4, 5, channels)
    head, _, content = pixels.shown(pixels.told(picture)).partition(",")
    png = base64.b64decode(content)
    (length,) = struct.unpack(">I", png[33:37])
    lines = np.frombuffer(zlib.decompress(png[41 : 41 + length]), np.uint8).reshape(4, -1)

    assert head == "data:image/png;base64"
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", png[16:24]) == (5, 4)
    np.testing.assert_array_equal(lines[:, 1:], picture.reshape(4, -1))


@pytest.mark.parametrize("text", ["", "hello", "8x8x1:", "8x8x1:AAA", "2x2x2:AAAAAAAAAAA=", "x"])
def test_what_is_no_picture_is_not_shown_as_one(text):
    assert pixels.shown(text) == ""


def saved(*layers):
    """A sequential configuration as Keras writes it."""
    first = {"class_name": "InputLayer", "config": {"batch_shape": [None, 12], "dtype": "int32"}}
    entries = [first, *({"module": "keras.layers", **entry} for entry in layers)]
    for number, entry in enumerate(entries):
        entry["config"] = {"name": f"n{number}", **entry["config"]}
    return {"class_name": "Sequential", "config": {"layers": entries}}


EMBEDDING = {"class_name": "Embedding", "config": {"input_dim": 9, "output_dim": 4}}
POOL = {"class_name": "GlobalMaxPooling1D", "config": {}}
DENSE = {"class_name": "Dense", "config": {"units": 3, "activation": "softmax"}}
HOSTILE = {
    "a lambda": (
        {"class_name": "Lambda", "config": {"function": ["4wEAAAA", None, None]}},
        "code",
    ),
    "a class of one's own": (
        {"class_name": "Dense", "config": {"units": 3}, "registered_name": "evil>Dense"},
        "code",
    ),
    "another module": (
        {"class_name": "Dense", "config": {"units": 3}, "module": "os.path"},
        "of os.path",
    ),
    "a model inside": ({"class_name": "Sequential", "config": {"layers": []}}, "inside the model"),
    "an unknown setting": (
        {"class_name": "Dense", "config": {"units": 3, "hook": "os.system"}},
        "hook",
    ),
    "channels first": (
        {"class_name": "Flatten", "config": {"data_format": "channels_first"}},
        "data_format",
    ),
    "an activation by class": (
        {"class_name": "Dense", "config": {"units": 3, "activation": {"class_name": "Evil"}}},
        "activation",
    ),
    "no layer at all": ({"class_name": "Dense", "config": None}, "a layer|the layer|Dense"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_configuration_that_would_run_something_is_refused(case):
    entry, said = HOSTILE[case]
    if entry["config"] is None:
        whole = {"class_name": "Sequential", "config": {"layers": [entry, entry]}}
    else:
        whole = saved(EMBEDDING | {"config": dict(EMBEDDING["config"])}, dict(entry), POOL, DENSE)
    with pytest.raises(BadInput, match=said):
        read(whole, 12)


def test_a_softmax_at_the_end_is_left_out_since_a_graph_gives_logits():
    got = read(saved(*({**x, "config": dict(x["config"])} for x in (EMBEDDING, POOL, DENSE))), 12)

    assert got.graph.layers[-1].config["activation"] == "linear"
    assert got.graph.classes == 3


def test_the_page_names_every_kind_of_layer():
    page = (Path(__file__).parents[1] / "docs" / "keras.md").read_text(encoding="utf-8")
    told = page.split("Layers that are known: ")[1].split(". Another layer")[0]

    assert told.split(", ") == sorted(KINDS)


MUCH = {
    "a picture of terabytes": chain_of(("Flatten", {}), shape=(2**24, 2**24, 3)),
    "a class too many": chain_of(("Flatten", {}), ("Dense", {"units": 2**20}), shape=(4, 4, 1)),
    "one class only": chain_of(("Flatten", {}), ("Dense", {"units": 1}), shape=(4, 4, 1)),
    "no weight at all": chain_of(("Flatten", {}), shape=(2, 2, 1)),
    "channels in the middle": chain_of(
        ("BatchNormalization", {"axis": 1}), ("Flatten", {}), ("Dense", {"units": 3})
    ),
    "a rate beyond all numbers": chain_of(
        ("Dropout", {"rate": 10**400}), ("Flatten", {}), ("Dense", {"units": 3})
    ),
}


@pytest.mark.parametrize("case", MUCH)
def test_what_would_not_fit_is_refused_before_it_takes_memory(case):
    with pytest.raises(BadInput):
        MUCH[case]()


def functional(**changes):
    whole = saved(*({**x, "config": dict(x["config"])} for x in (EMBEDDING, POOL, DENSE)))
    whole["class_name"] = "Functional"
    names = [entry["config"]["name"] for entry in whole["config"]["layers"]]
    for entry, source in zip(whole["config"]["layers"][1:], names, strict=False):
        entry["inbound_nodes"] = [[[source, 0, 0, {}]]]
    ends = {"input_layers": [[names[0], 0, 0]], "output_layers": [[names[-1], 0, 0]]}
    whole["config"] |= {**ends, **changes}
    return whole


def test_a_network_by_name_is_read_and_strange_ends_are_refused():
    assert read(functional(), 12).graph.classes == 3
    for changes in (
        {"layers": []},
        {"output_layers": [["nobody", 0, 0]]},
        {"output_layers": [["n1", 0, 0]]},
        {"input_layers": [["n0", 0, 0], ["n1", 0, 0]]},
    ):
        with pytest.raises(BadInput):
            read(functional(**changes), 12)


def test_called_as_in_training_or_with_more_than_its_inputs_is_refused():
    for told in ({"training": True}, {"mask": 3}, {"hook": None}):
        whole = functional()
        whole["config"]["layers"][2]["inbound_nodes"] = [[["n1", 0, 0, told]]]
        with pytest.raises(BadInput, match="called with"):
            read(whole, 12)


def test_masks_that_the_libraries_join_differently_are_refused():
    masked = {**EMBEDDING, "config": {**EMBEDDING["config"], "mask_zero": True}}
    joined = {"class_name": "Concatenate", "config": {}}
    with pytest.raises(BadInput, match="mask_zero"):
        read(saved(masked, joined, POOL, DENSE), 12)
