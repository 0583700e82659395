"""Fewer rows in the token table: kept words are cut as before, and no text gets lost."""

from __future__ import annotations

import json
import random

import pytest
from fakes import CLASSES, classifier, sentences

from workbench import models
from workbench.core.artifact import Context
from workbench.core.errors import BadInput
from workbench.formats import load, save
from workbench.formats.tokens import Tokens
from workbench.models.pieces import pieces
from workbench.recipes.plan import plan
from workbench.recipes.recipe import Recipe
from workbench.recipes.registry import TECHNIQUES
from workbench.runtimes import Torch
from workbench.techniques import VocabularyPruning

CORPUS = [text for text, _ in sentences(300)] + [
    "returned unreturnable returning parcels parceling unwrapped rewrapping",
    "我的包裹在哪里 退款 退货 我要退款 包裹坏了",
    "Größe naïve café 12345 67890 !? ... #42",
] * 4
ROWS = 400
STRANGE = "abcXYZ éß 包退款里 😀 \u200b ##x </s> [SEP] <unk> \t\n 0９ ńŋ"


def trained(kind):
    """A small tokenizer of one kind, with special tokens around every text."""
    from tokenizers import Tokenizer, pre_tokenizers, processors, trainers
    from tokenizers import models as kinds

    special = ["<pad>", "<unk>", "<s>", "</s>"]
    size = {"vocab_size": ROWS - 20, "show_progress": False, "special_tokens": special}
    if kind == "WordPiece":
        made, trainer = kinds.WordPiece(unk_token="<unk>"), trainers.WordPieceTrainer(**size)
    elif kind == "Unigram":
        made, trainer = kinds.Unigram(), trainers.UnigramTrainer(**size, unk_token="<unk>")
    elif kind == "WordLevel":
        made, trainer = kinds.WordLevel(unk_token="<unk>"), trainers.WordLevelTrainer(**size)
    else:
        alphabet = pre_tokenizers.ByteLevel.alphabet() if kind == "bytes" else []
        made = kinds.BPE(unk_token=None if kind == "bytes" else "<unk>")
        trainer = trainers.BpeTrainer(**size, initial_alphabet=alphabet)
    tokenizer = Tokenizer(made)
    tokenizer.pre_tokenizer = (
        pre_tokenizers.ByteLevel() if kind == "bytes" else pre_tokenizers.Whitespace()
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.add_tokens(["parcelphone"])  # behind the others
    first, last = tokenizer.token_to_id("<s>"), tokenizer.token_to_id("</s>")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", first), ("</s>", last)]
    )
    return tokenizer


def model(folder, kind):
    """A classifier with such a tokenizer and a token table of ``ROWS`` rows."""
    import torch
    import transformers as t

    torch.manual_seed(0)
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = t.BertConfig(**shape, intermediate_size=16, vocab_size=ROWS, pad_token_id=0)
    t.BertModel(config).save_pretrained(folder)
    trained(kind).save(str(folder / "tokenizer.json"))
    from workbench.formats.torch import new_classifier

    return new_classifier(folder, CLASSES, max_length=64)


def pruned(tmp_path, kind, rows, texts):
    original = model(tmp_path / "hf", kind)
    save(original, tmp_path / "before")
    (tmp_path / "w").mkdir()
    around = Context(tmp_path / "w", training=(tuple(texts), (0,) * len(texts)))
    made = TECHNIQUES["vocabulary_pruning"].handler(original, VocabularyPruning(rows), around)
    save(made, tmp_path / "after")
    return original, load(tmp_path / "after")


KINDS = ("WordPiece", "BPE", "bytes", "Unigram", "WordLevel")


