"""How ``newsdesk-lm`` reads records and briefs: one tokenizer, one layout of a sequence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from case_studies.news_generation.corpus import Pair, linearised
from case_studies.news_generation.events import Record
from case_studies.news_generation.grammar import Brief

PAD, RECORD, HEADLINE, BODY, END = "<|pad|>", "<|record|>", "<|headline|>", "<|body|>", "<|end|>"
SPECIAL = (PAD, RECORD, HEADLINE, BODY, END)
VOCABULARY = 4_096
# a name is cut alike wherever it stands: words with the space before them, digits and Chinese
# characters one by one
PIECES = r"\p{Han}|\p{N}| ?[\p{L}&&[^\p{Han}]]+| ?[^\s\p{L}\p{N}]+|\s"


def learnt(pairs: Iterable[Pair]) -> Any:
    """A byte-level BPE tokenizer of the ``tokenizers`` library.

    Source:
        Sennrich et al. 2016, "Neural Machine Translation of Rare Words with Subword Units";
        bytes as in Radford et al. 2019, "Language Models are Unsupervised Multitask Learners".
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator((prompt(x.record) + target(x) for x in pairs), trainer)
    return readable(made)


def readable(tokenizer: Any) -> Any:
    """The same, which reads out what lies between headline and body as a new line."""
    from tokenizers import Tokenizer

    told = json.loads(tokenizer.to_str())
    for token in told["added_tokens"]:
        token["special"] = token["content"] != BODY
    new_line = {"type": "Replace", "pattern": {"String": BODY}, "content": "\n"}
    plain = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True}
    told["decoder"] = {
        "type": "Sequence",
        "decoders": [new_line, {**plain, "use_regex": True}],
    }
    return Tokenizer.from_str(json.dumps(told))


def prompt(record: Record) -> str:
    """What stands before a brief."""
    return f"{RECORD}{linearised(record)}{HEADLINE}"


def target(pair: Pair) -> str:
    """What the model is to write; English begins with a space, so that names are cut alike."""
    gap = " " if pair.record.language == "en" else ""
    return f"{gap}{pair.brief.headline}{BODY}{gap}{pair.brief.body}{END}"


def parsed(text: str) -> Brief:
    """The brief in what a model wrote, with its special tokens."""
    headline, _, body = text.partition(END)[0].replace(BODY, "\n").partition("\n")
    return Brief(headline.strip(), body.strip())


def encoded(tokenizer: Any, pairs: Sequence[Pair]) -> list[tuple[list[int], int]]:
    """Token ids of each pair, and how many of them belong to its prompt."""
    prompts = tokenizer.encode_batch([prompt(x.record) for x in pairs])
    targets = tokenizer.encode_batch([target(x) for x in pairs])
    return [
        (one.ids + other.ids, len(one.ids)) for one, other in zip(prompts, targets, strict=True)
    ]
