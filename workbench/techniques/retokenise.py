"""A tokenizer with fewer pieces: what stays is cut as before, what goes is spelled anew."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from workbench.core.errors import BadInput
from workbench.models.pieces import Pieces, around, merges


def choose(order: Iterable[int], pieces: Pieces, count: int) -> list[int]:
    """The ids that stay, ``count`` in all, ascending.

    Args:
        order: every row of the token table, the most wanted first.
        pieces: of the tokenizer; what is needed stays, and what is merged from others stays with
            them, so that its words are cut as before.
        count: at least as many as are needed, at most as many as there are rows.
    """
    kept, waiting = set(pieces.needed), list(order)
    while len(kept) < count:  # what did not fit in with its parents may fit in once they are there
        for wanted in waiting:
            group = _with_parents(wanted, pieces, kept)
            if len(kept) + len(group) <= count:
                kept |= group
    return sorted(kept)


def _with_parents(wanted: int, pieces: Pieces, kept: set[int]) -> set[int]:
    """A piece and all that it is merged from, without what stays already."""
    found, waiting = set[int](), [wanted]
    while waiting:
        piece = waiting.pop()
        if piece not in kept and piece not in found:
            found.add(piece)
            waiting += pieces.parents.get(piece, ())
    return found


def rewritten(tokenizer: Mapping[str, Any], kept: list[int]) -> dict[str, Any]:
    """The content of ``tokenizer.json`` with the kept ids only, numbered anew in their order.

    Args:
        tokenizer: its content.
        kept: ascending.

    Raises:
        BadInput: if the tokenizers library would number the pieces otherwise.
    """
    made, new = deepcopy(dict(tokenizer)), {old: i for i, old in enumerate(kept)}
    made["model"] = _model(made["model"], new)
    for token in made.get("added_tokens") or ():
        token["id"] = new[token["id"]]
    for holder in {
        id(holder): holder for holder, _ in around(made.get("post_processor"))
    }.values():
        holder[:] = [new[x] if type(x) is int else x for x in holder]
    made["padding"] = made["truncation"] = None
    _check(made)
    return made


def _model(model: dict[str, Any], new: Mapping[int, int]) -> dict[str, Any]:
    vocabulary = model["vocab"]
    if isinstance(vocabulary, list):
        left = [entry for i, entry in enumerate(vocabulary) if i in new]
        return {**model, "vocab": left, "unk_id": new[model["unk_id"]]}
    ids = {piece: new[i] for piece, i in vocabulary.items() if i in new}
    if "merges" not in model:
        return {**model, "vocab": ids}
    still = [
        [left, right] for left, right, made in merges(model) if {left, right, made} <= ids.keys()
    ]
    return {**model, "vocab": ids, "merges": still}


def _check(made: Mapping[str, Any]) -> None:
    from tokenizers import Tokenizer

    read = Tokenizer.from_str(json.dumps(made))
    told = {token["content"]: token["id"] for token in made.get("added_tokens") or ()}
    vocabulary = made["model"]["vocab"]
    if not isinstance(vocabulary, list):
        told |= vocabulary
    if any(read.token_to_id(piece) != number for piece, number in told.items()):
        raise BadInput(
            "vocabulary_pruning of a tokenizer with added tokens out of order",
            "added tokens behind the others",
            "leave out vocabulary_pruning",
        )
