"""A tokenizer's pieces: which of them every text may need, and which are made from others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

BYTE = re.compile(r"<0x[0-9A-F]{2}>")


@dataclass(frozen=True)
class Pieces:
    """What a ``tokenizer.json`` says.

    Args:
        kind: ``WordPiece``, ``BPE``, ``Unigram`` or ``WordLevel``.
        ids: piece to id; special tokens are not in it unless the model knows them, too.
        needed: ids that must stay so that every text stays answerable.
        parents: of BPE: id to the ids that it is merged from, in every way that there is.
    """

    kind: str
    ids: Mapping[str, int]
    needed: frozenset[int]
    parents: Mapping[int, frozenset[int]] = field(default_factory=dict)


def pieces(tokenizer: Mapping[str, Any], config: Mapping[str, Any], rows: int) -> Pieces | None:
    """Read a tokenizer.

    Args:
        tokenizer: content of ``tokenizer.json``.
        config: content of ``config.json``, whose special tokens stay, too.
        rows: of the token table.

    Returns:
        None if it is of another kind, has no way to spell an unknown word, or names ids that
        the table has not: then nothing can be told.
    """
    try:
        model = tokenizer["model"]
        kind = model.get("type") or _guessed(model)
        ids = _ids(model)
        special = {0, *_named(tokenizer), *_configured(config, rows)}
        needed, parents = NEEDED[kind](model, ids)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return None
    found = frozenset(needed | special)
    if max(*found, *ids.values(), -1) >= rows or min(*found, *ids.values()) < 0:
        return None
    return Pieces(kind, ids, found, parents)


def _guessed(model: Mapping[str, Any]) -> str:
    """Older files do not name the kind."""
    if "merges" in model:
        return "BPE"
    if isinstance(model["vocab"], list):
        return "Unigram"
    return "WordPiece" if "continuing_subword_prefix" in model else "WordLevel"


def _ids(model: Mapping[str, Any]) -> dict[str, int]:
    vocabulary = model["vocab"]
    if isinstance(vocabulary, list):
        return {str(piece): i for i, (piece, _) in enumerate(vocabulary)}
    return {str(piece): int(i) for piece, i in vocabulary.items()}


def _named(tokenizer: Mapping[str, Any]) -> set[int]:
    """Added tokens, and those put around every text."""
    added = {int(token["id"]) for token in tokenizer.get("added_tokens") or ()}
    return added | {i for _, i in around(tokenizer.get("post_processor"))}


def around(processor: Any) -> Iterator[tuple[Any, int]]:
    """(list that holds it, id) of every token that a post-processor puts around texts."""
    if not isinstance(processor, dict):
        return
    for inner in processor.get("processors") or ():
        yield from around(inner)
    for name in ("sep", "cls"):
        if isinstance(processor.get(name), list):
            yield processor[name], int(processor[name][1])
    special = processor.get("special_tokens")
    for token in special.values() if isinstance(special, dict) else ():
        yield from ((token["ids"], int(i)) for i in token["ids"])


def _configured(config: Mapping[str, Any], rows: int) -> set[int]:
    return {i for _, value in config_ids(config) for i in value if 0 <= i < rows}


def config_ids(config: Mapping[str, Any]) -> Iterator[tuple[str, list[int]]]:
    """Settings that name tokens: (key, ids)."""
    for key, value in config.items():
        if key.endswith("_token_id"):
            listed = value if isinstance(value, list) else [value]
            yield key, [i for i in listed if type(i) is int]


Found = tuple[set[int], dict[int, frozenset[int]]]


def _unknown(model: Mapping[str, Any], ids: Mapping[str, int]) -> int:
    """Where words go that cannot be spelled; a KeyError if there is no such token."""
    return ids[model["unk_token"]]


def _word_level(model: Mapping[str, Any], ids: Mapping[str, int]) -> Found:
    return {_unknown(model, ids)}, {}


def _word_piece(model: Mapping[str, Any], ids: Mapping[str, int]) -> Found:
    """Single characters, and what could not be spelled with them."""
    prefix = model.get("continuing_subword_prefix", "##")

    def spelled(piece: str) -> bool:
        inside = piece.startswith(prefix) and len(piece) > len(prefix)
        core = piece.removeprefix(prefix) if inside else piece
        first = prefix + core[:1] if inside else core[:1]
        return len(core) > 1 and first in ids and all(prefix + c in ids for c in core[1:])

    return {_unknown(model, ids), *(i for piece, i in ids.items() if not spelled(piece))}, {}


def _bpe(model: Mapping[str, Any], ids: Mapping[str, int]) -> Found:
    """What no merge makes: characters or bytes, and whatever stands by itself."""
    parents: dict[int, set[int]] = {}
    for left, right, made in merges(model):
        if left in ids and right in ids and made in ids:
            parents.setdefault(ids[made], set()).update((ids[left], ids[right]))
    needed = {i for i in ids.values() if i not in parents}
    if model.get("unk_token"):
        needed.add(_unknown(model, ids))
    return needed, {i: frozenset(of) for i, of in parents.items()}


def merges(model: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(left, right, what they make) of every merge of a BPE model, in order."""
    hidden = len(model.get("continuing_subword_prefix") or "")
    for merge in model["merges"]:
        left, right = merge.split(" ") if isinstance(merge, str) else merge
        yield left, right, left + right[hidden:]


def _unigram(model: Mapping[str, Any], ids: Mapping[str, int]) -> Found:
    """Single characters, what could not be spelled with them, bytes, and the lowest score.

    The lowest score sets what an unknown character costs.
    """
    scores = [float(score) for _, score in model["vocab"]]
    needed = {int(model["unk_id"]), scores.index(min(scores))}
    for piece, i in ids.items():
        whole = len(piece) > 1 and all(c in ids for c in piece)
        if not whole or (model.get("byte_fallback") and BYTE.fullmatch(piece)):
            needed.add(i)
    return needed, {}


NEEDED = {
    "WordPiece": _word_piece,
    "BPE": _bpe,
    "Unigram": _unigram,
    "WordLevel": _word_level,
}
