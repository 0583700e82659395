"""Chat templates: a prompt is what a user says; a template is a stranger's program, shut in."""

from __future__ import annotations

import json

import pytest
from test_generate import likeliest, record, writer

import workbench
from workbench import tasks
from workbench.core.errors import BadInput
from workbench.formats.prompts import Prompts
from workbench.jobs import chat
from workbench.jobs.chat import spoken, told_as_chat
from workbench.models.chat import chat_template, special_words
from workbench.recipes.recipe import Recipe
from workbench.runtimes import Torch
from workbench.store import Store
from workbench.training.writer_rows import learnt

PLAIN = (
    "{{ bos_token }}{% for m in messages %}[{{ m.role }}] {{ m.content }}<end>\n{% endfor %}"
    "{% if add_generation_prompt %}[assistant] {% endif %}"
)


@pytest.fixture
def llama(tmp_path):
    return writer(tmp_path / "llama", "llama")


def give(folder, template, **more):
    told = {"bos_token": {"content": "<end>"}, "chat_template": template, **more}
    (folder / "tokenizer_config.json").write_text(json.dumps(told), encoding="utf-8")
    return folder


@pytest.mark.parametrize("kind", ["text", "list", "names", "file"])
def test_a_template_is_found_wherever_it_lies(llama, kind):
    named = [{"name": "tool_use", "template": "x"}, {"name": "default", "template": PLAIN}]
    given = {"text": PLAIN, "list": named, "names": {"default": PLAIN, "rag": "x"}, "file": "x"}
    give(llama, given[kind])
    if kind == "file":  # its own file goes before all others
        (llama / "chat_template.jinja").write_text(PLAIN, encoding="utf-8")

    assert chat_template(llama) == PLAIN
    assert special_words(llama) == {"bos_token": "<end>"}
    told = told_as_chat(llama, ["rain?", "昨天"])
    assert told == [f"<end>[user] {x}<end>\n[assistant] " for x in ("rain?", "昨天")]


def test_a_model_without_one_has_none(llama):
    assert chat_template(llama) == ""
    assert special_words(llama) == {}


def test_a_job_fills_it_in_and_says_so(llama, home):
    before = workbench.connect().generate(str(llama), "rain", tokens=2)
    give(llama, PLAIN)
    told = workbench.connect().generate(str(llama), "rain", tokens=2)
    raw = workbench.connect().generate(str(llama), "rain", tokens=2, raw=True)

    assert (before["chat"], told["chat"], raw["chat"]) == (False, True, False)
    assert raw["texts"] == before["texts"]
    assert raw["prompt_tokens"] == before["prompt_tokens"]
    prompts = Prompts(llama)
    prompts.chat = True
    whole = prompts.encode("<end>[user] rain<end>\n[assistant] ")
    assert told["prompt_tokens"] == [len(whole)]


def test_what_the_tokenizer_puts_before_a_text_is_not_put_there_twice(llama):
    from tokenizers import Tokenizer
    from tokenizers.processors import TemplateProcessing

    made = Tokenizer.from_file(str(llama / "tokenizer.json"))
    made.post_processor = TemplateProcessing("<end> $A", special_tokens=[("<end>", 0)])
    made.save(str(llama / "tokenizer.json"))
    prompts = Prompts(llama)

    assert prompts.encode("rain")[0] == 0
    plain = prompts.encode("rain")
    prompts.chat = True
    assert prompts.encode("<end>rain") == plain


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ raise_exception('a system message first') }}", "a system message first"),
        ("{{ nothing.at.all }}", "UndefinedError"),
        ("{% for", "TemplateSyntaxError"),
        ("{{ messages.append(1) }}", "SecurityError"),
        ("{{ 'x' * 999999 }}", "999,999 characters"),
        ("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", "chat"),
        ("{{ 'x' * 999999 * 999999 }}", "chat template"),
        (
            "{% set n = namespace(s='x') %}{% for i in range(40) %}{% set n.s = n.s ~ n.s %}"
            "{% endfor %}{{ n.s }}",
            "chat template",
        ),
        ("{{ ''.__class__ }}", "a template of a chat only"),
        ("{% include '/etc/passwd' %}", "a template of a chat only"),
    ],
)
def test_a_template_that_cannot_or_will_not_is_one_sentence(llama, template, said):
    give(llama, template)

    with pytest.raises(BadInput) as caught:
        told_as_chat(llama, ["rain"])
    assert said in str(caught.value)


