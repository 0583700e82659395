"""What the measure panel can do: ask for runs, follow jobs, cancel them."""

from __future__ import annotations

from typing import NamedTuple

from traitlets import HasTraits

from workbench.core.records import Job
from workbench.i18n.numbers import duration
from workbench.i18n.table import TEXTS
from workbench.state.compress import CompressState
from workbench.state.session import BASELINE_RUNTIME, ENDED, SHOWN_JOBS, Session

BASELINE = "tfidf"  # as the catalogue names it


class JobLine(NamedTuple):
    """One job as the page shows it; ``share`` is its progress in [0, 1], None while unknown."""

    id: str
    title: str
    note: str
    share: float | None
    active: bool
    failed: bool


class MeasureState(HasTraits):
    """Measuring what the compress state holds.

    Args:
        compress: the recipe on screen, with its session.
    """

    def __init__(self, compress: CompressState) -> None:
        super().__init__()
        self.compress = compress
        self.session: Session = compress.session

    def ready(self) -> bool:
        """Whether the recipe on screen can be measured now."""
        info = self.compress.info
        return info is not None and not info.impossible and not info.untuned

    def measure(self, split: str = "validation") -> Job | None:
        """Measure the recipe on screen; on the test split when it is to be verified."""
        if not self.ready():
            return None
        recipe, expected = self.compress.recipe.to_json(), self.compress.info.expected
        if not expected.same:
            self.session.promised = (*self.session.promised, (recipe, expected.metrics))
        job = self.session.ask(
            "run",
            model=self.session.model,
            task=self.session.task,
            recipe=recipe,
            split=split,
        )
        if job is not None:
            self._measure_baseline()
        return job

    def _measure_baseline(self) -> None:
        """Once for a task: what a model is worth shows beside the plain baseline only."""
        session = self.session
        if self.compress.anatomy.writes:
            return
        asked = [job for job in session.jobs if job.request.get("model") == BASELINE]
        if session.baselines() or any(job.request.get("task") == session.task for job in asked):
            return
        grid = {"techniques": [[]], "runtime": {"name": BASELINE_RUNTIME}}
        session.ask("sweep", model=BASELINE, task=session.task, grid=grid, tune="linear")
        session.trouble = ""  # nobody asked for it: if it cannot be, nothing is lost

    def looks(self) -> int:
        """How often the test split of this task was looked at, by the runs that one can see."""
        return sum(
            run.task == self.session.task and run.split == "test" and run.status == "done"
            for run in self.session.runs
        )

    def lines(self) -> list[JobLine]:
        """Jobs under way, then those that ended badly or lately, newest first."""
        jobs = self.session.jobs
        active = [job for job in jobs if job.status not in ENDED]
        ended = [job for job in jobs if job.status in ("failed", "cancelled")]
        return [self._line(job) for job in (*active, *ended[-SHOWN_JOBS:][::-1])]

    def _line(self, job: Job) -> JobLine:
        say = self.session.say
        title = say(f"jobs.kind.{job.kind}")
        if job.request.get("model"):
            title += f" · {job.request['model']}"
        active = job.status in ("running", "queued")
        share = job.done / job.total if job.total and active else None
        return JobLine(job.id, title, self._note(job), share, active, job.status == "failed")

    def _note(self, job: Job) -> str:
        say = self.session.say
        if job.status == "failed" and job.error:
            return say("error.sentence", **job.error)
        if job.status == "cancelled":
            return say("jobs.cancelled")
        if job.status == "queued":
            return say("jobs.queued", ahead=job.ahead)
        key = f"stage.{job.stage}"
        stage = say(key, done=job.done, total=job.total) if key in TEXTS else job.stage
        if job.seconds_left is None or job.stage == "launch":
            return stage
        return f"{stage} · {say('jobs.left', time=duration(job.seconds_left))}"
