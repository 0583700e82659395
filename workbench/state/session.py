"""What all panels share: the client, the choice of model and task, jobs and runs as they come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from traitlets import HasTraits, Tuple, Unicode

from workbench.core.client import Client
from workbench.core.errors import BadInput
from workbench.core.records import Job, Run
from workbench.i18n.table import text
from workbench.state.public import public_error, public_job, public_run, without_paths

ENDED = ("done", "failed", "cancelled")
BASELINE_RUNTIME = "sklearn"
SHOWN_JOBS = 6  # ended jobs that stay on the page


class Session(HasTraits):
    """One visit; observe the traits to follow along.

    Args:
        client: how work is asked for.
        home: ``WORKBENCH_HOME``, where tuned models lie.
        published: whether it is a visit of a published page: errors then show no paths.
        public: whether whoever comes is a stranger, who may neither see nor name a file here.
    """

    language = Unicode("en")
    model = Unicode("", help="id of the chosen model")
    task = Unicode("", help="id of the chosen task")
    jobs = Tuple(help="Job, oldest first; replaced, never appended to")
    runs = Tuple(help="Run, oldest first, provisional ones among them")
    promised = Tuple(help="(recipe as plain data, metrics) as they stood when it was measured")
    losses = Tuple(help="(step, loss, accuracy or None) of the training under way")
    selected = Unicode("", help="id of the run that is looked at, or empty")
    trouble = Unicode("", help="empty, or why the last wish failed")
    judged = Unicode("accuracy", help="metric that says how good a model is at the chosen task")

    def __init__(
        self, client: Client, home: Path, published: bool = False, public: bool = False
    ) -> None:
        super().__init__()
        self.client, self.home = client, home
        self.published, self.public = published or public, public
        self._stop: Callable[[], None] = lambda: None
        self._under_way: dict[str, str] = {}  # provisional run to the job that measures it
        self._offline = False
        self._linked: dict[str, Run] = {}  # runs of others, by a link
        self.observe(self._task_changed, ["task"])

    def _task_changed(self, _: Any) -> None:
        from workbench import tasks

        with suppress(BadInput):  # of a file that is gone: as before
            self.judged = tasks.find(self.task).metrics[0]

    def say(self, key: str, **values: Any) -> str:
        """A text in the language of the visit."""
        return text(key, self.language, **values)

    def start(self) -> None:
        """Read what there is, and follow what comes."""
        self.refresh()
        self._stop = self.client.follow(self.handle)

    def stop(self) -> None:
        """Follow no more."""
        self._stop()

    def refresh(self) -> None:
        """Read jobs and runs anew; provisional runs of jobs that ended are dropped."""
        self.jobs = tuple(map(self._job, self.client.jobs()[-20:]))
        listed = {run.id: run for run in map(self._run, self.client.runs()) if run is not None}
        self.runs = tuple({**self._linked, **listed}.values())
        self._under_way = {}

    def fetch(self, run_id: str) -> None:
        """Take in the run of a link, if it is not listed; a wrong id lands in ``trouble``."""
        if not run_id or any(run.id == run_id for run in self.runs):
            return
        found: Run | None = self._attempt(lambda: self.client.recorded(run_id))
        run = found and self._run(found)
        if run:
            self._linked[run.id] = run
            self.runs = _replaced(self.runs, run)

    def handle(self, event: Mapping[str, Any]) -> None:
        """Take in one event of the client."""
        kind = event["type"]
        if kind == "ready":
            self._read_anew()
        elif kind == "job":
            job = self._job(Job.from_json(event["job"]))
            self.jobs = _replaced(self.jobs, job)
            if job.status != "running":  # ended, or begun again after a crash
                self._drop({run for run, by in self._under_way.items() if by == job.id})
        elif kind == "run":
            run = self._run(Run.from_json(event["run"]))
            if run is not None:
                self._take(run, event.get("job", ""))
        elif kind == "loss":
            step = int(event["step"])
            before = self.losses if not self.losses or step >= self.losses[-1][0] else ()
            self.losses = (*before, (step, float(event["loss"]), event.get("accuracy")))

    def _take(self, run: Run, job: str) -> None:
        self._under_way.pop(run.id, None)
        if run.status == "running":
            self._under_way[run.id] = job
        if run.status == "cancelled":
            self._drop({run.id})
        else:
            self.runs = _replaced(self.runs, run)

    def _drop(self, gone: set[str]) -> None:
        """Forget runs of which no more will come."""
        self._under_way = {run: job for run, job in self._under_way.items() if run not in gone}
        self.runs = tuple(run for run in self.runs if run.id not in gone)

    def ask(self, kind: str, **request: Any) -> Job | None:
        """Submit a job; a refusal lands in ``trouble``."""
        job: Job | None = self._attempt(lambda: self.client.submit(kind, request))
        if job is not None:
            self.jobs = _replaced(self.jobs, self._job(job))
        return job

    def cancel(self, job: str) -> None:
        """Ask a job to stop."""
        self._attempt(lambda: self.client.cancel(job))

    def _read_anew(self) -> None:
        """The server answers: read the lists; what a wish was refused for stays told."""
        told = "" if self._offline else self.trouble
        self._attempt(self.refresh)
        self.trouble = self.trouble or told

    def _attempt(self, wish: Callable[[], Any]) -> Any:
        self.trouble, self._offline = "", False
        try:
            return wish()
        except BadInput as err:
            self.trouble = self.told(err)
        except Exception as err:  # OSError, or a client's own transport errors
            self.trouble, self._offline = self.say("app.offline", why=type(err).__name__), True
        return None

    def told(self, err: BadInput) -> str:
        """An error as one sentence in the language of the visit."""
        from workbench.i18n.errors import translate_error

        sentence = translate_error(err, self.language)
        return without_paths(sentence) if self.published else sentence

    def _job(self, job: Job) -> Job:
        """A job as this visit may see it."""
        if self.public:
            return public_job(job)
        return replace(job, error=public_error(job.error)) if self.published else job

    def _run(self, run: Run) -> Run | None:
        """A run as this visit may see it, or None."""
        if self.public:
            return public_run(run)
        return replace(run, error=public_error(run.error)) if self.published else run

    def active(self) -> tuple[Job, ...]:
        """Jobs waiting or running."""
        return tuple(job for job in self.jobs if job.status not in ENDED)

    def expecting(self) -> bool:
        """Whether runs of the chosen model and task are on their way."""
        return any(
            job.kind != "tune"
            and job.request.get("task") == self.task
            and self.model.startswith(str(job.request.get("model", "?")))
            for job in self.active()
        )

    def here(self, split: str | None = None) -> tuple[Run, ...]:
        """Runs of the chosen model and task."""
        return tuple(
            run
            for run in self.runs
            if run.model == self.model
            and run.task == self.task
            and (split is None or run.split == split)
        )

    def baselines(self) -> tuple[Run, ...]:
        """Runs of the plain baseline on the chosen task, on validation, oldest first."""
        return tuple(
            run
            for run in self.runs
            if run.task == self.task
            and run.split == "validation"
            and run.status in ("done", "running")
            and run.recipe["runtime"]["name"] == BASELINE_RUNTIME
        )


def _replaced(records: tuple[Any, ...], record: Any) -> tuple[Any, ...]:
    """The records with one of the same id replaced in its place, or added at the end."""
    if any(old.id == record.id for old in records):
        return tuple(record if old.id == record.id else old for old in records)
    return (*records, record)
