"""Configurations that ask for code, for files elsewhere, or for a model larger than its files."""

from __future__ import annotations

from pathlib import Path

from hostile import (
    Case,
    beside,
    folder,
    text_beside,
    with_config,
)

URL = "https://models.example/evil"
CODE = {
    "auto_map": {"auto_map": {"AutoModel": "m.M"}},
    "auto_map elsewhere": {"auto_map": {"AutoConfig": "x/y--m.M"}},
    "inner auto_map": {"text_config": {"auto_map": {"A": "m.M"}}},
    "auto_map in a list": {"parts": [[{"auto_map": {"A": "m.M"}}]]},
    "trust": {"trust_remote_code": True},
    "pipeline": {"custom_pipelines": {"a": {"impl": "m.P"}}},
    "generate of its own": {"custom_generate": "x/y"},
    "fusion": {"fusion_config": {"patch_embeddings": True}},
    "layers of their own": {"per_layer_config": {"0": {"auto_map": "x"}}},
    "kernels": {"kernel_config": {"RMSNorm": "x/y:Z"}},
    "kernel of others": {"attn_implementation": "x/kernel"},
    "kernel in a table": {"_attn_implementation": {"": "x/kernel@main:f"}},
    "kernel inside": {"_attn_implementation_internal": "x/kernel"},
    "experts of others": {"experts_implementation": "x/kernel"},
}
ELSEWHERE = {
    "weights elsewhere": {"transformers_weights": "../../o.safetensors"},
    "other configurations": {"configuration_files": ["config.4.0.0.json"]},
    "gguf file": {"gguf_file": "/etc/passwd"},
    "subfolder": {"subfolder": "../.."},
    "backbone": {"backbone": "microsoft/resnet-50", "use_pretrained_backbone": True},
    "timm": {"use_timm_backbone": True},
    "origin an address": {"_name_or_path": URL},
    "base an address": {"base_model_name_or_path": URL},
    "vocabulary elsewhere": {"vocab_file": "/etc/passwd"},
    "path with dots": {"embeddings_path": "../../secrets"},
    "another drive": {"merges_file": "C:\\Windows\\win.ini"},
    "needs bitsandbytes": {"quantization_config": {"quant_method": "bitsandbytes"}},
    "needs gptq": {"quantization_config": {"quant_method": "gptq", "dataset": URL}},
}
SIZES = {
    "huge vocabulary": ({"vocab_size": 10**11}, "describes"),
    "huge positions": ({"max_position_embeddings": 10**10}, "describes"),
    "many layers": ({"num_hidden_layers": 10**9}, "describes"),
    "two layers": ({"num_hidden_layers": 2}, "weights of 1 layers"),
    "many labels": ({"num_labels": 10**9}, "num_labels"),
    "many kinds": ({"type_vocab_size": 10**9}, "type_vocab_size"),
    "no heads": ({"num_attention_heads": 0}, "num_attention_heads"),
    "heads that do not divide": ({"num_attention_heads": 3}, "fit|groups|heads|config"),
    "hidden a word": ({"hidden_size": "8"}, "hidden_size"),
    "hidden a fraction": ({"hidden_size": 8.5}, "hidden_size"),
    "hidden below zero": ({"hidden_size": -8}, "hidden_size"),
    "number beyond numbers": ({"vocab_size": 10**400}, "vocab_size|JSON"),
    "activation unknown": ({"hidden_act": "evil"}, "fit|config"),
    "activation a path": ({"hidden_act": "../../x"}, "plain value"),
    "dropout a table": ({"hidden_dropout_prob": {"a": {"b": {"c": 1}}}}, "dropout_prob"),
    "decoder with crossing": ({"is_decoder": True, "add_cross_attention": True}, "weight"),
    "unknown family": ({"model_type": "evil"}, "model_type"),
    "family a list": ({"model_type": ["bert"]}, "model_type"),
    "no family": ({"model_type": None}, "model_type"),
    "labels of no numbers": (
        {"architectures": ["BertForSequenceClassification"], "id2label": {"x": "y"}},
        "whole numbers as keys",
    ),
}


