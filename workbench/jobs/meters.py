"""How models of one kind of task are measured, judged and kept."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from workbench.core.records import Estimate, Run, Verdict
from workbench.jobs.desk import Desk
from workbench.measure import (
    BUDGET_S,
    LAUNCHES,
    Measured,
    Side,
    alone,
    compare,
    metrics,
    profile,
    quality,
    verdicts,
)
from workbench.measure.outputs import Wanted
from workbench.measure.pacing import Paced, paced, speed, speed_ratios
from workbench.measure.written import likeness, table
from workbench.measure.written import quality as written_quality
from workbench.stats.sequential import decide
from workbench.tasks import Task

FAST = "WORKBENCH_FAST"  # one short launch per run, to try things out; intervals tell how little
FAST_S, FAST_TEXTS = 0.3, 12  # of calls per side; texts that are looked at for causes
FAST_ROWS, FAST_LONGEST = 8, 96  # rows that a model writes behind, and tokens behind each
LONGEST = 256  # tokens that a model writes behind a judged prompt, at most
MORE = 5  # times as many rows are written behind on the test split, which is looked at seldom
WRITTEN = "written"  # what a run of a model that writes has beside it: tokens and texts
Judged = tuple[dict[str, Estimate], dict[str, Verdict]]


class Meter(Protocol):
    """Measures both sides of one split."""

    launches: int  # at most

    def compare(
        self, reference: Side, candidate: Side, of: Run, show: Callable[[Any], None]
    ) -> Any:
        """Time a candidate beside its reference, whose run is ``of``."""

    def alone(self, side: Side) -> Any:
        """Time one side by itself."""

    def judged(self, measured: Any, of: Run | None = None) -> Judged:
        """Metrics and verdicts of quality, paired with the run of a reference."""

    def speed(self, measured: Any) -> Judged:
        """Metrics and verdicts of speed."""

    def keep(self, run: Run, measured: Any, folder: Path | None) -> None:
        """Save a run with what it answered, and its artifact."""

    def explain(self, run: Run, side: Side) -> None:
        """Look for where the time of a saved run goes."""


def meter(task: Task, split: str, desk: Desk) -> Meter:
    """The one for the task's kind."""
    made = Writing if task.kind == "generation" else Classifying
    return made(task, split, desk)


class _Meter:
    def __init__(self, task: Task, split: str, desk: Desk) -> None:
        self._task, self._rows, self._desk = task, task.rows(split), desk
        self._fast = bool(os.environ.get(FAST))
        self._looks: tuple[int, ...] = (1,) if self._fast else LAUNCHES
        self._budget_s = FAST_S if self._fast else BUDGET_S
        self.launches = self._looks[-1]


class Classifying(_Meter):
    """Answers of classifiers: logits."""

    def compare(
        self, reference: Side, candidate: Side, of: Run, show: Callable[[Any], None]
    ) -> Measured:
        """As ``Meter`` has it."""
        return compare(
            reference,
            candidate,
            self._rows.texts,
            launches=self._looks,
            on_launch=show,
            cancelled=self._desk.cancelled,
            budget_s=self._budget_s,
            sizes=_best_batch(of),
        )

    def alone(self, side: Side) -> Measured:
        """As ``Meter`` has it."""
        return alone(
            side,
            self._rows.texts,
            launches=self._looks[0],
            cancelled=self._desk.cancelled,
            budget_s=self._budget_s,
        )

    def judged(self, measured: Measured, of: Run | None = None) -> Judged:
        """As ``Meter`` has it."""
        before = None if of is None else self._desk.store.logits(of.id)
        return quality(measured.logits, self._rows.labels, before)

    def speed(self, measured: Measured) -> Judged:
        """As ``Meter`` has it."""
        return metrics(measured.launches), verdicts(measured.launches)

    def keep(self, run: Run, measured: Measured | None, folder: Path | None) -> None:
        """As ``Meter`` has it."""
        self._desk.store.save(run, None if measured is None else measured.logits, folder)

    def explain(self, run: Run, side: Side) -> None:
        """As ``Meter`` has it."""
        self._desk.stage("profile", 0, 0)
        texts = self._rows.texts[: FAST_TEXTS if self._fast else None]
        found = profile(side, texts, cancelled=self._desk.cancelled)
        self._desk.store.attach(run.id, "profile", found.to_json())


class Writing(_Meter):
    """What models write: tokens, texts, and what the targets cost."""

    def __init__(self, task: Task, split: str, desk: Desk) -> None:
        super().__init__(task, split, desk)
        rows, many = self._rows, len(self._rows.texts)
        judged = task.judged * (1 if split == "validation" else MORE) or many
        judged = min(many, FAST_ROWS if self._fast else judged)
        longest = FAST_LONGEST if self._fast else LONGEST
        self._wanted = Wanted(rows.texts, judged, rows.targets, longest, rows.chat)

    def compare(
        self, reference: Side, candidate: Side, of: Run, show: Callable[[Any], None]
    ) -> Paced:
        """As ``Meter`` has it."""
        return paced(
            {"reference": reference, "candidate": candidate},
            self._wanted,
            before=self._before(of),
            launches=self._looks,
            on_launch=show,
            cancelled=self._desk.cancelled,
            budget_s=self._budget_s,
        )

    def alone(self, side: Side) -> Paced:
        """As ``Meter`` has it."""
        return self._alone(side, self._budget_s, self._looks[:1])

    def untimed(self, side: Side) -> Judged:
        """How good what a side writes is; it is not timed."""
        return self.judged(self._alone(side, 0.0, (1,)))

    def _alone(self, side: Side, budget_s: float, launches: Sequence[int]) -> Paced:
        return paced(
            {"candidate": side},
            self._wanted,
            launches=launches,
            cancelled=self._desk.cancelled,
            budget_s=budget_s,
        )

    def judged(self, measured: Paced, of: Run | None = None) -> Judged:
        """As ``Meter`` has it."""
        values = self._values(measured)
        if of is None:
            return written_quality(values)
        found, said = written_quality(values, self._desk.store.logits(of.id))
        return {**found, **likeness(measured.outputs, self._before(of))}, said

    def speed(self, measured: Paced) -> Judged:
        """As ``Meter`` has it."""
        ratios = speed_ratios(measured.launches)
        return speed(measured.launches), {name: decide(x) for name, x in ratios.items()}

    def keep(self, run: Run, measured: Paced | None, folder: Path | None) -> None:
        """As ``Meter`` has it; what was written lies beside the run."""
        if measured is None:
            self._desk.store.save(run, None, folder)
            return
        self._desk.store.save(run, self._values(measured), folder)
        told = {"tokens": measured.outputs.tokens, "texts": measured.outputs.texts}
        self._desk.store.attach(run.id, WRITTEN, told)

    def explain(self, run: Run, side: Side) -> None:
        """Nothing yet: the profilers read classifiers."""

    def _values(self, measured: Paced) -> Any:
        return table(measured.outputs, self._rows.records, self._task.check)

    def _before(self, of: Run) -> list[list[int]]:
        found = self._desk.store.attached(of.id, WRITTEN)
        return list(found["tokens"]) if found else []


def _best_batch(reference: Run) -> dict[str, int]:
    """What its own launches found; nothing where their raw numbers are gone."""
    for launch in reference.launches:
        if batch := launch.get("candidate", {}).get("batch"):
            return {"reference": int(batch["size"])}
    return {}
