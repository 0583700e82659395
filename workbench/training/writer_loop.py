"""Training a model that writes, step by step; stopped at any of them, it goes on from there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from workbench.core.errors import BadInput, Cancelled
from workbench.core.knobs import Span
from workbench.training.batches import shuffled
from workbench.training.checkpoint import Checkpoints
from workbench.training.distil import TOLD, share
from workbench.training.fit import Follow
from workbench.training.writer_rows import Learnt, answers, count, parts

if TYPE_CHECKING:
    import torch

    from workbench.training.writer_look import Look

LARGEST = 1.0  # length of the gradient; a longer one is shortened
EPOCHS = 500  # at most
LORA_RATE = 3e-3  # its matrices begin at nothing and take a higher one


@dataclass(frozen=True)
class WriterSettings:
    """How a model that writes is trained on.

    Source:
        AdamW: Loshchilov and Hutter 2019, arXiv:1711.05101; LoRA: Hu et al. 2021,
        arXiv:2106.09685.
    """

    epochs: Annotated[int, Span(1, EPOCHS, 1, "passes over the training rows")] = 10
    rate: Annotated[float, Span(1e-6, 1e-1, 1e-6, "highest learning rate")] = 1e-3
    batch: Annotated[int, Span(1, 512, 1, "rows per step")] = 16
    patience: Annotated[
        int, Span(1, EPOCHS, 1, "epochs without a better held-out share or loss")
    ] = 5
    seed: Annotated[int, Span(0, 2**31 - 1, 1, "of the order and of new weights")] = 0
    variants: Annotated[int, Span(0, 100, 1, "of the rows, with names and numbers exchanged")] = 30
    rank: Annotated[int, Span(1, 256, 1, "LoRA: inner width of the matrices")] = 64
    alpha: Annotated[int, Span(1, 1024, 1, "LoRA: they count alpha ÷ rank times")] = 128


@dataclass
class Standing:
    """Where a training stands, besides its weights.

    Args:
        step: steps that were made.
        best: highest held-out share, in [0, 1].
        loss: lowest held-out loss, in nats per token.
        waited: epochs since one of them was reached.
        kept: share of the epoch whose weights are kept.
        told: (step, loss, held-out share or None), as a follower heard it.
    """

    step: int = 0
    best: float = -1.0
    loss: float = math.inf
    waited: int = 0
    kept: float = -1.0
    told: list[tuple[int, float, float | None]] = field(default_factory=list)


class Course:
    """A model in training.

    Args:
        model: a causal language model of transformers, float32; what is not frozen is trained.
        rows: what it learns from, at least one row; of several variants, each with as many
            rows, one epoch takes one, in turns.
        settings: how.
    """

    def __init__(self, model: Any, rows: Sequence[Learnt], settings: WriterSettings) -> None:
        import torch

        self.standing = Standing()
        self._model, self._rows, self._settings = model, rows, settings
        self._weights = {n: w for n, w in model.named_parameters() if w.requires_grad}
        self._best: dict[str, torch.Tensor] = {}
        self._optimiser = torch.optim.AdamW(
            self._weights.values(), lr=settings.rate, weight_decay=0.01, fused=True
        )
        self.each = -(-len(rows[0].ids) // settings.batch)  # steps of an epoch
        self.total = self.each * settings.epochs

    @property
    def ended(self) -> bool:
        """Whether all epochs are over, or nothing gets better any more."""
        standing = self.standing
        return standing.step >= self.total or standing.waited >= self._settings.patience

    def learn(self) -> float:
        """Make one step; the mean loss of its tokens before it, in nats."""
        import torch
        from torch.nn.functional import cross_entropy

        step = self.standing.step
        rows = self._rows[step // self.each % len(self._rows)]
        torch.manual_seed(self._settings.seed + 7_919 * step)  # dropout is the same after a kill
        index = self._batch(rows, step)
        tokens, total = count(rows, index), 0.0
        self._model.train()
        for part in parts(rows, index, self._model.config.vocab_size):
            loss = cross_entropy(*answers(self._model, rows, part), reduction="sum") / tokens
            loss.backward()
            total += float(loss.detach())
        for group in self._optimiser.param_groups:
            group["lr"] = self._settings.rate * share(step, self.total)
        torch.nn.utils.clip_grad_norm_(self._weights.values(), LARGEST)
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        self.standing.step += 1
        return total

    def _batch(self, rows: Learnt, step: int) -> np.ndarray:
        """The rows of a step; they depend on the seed and the epoch only."""
        epoch, place = divmod(step, self.each)
        rng = np.random.default_rng([self._settings.seed, epoch])
        return shuffled(rows.lengths, self._settings.batch, rng)[place]

    def look(self, held: tuple[float, float], error: float) -> None:
        """Take note of the held-out loss and share; the last of the best weights are remembered.

        Args:
            held: loss in nats per token, and the share that is right, in [0, 1].
            error: standard error of the share.
        """
        standing = self.standing
        _finite(held[0], standing.step)
        standing.told.append((standing.step, *held))
        standing.waited += 1
        if held[1] > standing.best or held[0] < standing.loss:
            standing.waited = 0
        standing.loss, standing.best = min(standing.loss, held[0]), max(standing.best, held[1])
        # not the loss: it rises with how sure a model is, long before what it writes gets worse.
        # Of epochs that differ by less than the share's standard error the last one is kept:
        # it has learnt longest, at the lowest rate
        if held[1] >= standing.best - error:
            standing.kept = held[1]
            self._best = {n: w.detach().to("cpu", copy=True) for n, w in self._weights.items()}

    def take_best(self) -> None:
        """Put the weights back that are kept."""
        self._fill(self._best)

    def tensors(self) -> dict[str, torch.Tensor]:
        """Weights, best weights and the optimiser's state: with the standing, all there is."""
        found = {f"now/{name}": w for name, w in self._weights.items()}
        found |= {f"best/{name}": w for name, w in self._best.items()}
        for place, state in self._optimiser.state_dict()["state"].items():
            found |= {f"state/{place}/{name}": x for name, x in state.items()}
        return {name: x.detach().to("cpu", copy=True) for name, x in found.items()}

    def restore(self, tensors: Mapping[str, torch.Tensor], told: Mapping[str, Any]) -> None:
        """Go on where ``tensors`` and the standing, as plain data, were taken."""
        apart: dict[str, dict[str, torch.Tensor]] = {"now": {}, "best": {}, "state": {}}
        for name, x in tensors.items():
            kind, _, rest = name.partition("/")
            apart[kind][rest] = x
        self._fill(apart["now"])
        self._best = apart["best"]
        states: dict[int, dict[str, torch.Tensor]] = {}
        for name, x in apart["state"].items():
            place, _, rest = name.partition("/")
            states.setdefault(int(place), {})[rest] = x
        self._optimiser.load_state_dict({**self._optimiser.state_dict(), "state": states})
        points = [(int(s), float(v), h) for s, v, h in told["told"]]
        self.standing = Standing(**{**told, "told": points})

    def _fill(self, values: Mapping[str, torch.Tensor]) -> None:
        import torch

        with torch.no_grad():
            for name, weight in self._weights.items():
                weight.copy_(values[name])