@pytest.mark.parametrize("rows", [0.1, 0.4, 1.0])
@pytest.mark.parametrize("kind", KINDS)
def test_kept_words_are_cut_as_before_and_every_text_stays_answerable(kind, rows, tmp_path):
    import torch

    before, after = pruned(tmp_path, kind, rows, CORPUS[:60])
    old, new = (
        json.loads((tmp_path / x / "tokenizer.json").read_text()) for x in ("before", "after")
    )
    names = [{i: piece for piece, i in _vocabulary(x).items()} for x in (old, new)]
    left = len(after.payload.encoder.get_input_embeddings().weight)
    rng = random.Random(1)
    texts = CORPUS + ["".join(rng.choices(STRANGE, k=12)) for _ in range(200)] + [""]
    told = [Tokens.of(artifact).ids(texts) for artifact in (before, after)]

    same = 0
    for text, one, two in zip(texts, *told, strict=True):
        assert max(two) < left
        first, second = [names[0][i] for i in one], [names[1][i] for i in two]
        if set(first) <= set(names[1].values()):
            assert first == second, text
            same += 1
        elif kind != "WordLevel":
            assert second.count("<unk>") <= first.count("<unk>"), text
    assert same > (0 if rows == 1.0 else 20)
    table = after.payload.encoder.get_input_embeddings().weight
    was = before.payload.encoder.get_input_embeddings().weight
    for i, piece in names[1].items():  # every row went with its piece
        assert torch.equal(table[i], was[_vocabulary(old)[piece]])


def _vocabulary(content):
    vocabulary = content["model"]["vocab"]
    if isinstance(vocabulary, list):
        vocabulary = {piece: i for i, (piece, _) in enumerate(vocabulary)}
    return {**vocabulary, **{t["content"]: t["id"] for t in content["added_tokens"]}}


@pytest.mark.parametrize("kind", KINDS)
def test_the_size_is_known_before_and_the_most_frequent_stay(kind, tmp_path):
    (tmp_path / "hf").mkdir()
    pruned(tmp_path, kind, 0.3, ["parcel refund"] * 5)
    anatomy = models.anatomy(tmp_path / "before")
    planned = plan(Recipe(Torch(), (VocabularyPruning(0.3),)), anatomy)
    found = models.anatomy(tmp_path / "after")

    assert anatomy.vocabulary == ROWS
    assert planned.anatomy.vocabulary == found.vocabulary == max(anatomy.alphabet, ROWS - 120)
    assert planned.size_bytes == found.size_bytes
    assert found.alphabet == anatomy.alphabet
    if kind == "WordLevel":
        content = json.loads((tmp_path / "after" / "tokenizer.json").read_text())
        assert {"parcel", "refund"} <= set(_vocabulary(content))


def test_a_tokenizer_without_a_word_for_the_unknown_is_refused(tmp_path):
    made = classifier(tmp_path / "hf")
    save(made, tmp_path / "before")
    path = tmp_path / "before" / "tokenizer.json"
    content = json.loads(path.read_text())
    content["model"]["unk_token"] = "[GONE]"
    path.write_text(json.dumps(content))

    with pytest.raises(BadInput, match="vocabulary_pruning of this bert"):
        plan(Recipe(Torch(), (VocabularyPruning(),)), models.anatomy(tmp_path / "before"))


@pytest.mark.parametrize(
    "damage",
    [{}, {"model": 3}, {"model": {"type": "Odd", "vocab": {}}}, {"model": {"vocab": {"a": 99}}}],
)
def test_a_damaged_tokenizer_cannot_be_told_and_harms_nothing(damage):
    assert pieces(damage, {}, 10) is None


def test_the_built_in_model_can_lose_all_but_two_thousand_rows(home):
    anatomy = models.anatomy(models.folder("all-MiniLM-L6-v2", home))

    assert (anatomy.vocabulary, anatomy.alphabet) == (30522, 1999)
    planned = plan(Recipe(Torch(), (VocabularyPruning(0.8),)), anatomy)
    assert planned.anatomy.vocabulary == 6104
    assert planned.size_bytes == anatomy.size_bytes - (30522 - 6104) * 384 * 4
