"""A tokenizer that cuts texts as Keras's ``TextVectorization`` does, or learnt from texts."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workbench.core.errors import BadInput

UNKNOWN = "[UNK]"
HALF = re.compile("[\ud800-\udfff]")  # half a character, which no file can hold
PUNCTUATION = r"""[!"#$%&()\*\+,-\./:;<=>?@\[\\\]^_`{|}~']"""
REMEDY = "build the model with TextVectorization's defaults, or put a tokenizer.json beside it"


def like_keras(config: Mapping[str, Any], vocabulary: Sequence[str]) -> str:
    """``tokenizer.json`` of a layer's settings.

    Args:
        config: of the ``TextVectorization`` layer.
        vocabulary: its words; the first two stand for padding and for unknown ones.

    Raises:
        BadInput: for a setting that no tokenizer here has.
    """
    known_settings = {
        "standardize": ("lower_and_strip_punctuation", "lower", None),
        "split": ("whitespace",),
        "ngrams": (None,),
        "output_mode": ("int",),
        "encoding": ("utf-8", None),
        "sparse": (False, None),
        "ragged": (False, None),
    }
    for name, known in known_settings.items():
        value = config.get(name, known[0])
        if not any(value == x and type(value) is type(x) for x in known):
            told = f"TextVectorization: {name} = {value!r:.60}"
            raise BadInput(told, f"one of {', '.join(map(str, known))}", REMEDY)
    plain = all(isinstance(w, str) and not HALF.search(w) for w in vocabulary)
    words = ["", UNKNOWN, *(w for w in vocabulary if w not in ("", UNKNOWN))] if plain else []
    if not plain or len(set(words)) != len(words):
        raise BadInput("TextVectorization: its vocabulary", "every word once", REMEDY)
    steps: list[dict[str, Any]] = []
    if config.get("standardize", "lower_and_strip_punctuation") is not None:
        # as TensorFlow does it when nothing is said of the encoding: A to Z only
        steps += [
            {"type": "Replace", "pattern": {"String": c}, "content": c.lower()}
            for c in string.ascii_uppercase
        ]
    if config.get("standardize", "lower_and_strip_punctuation") == "lower_and_strip_punctuation":
        steps.append({"type": "Replace", "pattern": {"Regex": PUNCTUATION}, "content": ""})
    return json.dumps(
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [],
            "normalizer": {"type": "Sequence", "normalizers": steps},
            "pre_tokenizer": {
                "type": "Split",
                "pattern": {"Regex": r"[ \t\n\x0b\f\r]+"},
                "behavior": "Removed",
                "invert": False,
            },
            "post_processor": None,
            "decoder": None,
            "model": {
                "type": "WordLevel",
                "vocab": {word: i for i, word in enumerate(words)},
                "unk_token": UNKNOWN,
            },
        },
        ensure_ascii=False,
    )


def learnt(texts: Iterable[str], size: int) -> Any:
    """A tokenizer of word pieces, learnt from training texts; id 0 is padding.

    Chinese characters stand for themselves.

    Args:
        texts: of the training split.
        size: rows of its vocabulary at most.

    Source:
        Wu et al. 2016, arXiv:1609.08144, sec. 4.1 (WordPiece).
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    made = Tokenizer(models.WordPiece(unk_token=UNKNOWN, max_input_chars_per_word=100))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size, special_tokens=["[PAD]", UNKNOWN], show_progress=False, min_frequency=2
    )
    made.train_from_iterator(texts, trainer)
    return made