def teach(course: Course, look: Look, kept: Checkpoints, follow: Follow) -> None:
    """Train to the end; at the end the model holds the last of the best weights.

    Args:
        course: what is trained.
        look: at validation.
        kept: a checkpoint of the same question, if there is one, is gone on from.
        follow: who follows; told again what was told before the checkpoint.

    Raises:
        Cancelled: when asked to stop; the checkpoints stay.
        BadInput: if the loss grows beyond all numbers.
    """
    standing = _begun(course, look, kept, follow)
    while not course.ended:
        if follow.cancelled():
            raise Cancelled
        loss = course.learn()
        _finite(loss, standing.step)
        follow.report("train", standing.step, course.total)
        if standing.step % TOLD == 0:
            standing.told.append((standing.step, loss, None))
            follow.loss(*standing.told[-1])
        epoch_ends = standing.step % course.each == 0
        if epoch_ends:
            course.look(look(), look.error)
            follow.loss(*standing.told[-1])
        if kept.due(epoch_ends) and not course.ended:
            kept.keep(standing.step, course.tensors, asdict(standing))
    course.take_best()


def _begun(course: Course, look: Look, kept: Checkpoints, follow: Follow) -> Standing:
    """Take up a checkpoint, or look at the model as it came."""
    found = kept.newest()
    if found is None:
        course.look(look(), look.error)
    else:
        course.restore(*found)
    for point in course.standing.told:
        follow.loss(*point)
    return course.standing


def _finite(loss: float, step: int) -> None:
    if not math.isfinite(loss):
        raise BadInput(f"loss {loss} at step {step:,}", "a finite one", "choose a lower rate")
