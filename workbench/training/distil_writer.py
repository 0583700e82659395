"""A small model that writes, taught by a large one: what comes next, token by token."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from workbench.core.artifact import Artifact, Context
from workbench.core.errors import BadInput, Cancelled
from workbench.training.batches import buckets, shuffled
from workbench.training.distil import TOLD, Teaching, share
from workbench.training.writer_rows import Learnt, answers, learnt

PASS = 1_000  # rows of one pass, drawn anew for each: a data set may have many
WATCHED = 100  # rows that are not learnt from: they tell when it was best


def teach_writer(taught: Artifact, config: Teaching, context: Context) -> None:
    """Train the network of ``taught`` in place; at the end it holds the weights that were best.

    The loss of a token is ``kl`` × KL divergence to the teacher's distribution at a temperature
    + ``ce`` × cross-entropy with the token that stands there; ``hidden`` changes nothing here, for
    the answers alone are a whole distribution for every token. The token table, which is often
    the head as well, learns with the rest. A pass has at most ``PASS`` rows.

    Args:
        taught: a ``Writer`` in float32.
        config: how.
        context: the teacher, and its training rows as (prompts, targets).

    Source:
        Hinton et al. 2015, arXiv:1503.02531, sec. 2; token by token: Sanh et al. 2019
        (DistilBERT), arXiv:1910.01108, sec. 3.

    Raises:
        BadInput: if no row fits into the model's positions.
        Cancelled: when asked to stop; the network is then in no particular state.
    """
    assert context.teacher is not None
    rng = np.random.default_rng(context.seed)
    rows = _rows(taught, context, rng, config.epochs)
    watched, rest = np.arange(len(rows.ids))[:WATCHED], np.arange(len(rows.ids))[WATCHED:]
    rest = rest if len(rest) else watched  # too few to hold some out
    model, teacher = taught.payload.model, context.teacher.payload.model
    learn = _learner(model, teacher, rows, config)
    size = min(PASS, len(rest))
    total, step = config.epochs * -(-size // config.batch), 0
    best, kept = _look(model, teacher, rows, watched, config), copy.deepcopy(model.state_dict())
    for _ in range(config.epochs):
        some = rng.permutation(rest)[:size]
        for index in shuffled([len(rows.ids[i]) for i in some], config.batch, rng):
            if context.cancelled():
                raise Cancelled
            loss, step = learn(some[index], share(step, total)), step + 1
            context.report("distill", step, total)
            if step % TOLD == 0:
                context.loss(step, loss, None)
        found = _look(model, teacher, rows, watched, config)
        context.loss(step, found, None)
        if found < best:
            best, kept = found, copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)


def _rows(taught: Artifact, context: Context, rng: Any, passes: int) -> Learnt:
    """As many training rows as are ever looked at, as token ids."""
    texts, targets = context.training
    chosen = rng.permutation(len(texts))[: PASS * passes + WATCHED]
    table = taught.payload.encoder.get_input_embeddings().weight
    behind: Sequence[str] = [str(targets[i]) for i in chosen] if targets else []
    found = learnt(taught.folder, [texts[i] for i in chosen], behind, len(table), context.chat)
    if not found.ids:
        told = f"training rows of {taught.folder.name} (all too long)"
        raise BadInput(told, "rows that fit into its positions", "use a task of shorter texts")
    return found


def _learner(
    model: Any, teacher: Any, rows: Learnt, config: Teaching
) -> Callable[[np.ndarray, float], float]:
    """``learn(rows, share of the highest rate)`` makes one step and gives its loss."""
    import torch

    optimiser = torch.optim.AdamW(model.parameters(), lr=config.rate, weight_decay=0.01)

    def learn(index: np.ndarray, part: float) -> float:
        for group in optimiser.param_groups:
            group["lr"] = config.rate * part
        loss = _loss(model, teacher, rows, index, config)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        return float(loss.detach())

    return learn


def _loss(model: Any, teacher: Any, rows: Learnt, index: np.ndarray, config: Teaching) -> Any:
    import torch
    from torch.nn.functional import cross_entropy, kl_div, log_softmax

    with torch.no_grad():
        wanted, _ = answers(teacher, rows, index)
    logits, tokens = answers(model, rows, index)
    heat = config.temperature
    soft, mine = log_softmax(wanted / heat, dim=1), log_softmax(logits / heat, dim=1)
    loss = config.kl * heat**2 * kl_div(mine, soft, reduction="batchmean", log_target=True)
    return loss + config.ce * cross_entropy(logits, tokens)


def _look(model: Any, teacher: Any, rows: Learnt, watched: np.ndarray, config: Teaching) -> float:
    """The loss per token on the watched rows."""
    import torch

    total, count = 0.0, 0
    with torch.inference_mode():
        for part in buckets([len(rows.ids[i]) for i in watched]):
            index = watched[part]
            size = sum(len(rows.ids[i]) - rows.given[i] for i in index)
            total += size * float(_loss(model, teacher, rows, index, config))
            count += size
    return total / max(1, count)
