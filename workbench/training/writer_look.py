"""How far a model in training is: its loss on validation, and the facts that it tells."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.formats.prompts import Prompts
from workbench.formats.quiet import quiet
from workbench.runtimes.decoder import filled
from workbench.training.batches import buckets
from workbench.training.writer_rows import Learnt, answers, parts

if TYPE_CHECKING:
    from workbench.tasks import Task

LOSS_ROWS = 256  # validation rows that the loss is looked at on, after every epoch
WRITE_ROWS = 16  # those that are written and held against their facts
MORE = 1.25  # tokens that are written, against the longest target


class Look:
    """A look at a model in training.

    Args:
        network: a causal language model of transformers.
        rows: validation as token ids; a first part is looked at.
        source: folder of the tokenizer.
        task: a generation task.

    ``error`` is the standard error of the share that was looked at last.
    """

    def __init__(self, network: Any, rows: Learnt, source: Path, task: Task) -> None:
        self._network, self._rows, self._check = network, rows, task.check
        self._prompts = Prompts(source)
        records = task.rows("validation").records if task.check is not None else ()
        shown = range(min(len(rows.ids), WRITE_ROWS)) if records else ()
        self._records = [records[rows.places[i]] for i in shown]
        self._opened = [rows.ids[i][: rows.given[i]] for i in shown]
        self._most = max((len(rows.ids[i]) - rows.given[i] for i in shown), default=0)
        self.name = "fidelity" if records else "next_token"
        self.error = 0.0

    def __call__(self) -> tuple[float, float]:
        """Loss in nats per token, and the share that is right, in [0, 1]."""
        import torch

        self._network.eval()
        with torch.inference_mode():
            loss, share = self._loss()
            return loss, self._fidelity() if self._records else share

    def _loss(self) -> tuple[float, float]:
        """Mean loss of the tokens, and the share of them that was foretold."""
        from torch.nn.functional import cross_entropy

        total, right, tokens = 0.0, 0, 0
        for batch in buckets(self._rows.lengths[:LOSS_ROWS]):
            for part in parts(self._rows, batch, self._network.config.vocab_size):
                logits, ids = answers(self._network, self._rows, part)
                total += float(cross_entropy(logits, ids, reduction="sum"))
                right += int((logits.argmax(dim=1) == ids).sum())
                tokens += len(ids)
        share = right / tokens
        self.error = (share * (1 - share) / tokens) ** 0.5
        return total / tokens, share

    def _fidelity(self) -> float:
        """Mean share of the facts that are told right."""
        assert self._check is not None
        told = zip(self._records, self._written(), strict=True)
        shares = [self._check(record, text)["fidelity"] for record, text in told]
        self.error = float(np.std(shares)) / len(shares) ** 0.5
        return float(np.mean(shares))

    def _written(self) -> list[str]:
        """What the model writes behind the prompts, always the likeliest token."""
        import torch

        device = self._network.device.type
        ids, mask = (torch.from_numpy(x).to(device) for x in filled(self._opened, left=True))
        ends = sorted(self._prompts.ends)
        room = self._prompts.positions - ids.shape[1]
        with quiet():
            found = self._network.generate(
                input_ids=ids,
                attention_mask=mask,
                max_new_tokens=max(1, min(int(MORE * self._most), room)),
                do_sample=False,
                eos_token_id=ends or None,
                pad_token_id=ends[0] if ends else 0,
            )
        return [self._told(row) for row in found[:, ids.shape[1] :].tolist()]

    def _told(self, row: list[int]) -> str:
        """The text before the first end, special tokens and all."""
        ends = (place for place, token in enumerate(row) if token in self._prompts.ends)
        return self._prompts.whole(row[: next(ends, len(row))])
