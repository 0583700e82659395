"""Running a classifier over many texts: batches of similar length, results in the given order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.core.errors import Cancelled

if TYPE_CHECKING:
    import torch

BATCH = 64


def buckets(lengths: Sequence[int], size: int = BATCH) -> Iterator[np.ndarray]:
    """Index arrays of at most ``size`` rows of similar length, the longest first."""
    order = np.argsort(-np.asarray(lengths), kind="stable")
    for start in range(0, len(order), size):
        yield order[start : start + size]


def shuffled(lengths: Sequence[int], size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """The same in random order, rows of equal length mixed anew: one pass of training."""
    order = np.argsort(np.asarray(lengths) + rng.uniform(0, 1, len(lengths)), kind="stable")
    parts = [order[start : start + size] for start in range(0, len(order), size)]
    return [parts[i] for i in rng.permutation(len(parts))]


def pad(rows: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and attention mask, int64 (rows, longest), zeros behind the end of each row."""
    import torch

    ids = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.as_tensor(row)
        mask[i, : len(row)] = 1
    return ids, mask


def over(
    call: Callable[[Any, Any], torch.Tensor],
    rows: Sequence[Sequence[int]],
    *,
    report: Callable[[int, int], None] = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> np.ndarray:
    """Call ``call(ids, mask)`` on every row, without gradients.

    Returns:
        Float32 (len(rows), …), in the order of ``rows``.

    Raises:
        Cancelled: if ``cancelled`` answers True between two batches.
    """
    import torch

    found: np.ndarray | None = None
    done = 0
    with torch.inference_mode():
        for index in buckets([len(row) for row in rows]):
            if cancelled():
                raise Cancelled
            values = call(*pad([rows[i] for i in index])).float().numpy()
            if found is None:
                found = np.empty((len(rows), *values.shape[1:]), dtype=np.float32)
            found[index] = values
            done += len(index)
            report(done, len(rows))
    if found is None:
        return np.empty((0,), dtype=np.float32)
    return found
