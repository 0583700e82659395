"""How much a head or a feed-forward unit matters: by its weights, or by first-order Taylor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from workbench.core.artifact import Artifact, Context
from workbench.core.errors import Cancelled
from workbench.formats.about import WRITES
from workbench.formats.blocks import Family, Slot, each_weight, head_count, layers_of

ROWS = 256  # training rows that the gradient is taken on
BATCH = 32


@dataclass(frozen=True)
class Scores:
    """Importance per layer: float64 arrays (groups,) for heads and (units,) for ffn.

    Heads are scored by key/value group, since a group's heads go together; without grouped
    queries a group is a head.
    """

    heads: tuple[np.ndarray, ...]
    ffn: tuple[np.ndarray, ...]

    def layers(self) -> np.ndarray:
        """Importance of whole layers, (layers,): the sum of what they hold."""
        return np.array(
            [float(h.sum() + f.sum()) for h, f in zip(self.heads, self.ffn, strict=True)]
        )

    def comparable(self) -> Scores:
        """Each layer's divided by their norm: weights of one layer may be larger as a whole.

        Source:
            Molchanov et al. 2017, arXiv:1611.06440, sec. 2.2.
        """

        def scaled(layers: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
            return tuple(layer / max(float(np.linalg.norm(layer)), 1e-30) for layer in layers)

        return Scores(scaled(self.heads), scaled(self.ffn))


def score(artifact: Artifact, family: Family, kind: str, context: Context) -> Scores:
    """Score every group of heads and every unit.

    Args:
        artifact: a loaded torch artifact; left as it is.
        family: where its heads and units lie.
        kind: ``magnitude`` (L2 norm of all weights that belong to it) or ``taylor`` (square of
            the sum over weights of gradient times weight, averaged over batches).
        context: its training rows are used by ``taylor``.

    Source:
        Magnitude: Li et al. 2017, arXiv:1608.08710, sec. 3.1. Taylor: Molchanov et al. 2019,
        arXiv:1906.10771, eq. 8.
    """
    if kind == "taylor" and context.training[0]:
        return _taylor(artifact, family, context)
    return _collect(artifact.payload, family, lambda tensor: tensor.detach() ** 2, np.sqrt)


def _taylor(artifact: Artifact, family: Family, context: Context) -> Scores:
    from workbench.formats.torch import copy

    module = copy(artifact).payload.float().eval()
    chosen = np.random.default_rng(context.seed).permutation(len(context.training[0]))[:ROWS]
    losses = _written if module.about.pooling == WRITES else _classified
    found: list[Scores] = []
    for loss in losses(artifact, module, chosen, context):
        if context.cancelled():
            raise Cancelled
        context.report("importance", min(len(found) * BATCH, len(chosen)), len(chosen))
        module.zero_grad()
        loss().backward()
        found.append(_collect(module, family, lambda t: t.grad * t.detach(), np.square))
    return Scores(
        tuple(np.mean(layer, axis=0) for layer in zip(*(s.heads for s in found), strict=True)),
        tuple(np.mean(layer, axis=0) for layer in zip(*(s.ffn for s in found), strict=True)),
    )


def _classified(
    artifact: Artifact, module: Any, chosen: np.ndarray, context: Context
) -> Iterator[Callable[[], Any]]:
    """The loss of each batch of rows with a class."""
    import torch

    from workbench.formats.tokens import Tokens
    from workbench.training.batches import pad

    texts, classes = context.training
    rows = Tokens.of(artifact).ids([texts[i] for i in chosen])
    labels = torch.tensor([int(classes[i]) for i in chosen])
    for start in range(0, len(rows), BATCH):
        part = slice(start, start + BATCH)
        ids, mask = pad(rows[part])
        yield partial(_loss_of, module, ids, mask, labels[part])


def _written(
    artifact: Artifact, module: Any, chosen: np.ndarray, context: Context
) -> Iterator[Callable[[], Any]]:
    """The loss of each batch of rows that go on from a prompt."""
    from workbench.training.writer_rows import learnt

    texts, targets = context.training
    table = module.encoder.get_input_embeddings().weight
    behind = [str(targets[i]) for i in chosen] if targets else []
    rows = learnt(artifact.folder, [texts[i] for i in chosen], behind, len(table), context.chat)
    for start in range(0, len(rows.ids), BATCH):
        part = np.arange(start, min(start + BATCH, len(rows.ids)))
        yield partial(_loss_behind, module.model, rows, part)


def _loss_of(module: Any, ids: Any, mask: Any, labels: Any) -> Any:
    from torch.nn.functional import cross_entropy

    return cross_entropy(module(ids, mask), labels)


def _loss_behind(model: Any, rows: Any, part: np.ndarray) -> Any:
    from torch.nn.functional import cross_entropy

    from workbench.training.writer_rows import answers

    return cross_entropy(*answers(model, rows, part))


def _collect(module: Any, family: Family, value: Any, finish: Any) -> Scores:
    """Sum ``value`` of every weight over the group or unit that it belongs to, then finish."""
    _, groups = head_count(module.encoder.config)
    full = _full_width(module.encoder.config)
    heads, ffn = [], []
    for layer in layers_of(module.encoder, family):
        width = layer.get_submodule(family.ffn[0].path).weight.shape[family.ffn[0].axis]
        left = _groups_left(layer, family, groups, full)
        heads.append(finish(_sums(layer, family.heads, value, left)))
        ffn.append(finish(_sums(layer, family.ffn, value, width)))
    return Scores(tuple(heads), tuple(ffn))


def _full_width(config: Any) -> int:
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return int(head * config.num_attention_heads)


def _groups_left(layer: Any, family: Family, groups: int, full: int) -> int:
    slot = family.heads[0]
    width = layer.get_submodule(slot.path).weight.shape[slot.axis] // slot.fused
    return int(width * groups // full)


def _sums(layer: Any, slots: tuple[Slot, ...], value: Any, count: int) -> np.ndarray:
    total = np.zeros(count)
    for slot, _, tensor, axis in each_weight(layer, slots):
        amount = value(tensor).double().movedim(axis, 0)
        total += amount.reshape(slot.fused, count, -1).sum(dim=(0, 2)).numpy()
    return total
