"""Models that write: greedy as transformers writes, token by token, and every wrong wish named."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import require

import workbench
from workbench import models
from workbench.core.errors import BadInput
from workbench.core.knobs import build
from workbench.core.records import Job
from workbench.formats.prompts import Prompts, Told
from workbench.i18n.table import TEXTS
from workbench.jobs import kept
from workbench.jobs.hub import masked
from workbench.jobs.request import FIELDS, check_request
from workbench.recipes.machine import no_compiler
from workbench.recipes.recipe import Recipe
from workbench.runtimes import OpenVino
from workbench.runtimes.compiled_decoder import CompiledDecoder
from workbench.runtimes.decoder import NONE, Sampling
from workbench.runtimes.torch import Torch
from workbench.runtimes.torch_compile import TorchCompile
from workbench.runtimes.torch_decoder import TorchDecoder
from workbench.techniques import StructuredPruning, WeightOnly

FAMILIES = ("gpt2", "llama", "qwen2", "qwen3", "gemma")
PROMPTS = ("the weather in Ostmere", "rain", "昨天下午临川市下了大雨")


def tokenizer(folder: Path) -> int:
    """A byte-level BPE tokenizer; the number of its tokens."""
    from tokenizers import Tokenizer, decoders, pre_tokenizers, trainers
    from tokenizers import models as kinds

    made = Tokenizer(kinds.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<end>"], initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator(PROMPTS, trainer)
    made.save(str(folder / "tokenizer.json"))
    return int(made.get_vocab_size())


def writer(folder: Path, family: str, **more) -> Path:
    """A small random causal language model."""
    import torch
    import transformers as t

    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    rows = tokenizer(folder)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    shape |= {"num_key_value_heads": 2, "intermediate_size": 64, "vocab_size": rows}
    shape |= {"max_position_embeddings": 96, "eos_token_id": 0, "bos_token_id": 0, **more}
    if family == "gpt2":
        config = t.GPT2Config(n_embd=32, n_layer=2, n_head=4, vocab_size=rows, n_positions=96)
        config.eos_token_id = more.get("eos_token_id", 0)
        model = t.GPT2LMHeadModel(config)
    else:
        name = {"llama": "Llama", "qwen2": "Qwen2", "qwen3": "Qwen3", "gemma": "Gemma"}[family]
        heads = {"head_dim": shape["hidden_size"] // 4} if family in ("gemma", "qwen3") else {}
        made = getattr(t, f"{name}Config")(**shape, **heads)
        model = getattr(t, f"{name}ForCausalLM")(made)
    model.save_pretrained(folder)
    return folder


@pytest.fixture
def llama(tmp_path):
    return writer(tmp_path / "llama", "llama")


def written(decoder, prompts, sampling):
    """The tokens of each prompt, until it ended."""
    rows = [decoder.prompts.encode(prompt) for prompt in prompts]
    steps = np.array(list(decoder.generate(rows, sampling)))
    return [column[column != NONE].tolist() for column in steps.T]


def likeliest(folder, ids, tokens):
    """What transformers itself writes behind token ids, with the end if it comes."""
    import torch
    from transformers import AutoModelForCausalLM

    plain = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    given = torch.tensor([ids])
    with torch.inference_mode():
        found = plain.generate(
            input_ids=given,
            attention_mask=torch.ones_like(given),
            max_new_tokens=tokens,
            do_sample=False,
            eos_token_id=0,
            pad_token_id=0,
        )
    return found[0, len(ids) :].tolist()


@pytest.mark.parametrize("family", FAMILIES)
def test_greedy_is_what_transformers_writes(family, tmp_path):
    folder = writer(tmp_path / family, family)
    decoder = TorchDecoder(folder, Torch())

    for prompt in PROMPTS:
        told = likeliest(folder, decoder.prompts.encode(prompt), 12)
        assert written(decoder, [prompt], Sampling(tokens=12)) == [[x for x in told if x]]
    together = written(decoder, PROMPTS, Sampling(tokens=12))
    assert together == [written(decoder, [x], Sampling(tokens=12))[0] for x in PROMPTS]
    assert "generation" in models.find(str(folder), tmp_path).kinds


def test_draws_follow_their_seed(llama):
    decoder = TorchDecoder(llama, Torch())
    first, again, other = (
        written(decoder, PROMPTS[:1], Sampling(20, 1.0, 0.9, seed)) for seed in (1, 1, 2)
    )

    assert first == again
    assert first != other


def test_a_row_ends_by_itself_and_the_model_stops_when_nobody_listens(llama, tmp_path):
    greedy = written(TorchDecoder(llama, Torch()), PROMPTS[:1], Sampling(tokens=8))[0]
    ends = writer(tmp_path / "ends", "llama", eos_token_id=greedy[3])
    place = greedy.index(greedy[3])
    assert (
        written(TorchDecoder(ends, Torch()), PROMPTS[:1], Sampling(tokens=8))[0]
        == (greedy[:place])
    )

    decoder = TorchDecoder(llama, Torch())
    steps = decoder.generate([decoder.prompts.encode("rain")], Sampling(tokens=80))
    next(steps)
    begun = time.monotonic()
    steps.close()
    assert time.monotonic() - begun < 5


def test_half_a_character_waits_for_its_other_half(llama):
    prompts = Prompts(llama)
    words = "大雨 in 临川, the weather in Ostmere " * 4
    told = Told(prompts, prompts.encode("rain"))
    pieces = [told.add(token) for token in prompts.encode(words)]

    assert "".join(pieces) + told.rest() == words
    assert not any("\ufffd" in piece for piece in pieces)
    half = Told(prompts, prompts.encode("rain"))
    pieces = [half.add(x) for x in prompts.encode("a大")[:-1]]
    assert "".join(pieces) == "a"
    assert half.rest() == "\ufffd", "what never became a character is told at the end"


def test_a_job_tells_every_piece_and_the_whole(llama, home):
    client = workbench.connect(inline=True)
    heard = []
    client.follow(heard.append)
    job = client.submit(
        "generate",
        {"model": str(llama), "prompts": list(PROMPTS[:2]), "sampling": {"tokens": 12}},
    )

    assert job.status == "done", job.error
    pieces = [event for event in heard if event["type"] == "text"]
    for row, text in enumerate(job.result["texts"]):
        assert "".join(x["pieces"][row] for x in pieces) == text
    assert job.result["tokens"] == [12, 12]
    assert job.result["prompt_tokens"] == [len(Prompts(llama).encode(x)) for x in PROMPTS[:2]]
    assert 0 < job.result["first_s"] <= job.result["seconds"]


def test_what_is_written_is_nobody_elses():
    job = Job("j", "generate", "owner", {"prompts": ["x"]}, "done", result={"texts": ["y"]})

    assert masked(job, "owner") == job
    of_visitor = replace(job, client="a" * 32)
    assert masked(of_visitor, "a" * 32) == of_visitor
    assert masked(of_visitor, "owner").result is None
    assert masked(job, "a" * 32).request == {}
    assert masked(job, "a" * 32).result is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"prompts": []}, "1 to 32 texts"),
        ({"prompts": "rain"}, "1 to 32 texts"),
        ({"prompts": [7]}, "1 to 32 texts"),
        ({"prompts": [""]}, "a text to go on from"),
        ({"prompts": ["x" * 50_001]}, "at most 50,000"),
        ({"prompts": ["a\x1b[31mb"]}, "plain text"),
        ({"prompts": ["a\ud800"]}, "plain text"),
        ({"sampling": {"temperature": 9}}, "from 0 to 2"),
        ({"sampling": {"tokens": 0}}, "from 1 to 4096"),
        ({"sampling": []}, "an object"),
        ({"runtime": {"name": "litert"}}, "one of onnxruntime, openvino, torch"),
        ({"runtime": {"name": "torch", "threads": 0}}, "from 1 to 64"),
        ({"runtime": {"name": []}}, "one of onnxruntime, openvino, torch"),
        ({"colour": "red"}, "one of"),
    ],
)
def test_a_wish_that_cannot_be_met_is_named_before_any_work(llama, home, change, said):
    with pytest.raises(BadInput, match=said):
        check_request("generate", {"model": str(llama), "prompts": ["rain"], **change}, home)


def test_an_encoder_does_not_write(home):
    with pytest.raises(BadInput, match="a causal language model"):
        check_request("generate", {"model": "all-MiniLM-L6-v2", "prompts": ["rain"]}, home)


def test_a_tokenizer_of_another_model_is_refused(tmp_path, home):
    folder = writer(tmp_path / "small", "llama")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "vocab_size": 200}))

    with pytest.raises(BadInput, match="tokens from 0 to 199"):
        Prompts(folder).encode(PROMPTS[0])


@pytest.mark.parametrize(("prompt", "said"), [("rain " * 200, "at most 95 tokens"), ("", "empty")])
def test_a_prompt_that_does_not_fit_the_model_is_refused(llama, prompt, said):
    with pytest.raises(BadInput, match=said):
        Prompts(llama).encode(prompt)


def record(number: int = 0):
    from case_studies.news_generation.corpus import corpus

    return corpus("validation")[number].record.to_json()


def test_a_record_is_written_of_and_its_facts_are_checked(tmp_path, home):
    longer = writer(tmp_path / "longer", "llama", max_position_embeddings=512)
    client = workbench.connect(inline=True)

    told = client.generate(str(longer), record=record(), tokens=4)

    assert {fact["slot"] for fact in told["facts"]["facts"]} == set(record()["slots"])
    assert {fact["status"] for fact in told["facts"]["facts"]} <= {"right", "wrong", "missing"}
    assert 0 <= told["facts"]["fidelity"] < 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"type": "poem"}, "one of"),
        ({"slots": {}}, "missing"),
        ({"slots": {**record()["slots"], "colour": "red"}}, "colour"),
        ({"slots": {**record()["slots"], "date": "yesterday"}}, "a date such as"),
        ({"language": "fr"}, "en or zh"),
    ],
)
def test_a_record_with_a_fault_is_one_sentence(llama, home, change, said):
    asked = {"model": str(llama), "record": {**record(), **change}}
    with pytest.raises(BadInput, match=said):
        check_request("generate", asked, home)


def test_a_compressed_model_is_made_once_and_its_process_stays(llama, home):
    require("nncf", "make install")
    client = workbench.connect(inline=True)
    recipe = Recipe(OpenVino(), (WeightOnly(),))
    said = []

    def heard(event):
        if event["type"] == "job":
            said.append(event["job"]["stage"])

    def ask(prompt):
        before = dict(kept._hosts)
        told = client.generate(str(llama), prompt, recipe=recipe, listener=heard, tokens=4)
        return told, before

    first, _ = ask("rain")
    stages, said[:] = list(said), []
    again, before = ask("rain")

    assert "export" in stages
    assert "export" not in said
    assert "load" not in said
    assert again["texts"] == first["texts"]
    assert list(before.values()) == list(kept._hosts.values())
    assert len(list((home / "cache" / "writers").iterdir())) == 1
    kept.rest()
    assert not kept._hosts
    assert not next(iter(before.values())).alive


def test_a_recipe_that_learns_asks_what_from(llama, home):
    client = workbench.connect(inline=True)
    recipe = Recipe(Torch(), (StructuredPruning(ffn=0.5),))
    with pytest.raises(RuntimeError, match="name one with --task"):
        client.generate(str(llama), "rain", recipe=recipe)


def test_every_kind_of_job_has_a_name():
    assert all(f"jobs.kind.{kind}" in TEXTS for kind in FIELDS)


def test_settings_have_their_domains():
    assert build(Sampling, {}) == Sampling()
    with pytest.raises(BadInput):
        build(Sampling, {"top_p": 0.0})


@pytest.mark.slow
@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_compiled_with_a_static_cache_it_writes_the_same(family, tmp_path, home):
    if why := no_compiler():
        pytest.skip(why)
    folder = writer(tmp_path / family, family)
    plain, fast = TorchDecoder(folder, Torch()), CompiledDecoder(folder, TorchCompile())

    assert fast.compile_seconds > 0
    long = "rain " * 12  # beyond what it was opened with
    for prompts in ([PROMPTS[0]], [long], [PROMPTS[2]]):
        assert written(fast, prompts, Sampling(12)) == written(plain, prompts, Sampling(12))
    assert written(fast, PROMPTS, Sampling(12)) == written(plain, PROMPTS, Sampling(12))
    drawn = Sampling(8, temperature=1.0, seed=3)
    assert written(fast, [PROMPTS[0]], drawn) == written(plain, [PROMPTS[0]], drawn)
