"""How good a text is that a model wrote, and how likely it finds one that a person wrote."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.core.records import Estimate, Verdict
from workbench.stats import means

FACTS = ("fidelity", "missing", "wrong", "invented")
GRAM = 4  # tokens that come again in the same order: a loop
COLUMNS = (*FACTS, "distinct_2", "repetition", "length", "nats", "bytes")
UNITS = {"invented": "", "length": "", "bits_per_byte": "bit/B", "kl": "nat"}
LOWER = {"missing", "wrong", "invented", "repetition", "bits_per_byte"}  # where less is better
LN2 = float(np.log(2))


@dataclass(frozen=True)
class Outputs:
    """What a model made of the rows of a split.

    Args:
        tokens: what it wrote behind each prompt, greedily.
        texts: the same as text, special tokens and all.
        nats: what the targets cost it, in nats; empty where there are none.
        sizes: UTF-8 bytes of each target.
        kl: KL divergence from the reference's distribution of each token that was compared, in
            nats; empty without a reference.
    """

    tokens: Sequence[Sequence[int]]
    texts: Sequence[str]
    nats: Sequence[float]
    sizes: Sequence[int]
    kl: Sequence[float] = ()


def table(
    outputs: Outputs,
    records: Sequence[Mapping[str, Any]],
    check: Callable[[Mapping[str, Any], str], Mapping[str, float]] | None,
) -> np.ndarray:
    """Values of every row, float32 (rows, ``COLUMNS``); NaN for what the task has not.

    ``distinct_2`` is the share of a text's pairs of tokens that differ from all before;
    ``repetition`` the share of its runs of four tokens that came before; ``length`` in tokens.

    Source:
        distinct-n: Li et al. 2016, arXiv:1510.03055, sec. 5.
    """
    found = np.full((len(outputs.tokens), len(COLUMNS)), np.nan, dtype=np.float32)
    for place, (row, text) in enumerate(zip(outputs.tokens, outputs.texts, strict=True)):
        if check is not None and place < len(records):
            told = check(records[place], text)
            found[place, : len(FACTS)] = [told[name] for name in FACTS]
        found[place, 4:7] = _distinct(row, 2), 1 - _distinct(row, GRAM), len(row)
    if len(outputs.nats):
        found[:, 7], found[:, 8] = outputs.nats, outputs.sizes
    return found


def _distinct(row: Sequence[int], size: int) -> float:
    """Share of the runs of ``size`` tokens that are the first of their kind; 1 of none."""
    runs = [tuple(row[i : i + size]) for i in range(len(row) - size + 1)]
    return len(set(runs)) / len(runs) if runs else 1.0


def quality(
    values: np.ndarray, before: np.ndarray | None = None
) -> tuple[dict[str, Estimate], dict[str, Verdict]]:
    """Metrics with 95 % intervals over rows; paired with a reference where there is one.

    Args:
        values: as ``table`` gives them.
        before: those of the reference.

    Returns:
        A metric for every column that has numbers, ``bits_per_byte``, and with a reference the
        changes and verdicts of ``fidelity`` and ``bits_per_byte``.
    """
    found: dict[str, Estimate] = {}
    verdicts: dict[str, Verdict] = {}
    for name, column in zip(COLUMNS[:7], values.T, strict=False):
        if not np.isnan(column).any():
            found[name] = means.mean(column.astype(float), unit=UNITS.get(name, "1"))
    nats, sizes = values[:, 7].astype(float), values[:, 8].astype(float)
    if not np.isnan(nats).any() and sizes.sum() > 0:
        found["bits_per_byte"] = means.mean(nats / LN2, sizes, UNITS["bits_per_byte"])
    if before is not None:
        _compared(found, verdicts, values, before)
    return found, verdicts


def _compared(
    found: dict[str, Estimate], verdicts: dict[str, Verdict], values: np.ndarray, old: np.ndarray
) -> None:
    if "fidelity" in found:
        difference = (values[:, 0] - old[:, 0]).astype(float)
        found["fidelity_change"] = means.mean(difference)
        verdicts["fidelity"] = means.verdict(difference, found["fidelity_change"])
    if "bits_per_byte" in found:
        difference = (values[:, 7] - old[:, 7]).astype(float) / LN2
        gap = means.mean(difference, values[:, 8].astype(float), UNITS["bits_per_byte"])
        found["bits_per_byte_change"] = gap
        verdicts["bits_per_byte"] = means.verdict(difference, gap, higher_is_better=False)


def likeness(outputs: Outputs, before: Sequence[Sequence[int]]) -> dict[str, Estimate]:
    """How alike a model and its reference write.

    Args:
        outputs: the candidate's.
        before: tokens that the reference wrote, on the same rows; may be empty.

    Returns:
        ``identical``: share of the tokens that are the same in the same place, greedily; ``kl``:
        mean KL divergence from the reference per token, in nats.
    """
    found = {}
    if before and len(before) == len(outputs.tokens):
        pairs = list(zip(before, outputs.tokens, strict=True))
        same = [sum(a == b for a, b in zip(x, y, strict=False)) for x, y in pairs]
        longest = [max(len(x), len(y), 1) for x, y in pairs]
        found["identical"] = means.mean(np.array(same, float), np.array(longest, float))
    if len(outputs.kl):
        found["kl"] = means.mean(np.asarray(outputs.kl, float), unit=UNITS["kl"])
    return found
