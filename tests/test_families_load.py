"""Ordinary folders of every family load, and answer as transformers' own loading would."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import hostile
import pytest

from workbench.formats.state import network
from workbench.jobs.loader import looked_through
from workbench.models.safety import FAMILIES

SHAPE = {
    "vocab_size": 64,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
}
DECODER = {**SHAPE, "num_key_value_heads": 2, "head_dim": 16}
DISENTANGLED = {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_buckets": 8}
MORE = {
    "distilbert": {"vocab_size": 64, "dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64},
    "gpt2": {"vocab_size": 64, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64},
    "electra": {**SHAPE, "embedding_size": 16},
    "albert": {**SHAPE, "embedding_size": 16},
    "deberta-v2": {**SHAPE, **DISENTANGLED, "conv_kernel_size": 3, "norm_rel_ebd": "layer_norm"},
    "modernbert": {**SHAPE, "global_attn_every_n_layers": 2},
    **dict.fromkeys(("llama", "mistral", "qwen2", "qwen3"), DECODER),
    **dict.fromkeys(("gemma", "gemma2", "gemma3_text"), DECODER),
}


def made(place: Path, family: str, dtype: str = "float32", **saving) -> Path:
    """A classifier of three classes, saved as its users save them."""
    import torch
    import transformers as t

    torch.manual_seed(0)
    names = {0: "no", 1: "yes", 2: "maybe"}
    config = t.CONFIG_MAPPING[family](**MORE.get(family, SHAPE), id2label=names)
    if config.pad_token_id is None:
        config.pad_token_id = 0
    model = t.AutoModelForSequenceClassification.from_config(config).to(getattr(torch, dtype))
    model.save_pretrained(place, **saving)
    (place / "tokenizer.json").write_text(json.dumps(hostile.TOKENIZER))
    return place


def same(place: Path, home: Path, **more) -> None:
    import torch
    import transformers as t

    auto, ids = t.AutoModelForSequenceClassification, torch.tensor([[1, 3, 4, 5, 6, 2]])
    wanted = auto.from_pretrained(place, dtype="auto").eval()(input_ids=ids).logits
    given = network(place, auto).eval()(input_ids=ids).logits
    told = looked_through(str(place), place, home)

    assert wanted.dtype == given.dtype
    assert torch.equal(wanted, given)
    assert {"loaded": True, "labels": ["no", "yes", "maybe"], "warnings": [], **more}.items() <= (
        told.items()
    )


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_family_loads_as_transformers_would_load_it(family, tmp_path, home):
    same(made(tmp_path / "model", family), home, family=family)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_stays_half(dtype, tmp_path, home):
    same(made(tmp_path / "model", "llama", dtype), home)


@pytest.mark.parametrize("family", ["bert", "gpt2"])
def test_several_files_make_one_model(family, tmp_path, home):
    place = made(tmp_path / "model", family, max_shard_size="20KB")

    assert len(list(place.glob("*.safetensors"))) > 1
    same(place, home, format="safetensors")


def test_a_torch_zip_loads_and_its_numbers_are_looked_at(tmp_path, home):
    import torch
    from safetensors.torch import load_file

    place = made(tmp_path / "model", "bert")
    weights = load_file(place / "model.safetensors")
    (place / "model.safetensors").unlink()
    torch.save(weights, place / "pytorch_model.bin")
    same(place, home, format="torch")

    weights["classifier.bias"][1] = float("nan")
    weights["classifier.weight"] = weights["classifier.weight"].T.contiguous().T
    torch.save(weights, place / "pytorch_model.bin")
    told = looked_through(str(place), place, home)

    assert told["warnings"] == ["1 tensors hold NaN or infinity, such as 'classifier.bias'"]
    assert told["loaded"] is True


def test_a_backbone_without_a_head_loads(tmp_path, home):
    import transformers as t

    t.BertModel(t.BertConfig(**SHAPE)).save_pretrained(tmp_path / "model")
    (tmp_path / "model" / "tokenizer.json").write_text(json.dumps(hostile.TOKENIZER))

    told = looked_through(str(tmp_path / "model"), tmp_path / "model", home)

    assert (told["loaded"], told["labels"]) == (True, [])


def test_a_vocabulary_alone_makes_the_same_tokenizer(tmp_path):
    from transformers import AutoTokenizer

    from workbench.formats.vocabulary import converted

    place = hostile.vocabulary(tmp_path / "model")
    (place / "tokenizer_config.json").write_text('{"do_lower_case": false, "unk_token": "?"}')
    theirs = AutoTokenizer.from_pretrained(shutil.copytree(place, tmp_path / "copy"))

    for text in ("Where is my order?", "where is MY refund"):
        assert converted(place).encode(text).ids == theirs(text)["input_ids"]


def test_an_ordinary_checkpoint_of_the_hub_passes(tmp_path, home):
    place = made(tmp_path / "model", "bert")
    settings = {"tokenizer_class": "BertTokenizerFast", "special_tokens_map_file": "/root/x.json"}
    modules = [{"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"}]
    config = json.loads((place / "config.json").read_text()) | {"_name_or_path": "/tmp/runs/5"}
    (place / "config.json").write_text(json.dumps(config | {"torch_dtype": "float32"}))
    (place / "tokenizer_config.json").write_text(json.dumps(settings | {"model_max_length": 1e30}))
    (place / "modules.json").write_text(json.dumps(modules))
    (place / "generation_config.json").write_text('{"_from_model_config": true}')
    for name in ("README.md", ".gitattributes", "special_tokens_map.json", "trainer_state.json"):
        (place / name).write_text("{}")

    same(place, home)
