"""What a model that writes learns from: prompts, and what stands behind them, as token ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.core.errors import BadInput
from workbench.formats.prompts import Prompts
from workbench.formats.tokens import read_tokenizer
from workbench.training.batches import pad
from workbench.training.full import bf16_pays

if TYPE_CHECKING:
    import torch

PIECE = 1_024  # tokens; a longer text without a prompt is learnt piece by piece
ROOM = 1 << 26  # logits that are held at once: rows × longest × vocabulary


@dataclass(frozen=True)
class Learnt:
    """Rows as token ids.

    Args:
        ids: prompt and target of each row.
        given: how many of them are not learnt: the prompt, or the first token.
        places: which of the texts each is.
        left_out: rows that do not fit into the model's positions.
    """

    ids: list[list[int]]
    given: list[int]
    places: list[int]
    left_out: int

    @property
    def lengths(self) -> list[int]:
        """Tokens of each row."""
        return [len(row) for row in self.ids]


def learnt(
    folder: Path,
    texts: Sequence[str],
    targets: Sequence[str],
    vocabulary: int,
    chat: bool = False,
) -> Learnt:
    """Cut prompts and targets into tokens; a target ends with the model's end.

    Args:
        folder: of the model.
        texts: prompts. Without targets they are learnt themselves, in pieces where they are long.
        targets: what is to be written behind each; behind an empty prompt it is a text.
        vocabulary: rows of the network's token table.
        chat: whether a chat template has been put around the prompts.

    Raises:
        BadInput: if a text has a token that the network has no row for.
    """
    prompts = Prompts(folder)
    if not targets:
        texts, targets = [""] * len(texts), texts
    cut = read_tokenizer(folder)
    cut.no_padding()
    cut.no_truncation()
    opened = cut.encode_batch_fast(list(texts), add_special_tokens=not chat)
    before = [_open(x.ids, prompts.ends) for x in opened]
    behind = cut.encode_batch_fast(list(targets), add_special_tokens=False)
    found: list[tuple[list[int], int, int]] = []
    left_out = 0
    for place, (prompt, encoding) in enumerate(zip(before, behind, strict=True)):
        row, given = [*prompt, *_ended(encoding.ids, prompts)], max(1, len(prompt))
        _known(row, vocabulary)
        whole = [row] if texts[place] else _pieces(row, min(prompts.positions, PIECE))
        # a row without a target has nothing to learn
        fit = [x for x in whole if given < len(x) <= prompts.positions]
        found += [(x, given, place) for x in fit]
        left_out += not fit
    ids = [x[0] for x in found]
    return Learnt(ids, [x[1] for x in found], [x[2] for x in found], left_out)


def _known(row: Sequence[int], vocabulary: int) -> None:
    if max(row, default=0) >= vocabulary:
        wanted = f"tokens from 0 to {vocabulary - 1:,}, as the network has rows for"
        told = f"tokenizer.json (token {max(row):,})"
        raise BadInput(told, wanted, "give the model's own tokenizer")


def _open(ids: Sequence[int], ends: frozenset[int]) -> list[int]:
    """A prompt without the end that some tokenizers put behind every text."""
    row = list(ids)
    while row and row[-1] in ends:
        row.pop()
    return row


def _ended(ids: Sequence[int], prompts: Prompts) -> list[int]:
    """A target with the model's end, if it has one."""
    if prompts.end is None or (ids and ids[-1] in prompts.ends):
        return list(ids)
    return [*ids, prompts.end]


def _pieces(row: list[int], size: int) -> list[list[int]]:
    return [row[start : start + size] for start in range(0, len(row), size)]


def parts(rows: Learnt, index: np.ndarray, vocabulary: int) -> Iterator[np.ndarray]:
    """A batch in parts whose logits are not too many to be held at once."""
    longest = max(len(rows.ids[i]) for i in index)
    size = max(1, ROOM // (longest * vocabulary))
    for start in range(0, len(index), size):
        yield index[start : start + size]


def count(rows: Learnt, index: np.ndarray) -> int:
    """Tokens of a batch that are learnt."""
    return sum(len(rows.ids[i]) - rows.given[i] for i in index)


def answers(model: Any, rows: Learnt, index: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """What the model says for every token that is learnt, and which one it is.

    Args:
        model: a causal language model of transformers.
        rows: token ids.
        index: which of the rows.

    Returns:
        Logits, float32 (tokens, vocabulary), and ids, int64 (tokens,).
    """
    import torch

    device = model.device.type
    ids, _ = pad([rows.ids[i] for i in index])
    wanted = torch.zeros(ids.shape, dtype=torch.bool)
    for place, i in enumerate(index):
        wanted[place, rows.given[i] : len(rows.ids[i])] = True
    ids, wanted = ids.to(device), wanted[:, 1:].to(device)
    # rows are filled up behind their ends, of which a causal model need not be told
    with torch.autocast(device, torch.bfloat16, enabled=bf16_pays()):
        logits = model(input_ids=ids, use_cache=False).logits
    return logits[:, :-1][wanted].float(), ids[:, 1:][wanted]
