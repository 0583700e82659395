"""All weights tuned, with transformers' Trainer: bf16 autocast, batches of similar length."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from workbench.core.errors import Cancelled
from workbench.core.knobs import Span
from workbench.training.batches import pad

if TYPE_CHECKING:
    from torch import nn
    from transformers import TrainerCallback


@dataclass(frozen=True)
class FullSettings:
    """How all weights are tuned.

    Source:
        Mosbach et al. 2021, arXiv:2006.04884 (AdamW, warm-up, enough epochs); label smoothing:
        Szegedy et al. 2016, arXiv:1512.00567, sec. 7; head fitted first: Kumar et al. 2022,
        arXiv:2202.10054.
    """

    epochs: Annotated[int, Span(1, 50, 1, "passes over the training rows")] = 10
    rate: Annotated[float, Span(1e-6, 1e-2, 1e-6, "highest learning rate")] = 2e-4
    batch: Annotated[int, Span(1, 512, 1, "rows per step")] = 64
    smoothing: Annotated[float, Span(0.0, 0.5, 0.01, "label smoothing")] = 0.05
    patience: Annotated[int, Span(1, 50, 1, "epochs without a better validation result")] = 4


@dataclass(frozen=True)
class Watch:
    """Who follows the training.

    Args:
        step: ``step(done, total)`` after every step.
        loss: ``loss(step, value, accuracy)`` now and then; accuracy on validation or None.
        cancelled: answers True once the user has asked to stop.
        evaluate: accuracy on validation of the module as it is now.
    """

    step: Callable[[int, int], None]
    loss: Callable[[int, float, float | None], None]
    cancelled: Callable[[], bool]
    evaluate: Callable[[], float]


def train(
    module: nn.Module,
    rows: Sequence[Sequence[int]],
    labels: Sequence[int],
    watch: Watch,
    settings: FullSettings,
    seed: int = 0,
) -> None:
    """Tune ``module`` in place; at the end it holds the weights that were best on validation.

    Args:
        module: ``forward(input_ids, attention_mask)`` gives logits (batch, classes).
        rows: token ids, one list per training row.
        labels: class index of every row.
        watch: who follows.
        settings: how.
        seed: order of the rows and dropout.

    Raises:
        Cancelled: if the watch said so; the module is then in no particular state.
    """
    from transformers import Trainer

    best = _Best(module, watch, settings.patience)
    trainer = Trainer(
        model=module,
        args=_arguments(settings, seed),
        train_dataset=_Dataset(rows, labels),
        data_collator=_collate,
        compute_loss_func=_loss(settings.smoothing),
        callbacks=[best.callback()],
    )
    trainer.remove_callback(_printer())
    trainer.train()
    if watch.cancelled():
        raise Cancelled
    best.restore()


def _arguments(settings: FullSettings, seed: int) -> Any:
    import tempfile

    import torch
    from transformers import TrainingArguments

    return TrainingArguments(
        output_dir=tempfile.gettempdir(),  # nothing is written: save_strategy is "no"
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=not torch.cuda.is_available(),
        bf16=bf16_pays(),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch,
        learning_rate=settings.rate,
        warmup_steps=0.1,
        lr_scheduler_type="linear",
        weight_decay=0.01,
        train_sampling_strategy="group_by_length",
        length_column_name="length",
        remove_unused_columns=False,
        logging_steps=5,
        seed=seed,
    )


def bf16_pays() -> bool:
    """Whether the hardware multiplies bfloat16 natively; emulated it is slower than float32."""
    import torch

    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    probes = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(bool(getattr(torch.cpu, name, lambda: False)()) for name in probes)


def _printer() -> type:
    from transformers.trainer_callback import PrinterCallback

    return PrinterCallback


def _loss(smoothing: float) -> Callable[..., Any]:
    from torch.nn.functional import cross_entropy

    def loss(logits: Any, labels: Any, num_items_in_batch: Any = None) -> Any:
        return cross_entropy(logits.float(), labels, label_smoothing=smoothing)

    return loss


def _collate(rows: list[dict[str, Any]]) -> dict[str, Any]:
    import torch

    ids, mask = pad([row["input_ids"] for row in rows])
    labels = torch.tensor([row["labels"] for row in rows])
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


class _Dataset:
    """Rows as the Trainer wants them; ``length`` lets it put similar ones together."""

    def __init__(self, rows: Sequence[Sequence[int]], labels: Sequence[int]) -> None:
        self._rows = [
            {"input_ids": list(row), "labels": int(label), "length": len(row)}
            for row, label in zip(rows, labels, strict=True)
        ]

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self._rows[index]


class _Best:
    """Keeps the weights that were best on validation, and stops when nothing gets better."""

    def __init__(self, module: nn.Module, watch: Watch, patience: int) -> None:
        self._module, self._watch, self._patience = module, watch, patience
        self._score, self._weights, self._waited = -1.0, copy.deepcopy(module.state_dict()), 0

    def restore(self) -> None:
        """Put the best weights back."""
        self._module.load_state_dict(self._weights)

    def look(self, step: int, loss: float) -> bool:
        """Evaluate once; True if it is time to stop."""
        score = self._watch.evaluate()
        self._watch.loss(step, loss, score)
        self._waited += 1
        if score > self._score:
            self._score, self._waited = score, 0
            self._weights = copy.deepcopy(self._module.state_dict())
        return self._waited >= self._patience

    def callback(self) -> TrainerCallback:
        """The same as a callback of the Trainer."""
        from transformers import TrainerCallback

        best, watch = self, self._watch

        class Follow(TrainerCallback):
            last = 0.0

            def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
                watch.step(state.global_step, state.max_steps)
                control.should_training_stop |= watch.cancelled()
                return control

            def on_log(
                self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any
            ) -> None:
                if logs and "loss" in logs:
                    self.last = float(logs["loss"])
                    watch.loss(state.global_step, self.last, None)

            def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
                if not watch.cancelled():
                    control.should_training_stop |= best.look(state.global_step, self.last)
                return control

        return Follow()