def test_a_damaged_settings_file_is_named(llama):
    (llama / "tokenizer_config.json").write_text("{", encoding="utf-8")

    with pytest.raises(BadInput, match=r"tokenizer_config\.json"):
        chat_template(llama)


@pytest.fixture
def pairs(tmp_path):
    """A task of prompts and targets in a file."""
    rows = [{"prompt": f"rain {i}?", "target": f"it rained {i} times"} for i in range(40)]
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return f"csv:{path}?kind=generation&text_column=prompt&target_column=target"


def test_a_task_is_asked_through_the_template_and_only_of_models_that_have_one(llama, pairs):
    task = tasks.find(pairs)
    assert spoken(task, llama) is task

    give(llama, PLAIN)
    told, plain = spoken(task, llama), task.rows("validation")
    rows = told.rows("validation")
    assert rows.texts == tuple(f"<end>[user] {x}<end>\n[assistant] " for x in plain.texts)
    assert (rows.chat, plain.chat, rows.targets) == (True, False, plain.targets)
    assert told.fingerprint != task.fingerprint, "its runs are not those of raw prompts"
    give(llama, PLAIN.replace("[assistant]", "[you]"))
    assert spoken(task, llama).fingerprint != told.fingerprint


def test_the_beginning_of_a_text_is_not_said_to_anybody(llama, tmp_path):
    path = tmp_path / "texts.csv"
    told = (f"it rained {i} times on the ninth day of a wet and windy May\n" for i in range(40))
    path.write_text("text\n" + "".join(told))
    task = tasks.find(f"csv:{path}?kind=generation")
    give(llama, PLAIN)

    assert spoken(task, llama).rows("train") is task.rows("train")


def test_more_prompts_than_one_process_takes_keep_their_order(llama, monkeypatch):
    give(llama, PLAIN)
    monkeypatch.setattr(chat, "AT_ONCE", 2)

    told = told_as_chat(llama, [f"rain {i}" for i in range(5)])
    assert told == [f"<end>[user] rain {i}<end>\n[assistant] " for i in range(5)]


def test_what_is_measured_and_learnt_stands_behind_the_template(llama, pairs, home, monkeypatch):
    """Held against transformers: the same tokens behind the same chat."""
    from tokenizers import Tokenizer
    from tokenizers.processors import TemplateProcessing

    made = Tokenizer.from_file(str(llama / "tokenizer.json"))
    made.post_processor = TemplateProcessing("<end> $A", special_tokens=[("<end>", 0)])
    made.save(str(llama / "tokenizer.json"))
    give(llama, PLAIN)
    monkeypatch.setenv("WORKBENCH_FAST", "1")
    client = workbench.connect(inline=True)
    run = client.run(str(llama), pairs, Recipe(Torch()))
    assert run.status == "done", run.error

    texts = spoken(tasks.find(pairs), llama).rows("validation").texts
    wanted = likeliest(llama, made.encode(texts[0], add_special_tokens=False).ids, 256)
    told = Store(home).attached(run.reference, "written")["tokens"][0]
    assert told == wanted[: len(told)]
    assert len(told) >= min(len(wanted), 8)

    tuned = client.tune(str(llama), pairs, mode="full", epochs=1)
    folder = home / "models" / tuned
    assert chat_template(folder) == PLAIN, "what learnt from a chat is spoken to as one"
    assert client.generate(tuned, "rain 1?", tokens=2)["chat"]


def test_a_record_is_told_as_a_chat_too(llama, home):
    longer = give(writer(home / "longer", "llama", max_position_embeddings=512), PLAIN)

    assert workbench.connect().generate(str(longer), record=record(), tokens=2)["chat"]


def test_a_target_is_ended_as_answers_are(llama):
    (llama / "generation_config.json").write_text(json.dumps({"eos_token_id": [5, 0, 7]}))
    assert Prompts(llama).end == 0
    word = Prompts(llama).whole([7])
    give(llama, PLAIN, eos_token=word)

    assert Prompts(llama).end == 7
    assert learnt(llama, ("a",), ("b",), 300).ids[0][-1] == 7
