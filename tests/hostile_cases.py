"""Sixty and more folders that must not be opened, each with the words of its refusal."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from types import SimpleNamespace

from hostile import (
    Harm,
    beside,
    false_cache,
    folder,
    framed,
    linked,
    only,
    pipe,
    safetensors,
    sharded,
    with_config,
    without,
    zipped,
)


def given(mark: Path) -> SimpleNamespace:
    """What the cases are made of."""
    return SimpleNamespace(
        harm=pickle.dumps(Harm(mark)),
        harm2=pickle.dumps({"a": Harm(mark)}, protocol=2),
        good=safetensors(),
        entry={"dtype": "F32", "shape": [4], "data_offsets": [0, 16]},
        far=b"\x80\x02}r\xff\xff\xff\x7f.",  # a memo place that would take 16 GB
    )


def part_1(g: SimpleNamespace, mark: Path):
    return [
        ("no weights", lambda p: without(p, "model.safetensors"), "model.safetensors"),
        ("no config", lambda p: without(p, "config.json"), "config.json"),
        ("empty weights", lambda p: folder(p, weights=b""), "safetensors"),
        ("truncated", lambda p: folder(p, weights=g.good[:-5]), "as its header says"),
        ("appended", lambda p: folder(p, weights=g.good + b"more"), "as its header says"),
        ("cut header", lambda p: folder(p, weights=g.good[:20]), "whole safetensors"),
        ("header of terabytes", lambda p: folder(p, weights=b"\xff" * 7 + b"\0"), "whole"),
        ("header no json", lambda p: folder(p, weights=framed(b"{{{{")), "in JSON"),
        ("header a list", lambda p: folder(p, weights=framed(b"[]")), "an object"),
        ("header deep", lambda p: folder(p, weights=framed(b"[" * 10**6)), "in JSON"),
        ("no tensors", lambda p: folder(p, weights=framed(b"{}")), "1 to"),
        ("overlap", lambda p: folder(p, weights=safetensors(c=g.entry)), "overlap"),
        (
            "gap",
            lambda p: folder(
                p,
                weights=framed(
                    json.dumps({"a": g.entry | {"data_offsets": [8, 24]}}).encode(), b"x" * 24
                ),
            ),
            "one behind the other",
        ),
        (
            "tensor of terabytes",
            lambda p: folder(p, weights=safetensors(a=g.entry | {"shape": [2**40]})),
            "offsets that fit",
        ),
        (
            "negative",
            lambda p: folder(p, weights=safetensors(a=g.entry | {"shape": [-4, -1]})),
            "fit",
        ),
    ]


def part_2(g: SimpleNamespace, mark: Path):
    return [
        (
            "infinite",
            lambda p: folder(p, weights=safetensors(a=g.entry | {"shape": [float("inf")]})),
            "fit",
        ),
        (
            "unknown type",
            lambda p: folder(p, weights=safetensors(a=g.entry | {"dtype": "O"})),
            "type",
        ),
        (
            "type a list",
            lambda p: folder(p, weights=safetensors(a=g.entry | {"dtype": []})),
            "type",
        ),
        ("entry no object", lambda p: folder(p, weights=safetensors(a=7)), "type, shape"),
        (
            "many dimensions",
            lambda p: folder(p, weights=safetensors(a=g.entry | {"shape": [1] * 99})),
            "fit",
        ),
        ("pickle renamed", lambda p: folder(p, weights=g.harm), "not a pickle"),
        ("zip renamed", lambda p: folder(p, weights=zipped({"data.pkl": g.harm})), "not a pickle"),
        ("pickle weights", lambda p: only(p, "pytorch_model.bin", g.harm), "torch zip"),
        (
            "zip of harm",
            lambda p: only(p, "pytorch_model.bin", zipped({"data.pkl": g.harm})),
            "STACK|pickle|asks",
        ),
        (
            "old zip of harm",
            lambda p: only(p, "pytorch_model.bin", zipped({"data.pkl": g.harm2})),
            "asks for|mkdir",
        ),
    ]


def part_3(g: SimpleNamespace, mark: Path):
    return [
        (
            "zip bomb",
            lambda p: only(p, "pytorch_model.bin", zipped({"data.pkl": b"0" * 10**7}, True)),
            "packed",
        ),
        (
            "memo bomb",
            lambda p: only(p, "pytorch_model.bin", zipped({"data.pkl": g.far})),
            "pickle operation",
        ),
        (
            "zip cut",
            lambda p: only(p, "pytorch_model.bin", zipped({"data.pkl": g.harm})[:-9]),
            "torch zip",
        ),
        *(
            (
                f"weights as {end}",
                lambda p, e=end: only(p, f"model{e}", g.harm),
                "model.safetensors",
            )
            for end in (".pkl", ".joblib", ".npy", ".pt", ".ckpt", ".pth")
        ),
        *(
            (
                f"pickle beside, {end}",
                lambda p, e=end: beside(p, f"head{e}", g.harm),
                "can run code",
            )
            for end in (".pkl", ".joblib", ".npy", ".pt", ".ckpt", ".PKL", ".bin")
        ),
        ("auto_map", lambda p: folder(p, {"auto_map": {"AutoModel": "m.M"}}), "remote code"),
        (
            "auto_map elsewhere",
            lambda p: folder(p, {"auto_map": {"AutoModel": "x/y--m.M"}}),
            "remote code",
        ),
    ]


def part_4(g: SimpleNamespace, mark: Path):
    return [
        (
            "inner auto_map",
            lambda p: folder(p, {"text_config": {"auto_map": {"A": "m.M"}}}),
            "remote code",
        ),
        ("trust", lambda p: folder(p, {"trust_remote_code": True}), "remote code"),
        ("pipeline", lambda p: folder(p, {"custom_pipelines": {"a": {}}}), "remote code"),
        (
            "tokenizer auto_map",
            lambda p: beside(
                p, "tokenizer_config.json", b'{"auto_map": {"AutoTokenizer": ["t.T", null]}}'
            ),
            "remote code",
        ),
        (
            "tokenizer class",
            lambda p: beside(p, "tokenizer_config.json", b'{"tokenizer_class": "evil.mod.Tok"}'),
            "tokenizer_class",
        ),
        (
            "kernel of others",
            lambda p: folder(p, {"attn_implementation": "x/kernel"}),
            "kernel of others",
        ),
        (
            "weights elsewhere",
            lambda p: folder(p, {"transformers_weights": "o.safetensors"}),
            "transformers_weights",
        ),
        ("unknown family", lambda p: folder(p, {"model_type": "evil"}), "model_type"),
        ("family a list", lambda p: folder(p, {"model_type": ["bert"]}), "model_type"),
        ("no family", lambda p: folder(p, {"model_type": None}), "model_type"),
    ]


def part_5(g: SimpleNamespace, mark: Path):
    return [
        ("huge vocabulary", lambda p: folder(p, {"vocab_size": 10**11}), "describes"),
        ("huge positions", lambda p: folder(p, {"max_position_embeddings": 10**10}), "describes"),
        ("many layers", lambda p: folder(p, {"num_hidden_layers": 10**9}), "describes"),
        ("many labels", lambda p: folder(p, {"num_labels": 10**9}), "num_labels"),
        ("many kinds", lambda p: folder(p, {"type_vocab_size": 10**9}), "type_vocab_size"),
        ("no heads", lambda p: folder(p, {"num_attention_heads": 0}), "num_attention_heads"),
        ("hidden a word", lambda p: folder(p, {"hidden_size": "8"}), "hidden_size"),
        ("config a list", lambda p: with_config(p, "[]"), "JSON object"),
        ("config no json", lambda p: with_config(p, "{"), "readable JSON"),
        ("config deep", lambda p: with_config(p, '{"a":' * 10**5), "readable JSON"),
        ("config nested", lambda p: with_config(p, '{"a":' * 80 + "1" + "}" * 80), "nesting"),
        ("config large", lambda p: with_config(p, " " * (21 * 2**20)), "at most"),
        (
            "adapter",
            lambda p: beside(p, "adapter_config.json", b'{"base_model_name_or_path": "http://x"}'),
            "adapter",
        ),
        ("link out", lambda p: linked(p, "vocab.txt", "/etc/passwd"), "link out"),
        (
            "weights linked out",
            lambda p: linked(p, "model.safetensors", "/etc/passwd"),
            "link out",
        ),
        ("link up", lambda p: linked(p, "vocab.txt", "../../.."), "link out"),
        ("link to nothing", lambda p: linked(p, "vocab.txt", "absent"), "that is there"),
        ("link in a circle", lambda p: linked(p, "vocab.txt", "vocab.txt"), "that is there"),
        ("device", lambda p: linked(p, "tokenizer.json", "/dev/zero"), "link out"),
        ("pipe", lambda p: pipe(p, "tokenizer.json"), "plain files"),
        ("pipe as config", lambda p: pipe(p, "config.json"), "plain files"),
        ("false cache", false_cache, "link out"),
        ("index up", lambda p: sharded(p, {"a": "../one.safetensors"}), "files of the folder"),
        ("index absent", lambda p: sharded(p, {"a": "two.safetensors"}), "a file that is there"),
    ]


def part_6(g: SimpleNamespace, mark: Path):
    return [
        ("index of more", lambda p: sharded(p, {"b": "one.safetensors"}), "the index names"),
        ("layers missing", lambda p: folder(p, {"num_hidden_layers": 2}), "weights of 1 layers"),
        ("index empty", lambda p: sharded(p, {}), "weight_map"),
        ("index of lists", lambda p: sharded(p, {"a": ["one"]}), "weight_map"),
        ("artifact without labels", lambda p: beside(p, "artifact.json", b"{}"), "labels"),
        (
            "artifact with odd cuts",
            lambda p: beside(p, "artifact.json", b'{"labels": ["a"], "kept": {"layers": [0]}}'),
            "kept layers",
        ),
    ]


def cases(mark: Path):
    """(name, builder, words of the refusal); ``mark`` appears if a pickle was run."""
    made = given(mark)
    parts = (part_1, part_2, part_3, part_4, part_5, part_6)
    return [case for part in parts for case in part(made, mark)]