def configs(mark: Path):
    return [
        *(
            Case(name, lambda p, c=config: folder(p, c), "asks for")
            for name, config in (CODE | ELSEWHERE).items()
        ),
        *(
            Case(name, lambda p, c=config: folder(p, c), said)
            for name, (config, said) in SIZES.items()
        ),
        Case("config a list", lambda p: with_config(p, "[]"), "JSON object"),
        Case("config no json", lambda p: with_config(p, "{"), "readable JSON"),
        Case("config empty", lambda p: with_config(p, ""), "readable JSON"),
        Case("config deep", lambda p: with_config(p, '{"a":' * 10**5), "readable JSON"),
        Case("config nested", lambda p: with_config(p, '{"a":' * 80 + "1" + "}" * 80), "nesting"),
        Case("config large", lambda p: with_config(p, " " * (21 * 2**20)), "at most"),
        Case("config of NaN", lambda p: with_config(p, '{"hidden_size": NaN}'), "no number"),
        Case("config twice", lambda p: with_config(p, '{"a": 1, "a": 2}'), "there twice"),
        Case("config UTF-16", lambda p: beside(p, "config.json", "{}".encode("utf-16")), "JSON"),
        Case("config of NUL", lambda p: with_config(p, "\0" * 100), "readable JSON"),
        Case("config of digits", lambda p: with_config(p, '{"a": ' + "9" * 10**6 + "}"), "JSON"),
        Case("origin a folder", lambda p: folder(p, {"_name_or_path": "/home/me/run"}), "", 0),
        Case("setting unknown", lambda p: folder(p, {"dance": {"a": [1]}}), "", 0),
    ]


def companions(mark: Path):
    """Files beside ``config.json`` that a loader would read."""

    def asks(name, file, data, said="asks for"):
        return Case(name, lambda p: text_beside(p, file, data), said)

    adapter = {"peft_type": "LORA", "base_model_name_or_path": URL}
    module = {"idx": 0, "name": "0", "path": "", "type": "evil.models.Transformer"}
    up = module | {"type": "sentence_transformers.models.Dense", "path": "../../x"}
    return [
        asks(
            "tokenizer auto_map",
            "tokenizer_config.json",
            {"auto_map": {"AutoTokenizer": ["t.T", None]}},
        ),
        asks("tokenizer class", "tokenizer_config.json", {"tokenizer_class": "evil.mod.Tok"}),
        asks(
            "tokenizer of its own", "tokenizer_config.json", {"tokenizer_class": "EvilTokenizer"}
        ),
        asks(
            "tokenizer file elsewhere", "tokenizer_config.json", {"tokenizer_file": "/etc/passwd"}
        ),
        asks("vocabulary file elsewhere", "tokenizer_config.json", {"vocab_file": "../../vocab"}),
        asks("vocabulary at an address", "tokenizer_config.json", {"vocab_file": URL}),
        asks("processor", "processor_config.json", {"auto_map": {"AutoProcessor": "p.P"}}),
        asks("preprocessor", "preprocessor_config.json", {"auto_map": {"A": "p.P"}}),
        asks("generation", "generation_config.json", {"custom_generate": "x/y"}),
        asks(
            "sentence settings",
            "sentence_bert_config.json",
            {"model_args": {"trust_remote_code": True}},
        ),
        asks("adapter at an address", "adapter_config.json", adapter, "adapter"),
        asks(
            "adapter at a path",
            "adapter_config.json",
            adapter | {"base_model_name_or_path": "/etc"},
            "adapter",
        ),
        asks("module of its own", "modules.json", [module], "code of its own"),
        asks("module elsewhere", "modules.json", [up], "files of the folder"),
        asks("modules no list", "modules.json", {"type": "os.system"}, "code of its own"),
        asks("artifact without labels", "artifact.json", {}, "labels"),
        asks(
            "artifact with odd cuts",
            "artifact.json",
            {"labels": ["a"], "kept": {"layers": [0]}},
            "kept layers",
        ),
        asks(
            "artifact as a graph",
            "artifact.json",
            {"schema": 1, "format": "onnx", "family": "bert", "labels": ["a"], "max_length": 8},
            "workbench writes",
        ),
        asks(
            "artifact of a lie",
            "artifact.json",
            {"schema": 1, "format": "torch", "family": "bert", "labels": ["a"], "max_length": 8},
            "fit",
        ),
        Case(
            "graph with data elsewhere",
            lambda p: beside(p, "model.onnx", onnx("../../x")),
            "files of the folder",
        ),
        Case(
            "graph with absolute data",
            lambda p: beside(p, "model.onnx", onnx("/etc/passwd")),
            "files of the folder",
        ),
        Case(
            "graph with data here",
            lambda p: beside(p, "model.onnx", onnx("model.bin_data")),
            "unopened",
            0,
        ),
    ]


def onnx(location: str) -> bytes:
    """The entry of an ONNX file that says where a tensor's bytes lie."""
    value = location.encode()
    entry = b"\n\x08location\x12" + bytes([len(value)]) + value
    return b"\x08\x08:\x20*\x1ej" + bytes([len(entry)]) + entry + b"p\x01"


def cases(mark: Path):
    made = (configs, companions)
    return [c for part in made for c in part(mark)]
