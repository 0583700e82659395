"""A small model taught by a large one: its answers, the true ones, and its token vectors."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from workbench.core.artifact import Context
from workbench.core.errors import Cancelled
from workbench.core.knobs import Span
from workbench.training.batches import BATCH, buckets, pad, shuffled
from workbench.training.full import bf16_pays

if TYPE_CHECKING:
    import torch

NO_LABEL = -1
HIDDEN_BYTES = 1 << 29  # of the teacher's token vectors that are remembered
WARM_UP = 0.1  # of the steps
TOLD = 5  # steps between two looks at the loss


@dataclass(frozen=True)
class Teaching:
    """How a small model is taught."""

    epochs: Annotated[int, Span(1, 100, 1, "passes over the training rows")] = 20
    temperature: Annotated[float, Span(1.0, 10.0, 0.5, "softens the teacher's answers")] = 2.0
    kl: Annotated[float, Span(0.0, 10.0, 0.1, "weight of the teacher's answers")] = 1.0
    ce: Annotated[float, Span(0.0, 10.0, 0.1, "weight of the true answers")] = 0.5
    hidden: Annotated[float, Span(0.0, 10.0, 0.1, "weight of the teacher's token vectors")] = 1.0
    rate: Annotated[float, Span(0.00001, 0.01, 0.00001, "highest learning rate")] = 0.001
    batch: Annotated[int, Span(1, 512, 1, "rows per step")] = 64


@dataclass(frozen=True)
class Lessons:
    """What is learnt from, one entry a row.

    Args:
        rows: token ids as the student reads them.
        labels: class index, or ``NO_LABEL``.
        logits: the teacher's, float32 (rows, classes).
        hidden: the teacher's token vectors, (layers, tokens, width) each; None where both
            do not cut the text alike, or where the memory was full.
        layers: places of the student's vectors that are to be like them.
    """

    rows: Sequence[Sequence[int]]
    labels: np.ndarray
    logits: torch.Tensor
    hidden: Sequence[torch.Tensor | None]
    layers: tuple[int, ...]


def lessons(
    teacher: Any,
    read: Sequence[Sequence[int]],
    rows: Sequence[Sequence[int]],
    labels: np.ndarray,
    pairs: Sequence[tuple[int, int]],
    context: Context,
) -> Lessons:
    """Ask the teacher once; its answers and token vectors are remembered.

    Args:
        teacher: module with ``states``.
        read: token ids of every row as the teacher reads them.
        rows: and as the student does.
        labels: class index of every row, or ``NO_LABEL``.
        pairs: (place in the student's vectors, place in the teacher's) that are to be alike.
        context: who follows.

    Raises:
        Cancelled: when asked to stop.
    """
    import torch

    logits: list[Any] = [None] * len(read)
    hidden: list[Any] = [None] * len(read)
    left, done = HIDDEN_BYTES, 0
    with torch.no_grad(), _autocast():
        for index in buckets([len(row) for row in read], BATCH):
            if context.cancelled():
                raise Cancelled
            context.report("teacher", done, len(read))
            answers, states = teacher.states(*pad([read[i] for i in index]))
            chosen = torch.stack([states[at] for _, at in pairs]).to(torch.bfloat16)
            for place, i in enumerate(index):
                logits[i] = answers[place].float()
                vectors = chosen[:, place, : len(read[i])]
                if len(read[i]) == len(rows[i]) and left >= 2 * vectors.numel():
                    hidden[i], left = vectors.clone(), left - 2 * vectors.numel()
            done += len(index)
    layers = tuple(place for place, _ in pairs)
    return Lessons(rows, labels, torch.stack(logits), hidden, layers)


def teach(
    module: Any, given: Lessons, watched: np.ndarray, config: Teaching, context: Context
) -> None:
    """Train ``module`` in place; at the end it holds the weights that were best on ``watched``.

    The token table stays as it is (its update would cost more than all else), dropout is off, and
    weights that pruning has set to zero stay zero. The same seed gives the same weights.

    Args:
        module: float32, with ``states``.
        given: what is learnt from.
        watched: rows that are not learnt from, bool (rows,); at best with labels.
        config: how.
        context: who follows; its seed orders the rows.

    Raises:
        Cancelled: when asked to stop; the module is then in no particular state.
    """
    module.eval()
    module.encoder.get_input_embeddings().weight.requires_grad_(False)
    learnt = np.flatnonzero(~watched)
    watched = watched if watched.any() else ~watched  # too few rows to hold some out
    rng = np.random.default_rng(context.seed)
    learn = _learner(module, given, config)
    best, kept = _look(module, given, watched, config)[0], copy.deepcopy(module.state_dict())
    total, step = config.epochs * -(-len(learnt) // config.batch), 0
    for _ in range(config.epochs):
        for index in shuffled([len(given.rows[int(i)]) for i in learnt], config.batch, rng):
            if context.cancelled():
                raise Cancelled
            loss, step = learn(learnt[index], share(step, total)), step + 1
            context.report("distill", step, total)
            if step % TOLD == 0:
                context.loss(step, loss, None)
        found, accuracy = _look(module, given, watched, config)
        context.loss(step, found, accuracy)
        if found < best:
            best, kept = found, copy.deepcopy(module.state_dict())
    module.load_state_dict(kept)


def _learner(
    module: Any, given: Lessons, config: Teaching
) -> Callable[[np.ndarray, float], float]:
    """``learn(rows, share of the highest rate)`` makes one step and gives its loss."""
    import torch

    masks = _zeros(module)
    weights = [weight for weight in module.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=config.rate, weight_decay=0.01, fused=True)

    def learn(index: np.ndarray, share: float) -> float:
        for group in optimiser.param_groups:
            group["lr"] = config.rate * share
        with _autocast():
            loss = _loss(module, given, index, config)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        _mask(masks)
        return float(loss.detach())

    return learn


def share(step: int, total: int) -> float:
    """Of the highest learning rate: up for a tenth of the steps, then down to zero."""
    return min((step + 1) / (WARM_UP * total), (total - step) / ((1 - WARM_UP) * total), 1.0)


def _autocast() -> Any:
    import torch

    return torch.autocast("cpu", torch.bfloat16, enabled=bf16_pays())


def _loss(module: Any, given: Lessons, index: np.ndarray, config: Teaching) -> Any:
    """KL with temperature, cross-entropy, and the relative squared error of the token vectors.

    Source:
        KL: Hinton et al. 2015, arXiv:1503.02531, sec. 2 (the gradients scale with 1/T²).
    """
    from torch.nn.functional import cross_entropy, kl_div, log_softmax

    ids, mask = pad([given.rows[i] for i in index])
    logits, states = module.states(ids, mask)
    logits, heat = logits.float(), config.temperature
    soft = log_softmax(given.logits[index] / heat, dim=1)
    mine = log_softmax(logits / heat, dim=1)
    loss = config.kl * heat**2 * kl_div(mine, soft, reduction="batchmean", log_target=True)
    labelled = np.flatnonzero(given.labels[index] != NO_LABEL)
    if len(labelled):
        loss = loss + config.ce * cross_entropy(logits[labelled], _labels(given, index[labelled]))
    if config.hidden:
        loss = loss + config.hidden * _unlike(states, given, index)
    return loss


def _labels(given: Lessons, index: np.ndarray) -> Any:
    import torch

    return torch.from_numpy(given.labels[index])


def _unlike(states: Sequence[Any], given: Lessons, index: np.ndarray) -> Any:
    """Squared error of the token vectors ÷ their own square, over rows that are cut alike."""
    import torch

    wanted = [given.hidden[i] for i in index]
    if all(target is None for target in wanted):
        return 0.0
    there = torch.zeros(states[0].shape[:2], dtype=torch.bool)
    for place, target in enumerate(wanted):
        there[place, : 0 if target is None else target.shape[1]] = True
    # one gather for all rows: a slice for each took 32 ms of a step of 125, this takes 14
    found = torch.stack([states[at][there] for at in given.layers]).float()
    told = torch.cat([target for target in wanted if target is not None], dim=1).float()
    return ((found - told) ** 2).sum() / (told**2).sum()


def _look(
    module: Any, given: Lessons, watched: np.ndarray, config: Teaching
) -> tuple[float, float | None]:
    """(loss of the answers, accuracy) on the watched rows; None without labels."""
    import torch

    rows = np.flatnonzero(watched)
    answers, total = replace(config, hidden=0.0), 0.0
    right: list[bool] = []
    with torch.inference_mode(), _autocast():
        for part in buckets([len(given.rows[int(i)]) for i in rows], BATCH):
            index = rows[part]
            total += float(_loss(module, given, index, answers)) * len(index)
            logits = module(*pad([given.rows[i] for i in index])).float().numpy()
            labels = given.labels[index]
            right += list((logits.argmax(axis=1) == labels)[labels != NO_LABEL])
    return total / max(1, len(rows)), float(np.mean(right)) if right else None


def _zeros(module: Any) -> list[tuple[Any, Any]]:
    """(weight, where it is not zero) of every matrix that pruning has thinned."""
    matrices = [w for w in module.parameters() if w.requires_grad and w.dim() == 2]
    return [(w, (w != 0)) for w in matrices if bool((w == 0).any())]


def _mask(masks: Sequence[tuple[Any, Any]]) -> None:
    import torch

    with torch.no_grad():
        for weight, there in masks:
            weight.mul_(there)
