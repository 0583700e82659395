"""Chat templates that attack Jinja, and tokenizers that keep their library busy."""

from __future__ import annotations

from pathlib import Path

from hostile import (
    TOKENIZER,
    Case,
    beside,
    folder,
    text_beside,
    tokenizer,
    vocabulary,
    without,
)

TEMPLATES = {
    "of classes": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "of globals": "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "of attr": "{{ messages|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "of items": "{{ messages['__class__'] }}",
    "of format": "{{ '{0.__class__}'.format(messages) }}",
    "without end": "{% for i in range(9999999999) %}x{% endfor %}",
    "of powers": "{{ 'x' * 10 ** 12 }}",
    "of lipsum": "{{ lipsum['_' ~ '_globals_' ~ '_'] }}",
    "of includes": "{% include '/etc/passwd' %}",
    "of imports": "{% from 'x' import y %}",
    "of megabytes": "x" * (2**20 + 1),
}


def templates(mark: Path):
    plain = "{% for m in messages %}{{ m['role'] ~ ': ' ~ m['content'] }}{% endfor %}"
    evil = TEMPLATES["of classes"]
    return [
        *(
            Case(
                f"template {name}",
                lambda p, t=text: beside(p, "chat_template.jinja", t.encode()),
                "template|at most",
            )
            for name, text in TEMPLATES.items()
        ),
        Case(
            "template in the tokenizer's settings",
            lambda p: text_beside(p, "tokenizer_config.json", {"chat_template": evil}),
            "templ",
        ),
        Case(
            "template in a list",
            lambda p: text_beside(
                p, "tokenizer_config.json", {"chat_template": [{"name": "a", "template": evil}]}
            ),
            "templ",
        ),
        Case(
            "template in json",
            lambda p: text_beside(p, "chat_template.json", {"chat_template": evil}),
            "template",
        ),
        Case("template below", lambda p: more(p, evil), "template"),
        Case("template plain", lambda p: beside(p, "chat_template.jinja", plain.encode()), "", 0),
    ]


def more(place: Path, text: str) -> Path:
    (folder(place) / "additional_chat_templates").mkdir()
    return beside(place, "additional_chat_templates/tool.jinja", text.encode(), place)


def tokenizers(mark: Path):
    def split(pattern):
        splitter = {
            "type": "Split",
            "pattern": {"Regex": pattern},
            "behavior": "Isolated",
            "invert": False,
        }
        return lambda p: tokenizer(p, pre_tokenizer=splitter)

    def replaced(count, content):
        step = {"type": "Replace", "pattern": {"String": "e"}, "content": content}
        return lambda p: tokenizer(
            p, normalizer={"type": "Sequence", "normalizers": [step] * count}
        )

    model = TOKENIZER["model"]
    deep = {"type": "Lowercase"}
    for _ in range(100):
        deep = {"type": "Sequence", "normalizers": [deep]}
    bytes_again = {
        "type": "Sequence",
        "pretokenizers": [
            {
                "type": "ByteLevel",
                "add_prefix_space": False,
                "trim_offsets": True,
                "use_regex": False,
            }
        ]
        * 40,
    }
    ids = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "x", "type_id": 0}}],
        "pair": [],
        "special_tokens": {"x": {"id": "x", "ids": [1] * 10**5, "tokens": ["x"]}},
    }
    merges = {"type": "BPE", "vocab": {"a": 0}, "merges": [["a", "a"]] * 10}
    added = [
        {
            "id": i,
            "content": f"t{i}",
            "special": True,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
        }
        for i in range(60_000)
    ]
    return [
        *(
            Case(f"pattern {pattern}", split(pattern), "repeats no group")
            for pattern in (
                "(a+)+$",
                "(a|aa)+$",
                "(.*)*x",
                "(?:[^x]+){2,}y",
                r"(\w)\1",
                "(?R)",
                "(?<x>a)\\k<x>",
            )
        ),
        Case("pattern of thousands", split("a" * 3000), "at most 2,000"),
        Case("pattern broken", split("(((("), "tokenizer"),
        Case(
            "pattern of a model",
            split(r"(?i:'s|'t)|[^\r\n\p{L}\p{N}]?\p{L}+|\s+(?!\S)|\s+"),
            "",
            0,
        ),
        Case("normalizers that double", replaced(50, "ee"), "made of one"),
        Case("normalizer that swells", replaced(1, "x" * 10**6), "made of one"),
        Case("many normalizers", replaced(1000, "e"), "steps"),
        Case("normalizers nested", lambda p: tokenizer(p, normalizer=deep), "nesting|steps"),
        Case("bytes of bytes", lambda p: tokenizer(p, pre_tokenizer=bytes_again), "made of one"),
        Case("many special tokens", lambda p: tokenizer(p, post_processor=ids), "steps"),
        Case("merges of nothing", lambda p: tokenizer(p, model=merges), "tokenizer"),
        Case("many added tokens", lambda p: tokenizer(p, added_tokens=added), "added tokens"),
        Case(
            "words without end",
            lambda p: tokenizer(p, model=model | {"max_input_chars_per_word": 10**9}),
            "a word",
        ),
        Case(
            "ids beyond the vocabulary",
            lambda p: tokenizer(p, model=model | {"vocab": {"[UNK]": 99, "where": 10**6}}),
            "fit each other",
        ),
        Case(
            "vocabulary of words",
            lambda p: tokenizer(p, model=model | {"vocab": {"a": "b"}}),
            "tokenizer",
        ),
        Case("tokenizer unknown", lambda p: tokenizer(p, model={"type": "Evil"}), "tokenizer"),
        Case("tokenizer a list", lambda p: beside(p, "tokenizer.json", b"[]"), "JSON object"),
        Case(
            "tokenizer large",
            lambda p: beside(p, "tokenizer.json", b" " * (41 * 2**20)),
            "at most",
        ),
        Case(
            "tokenizer of lists",
            lambda p: beside(p, "tokenizer.json", b'{"a":[' + b"[]," * 4 * 10**6 + b"0]}"),
            "values",
        ),
        Case("no tokenizer", lambda p: without(p, "tokenizer.json"), "tokenizer"),
        Case("vocabulary only", vocabulary, "", 0),
    ]


def cases(mark: Path):
    return [*templates(mark), *tokenizers(mark)]
