"""Chat templates: a prompt is what a user says; a template is a stranger's program, shut in."""

from __future__ import annotations

import json

import pytest
from test_generate import writer

import workbench
from workbench.core.errors import BadInput
from workbench.formats.prompts import Prompts
from workbench.jobs.chat import told_as_chat
from workbench.models.chat import chat_template, special_words

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
    whole = Prompts(llama).encode("<end>[user] rain<end>\n[assistant] ", chat=True)
    assert told["prompt_tokens"] == [len(whole)]


def test_what_the_tokenizer_puts_before_a_text_is_not_put_there_twice(llama):
    from tokenizers import Tokenizer
    from tokenizers.processors import TemplateProcessing

    made = Tokenizer.from_file(str(llama / "tokenizer.json"))
    made.post_processor = TemplateProcessing("<end> $A", special_tokens=[("<end>", 0)])
    made.save(str(llama / "tokenizer.json"))
    prompts = Prompts(llama)

    assert prompts.encode("rain")[0] == 0
    assert prompts.encode("<end>rain", chat=True) == prompts.encode("rain")


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
