"""Rows of the token table removed that the task's language never uses; no text gets lost."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

from workbench.core.anatomy import Anatomy, Part, kept
from workbench.core.artifact import Artifact, Context
from workbench.core.errors import BadInput
from workbench.core.knobs import Span
from workbench.models.pieces import Pieces, config_ids, pieces
from workbench.recipes.registry import technique
from workbench.techniques.retokenise import choose, rewritten


@dataclass(frozen=True)
class VocabularyPruning:
    """Keep the pieces that the training texts use most, and all that spell the others.

    The share is what is removed, rounded to whole rows; special tokens, single characters and
    bytes always stay, so that a word whose piece went is spelled with smaller ones. A text whose
    pieces stayed is cut as before. The layers, and their speed, stay as they are.

    Source:
        Abdaoui et al. 2020, "Load What You Need: Smaller Versions of Multilingual BERT",
        arXiv:2010.05609, sec. 3.
    """

    name: ClassVar[str] = "vocabulary_pruning"
    rows: Annotated[float, Span(0.0, 1.0, 0.01, "share of the vocabulary removed")] = 0.8


def _left(anatomy: Anatomy, config: VocabularyPruning) -> int:
    return max(anatomy.alphabet, kept(anatomy.vocabulary, config.rows))


def _smaller(anatomy: Anatomy, config: VocabularyPruning) -> Anatomy:
    if not anatomy.vocabulary:
        raise BadInput(
            f"vocabulary_pruning of this {anatomy.family or 'model'}",
            "a tokenizer.json of word pieces, BPE, Unigram or words, with a token for the unknown",
            "leave out vocabulary_pruning",
        )
    left = _left(anatomy, config)

    def cut(part: Part) -> Part:
        table = part.role == "embedding" and part.axis == 0
        return part.cut(left, anatomy.vocabulary) if table else part

    return replace(anatomy, parts=tuple(map(cut, anatomy.parts)), vocabulary=left)


@technique(VocabularyPruning, format="torch", resize=_smaller)
def prune(artifact: Artifact, config: VocabularyPruning, context: Context) -> Artifact:
    """A copy with a smaller token table and the tokenizer that fits it."""
    from workbench.formats.tokens import NAME, Tokens
    from workbench.formats.torch import copy

    folder = context.workspace / "vocabulary"
    folder.mkdir()
    tokens = Tokens.of(artifact)
    tokens.write(folder)
    content = json.loads((folder / NAME).read_text(encoding="utf-8"))
    module = artifact.payload.encoder
    table = module.get_input_embeddings().weight
    found = pieces(content, module.config.to_dict(), len(table))
    if found is None:  # the plan has seen it in the file
        raise BadInput(
            "vocabulary_pruning of this tokenizer",
            "pieces whose place in the token table is known",
            "leave out vocabulary_pruning",
        )
    count = max(len(found.needed), kept(len(table), config.rows))
    ids = choose(_order(tokens, context, found, len(table)), found, count)
    text = json.dumps(rewritten(content, ids), ensure_ascii=False)
    (folder / NAME).write_text(text, encoding="utf-8")
    pruned = copy(artifact)
    _cut(pruned.payload.encoder, ids)
    return replace(pruned, folder=folder)


def _order(tokens: Any, context: Context, found: Pieces, rows: int) -> list[int]:
    """Every row: the most frequent first, then other pieces as they come, idle rows last."""
    context.report("vocabulary", 0, 0)
    seen = Counter(i for row in tokens.ids(context.training[0]) for i in row)
    known = set(found.ids.values()) | found.needed
    return sorted(range(rows), key=lambda i: (-seen[i], i not in known, i))


def _cut(encoder: Any, ids: list[int]) -> None:
    """Shorten the table in place, and let the configuration follow."""
    from torch import nn

    table, new = encoder.get_input_embeddings(), {kept: i for i, kept in enumerate(ids)}
    table.weight = nn.Parameter(table.weight.detach()[ids].clone(), table.weight.requires_grad)
    table.num_embeddings = len(ids)
    table.padding_idx = new.get(table.padding_idx)
    encoder.config.vocab_size = len(ids)
    for key, named in config_ids(encoder.config.to_dict()):
        moved = [new.get(i, i) for i in named]
        if named:
            single = not isinstance(getattr(encoder.config, key), list)
            setattr(encoder.config, key, moved[0] if single else moved)
