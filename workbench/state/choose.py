"""What the choose panel knows and can do: models, tasks, a file's preview, a recommendation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from traitlets import Any as AnyTrait
from traitlets import HasTraits, Tuple, Unicode

from workbench.core.errors import BadInput
from workbench.core.records import Job
from workbench.state.session import Session, told


class ChooseState(HasTraits):
    """The choice of a model and a task.

    Args:
        session: the visit; its ``model`` and ``task`` are what is chosen.
    """

    models = Tuple(help="Card of every model that can be chosen, the chosen one among them")
    tasks = Tuple(help="Task of every task that can be chosen")
    preview = AnyTrait(None, allow_none=True, help="Preview of the file being looked at")
    advice = AnyTrait(None, allow_none=True, help="Recommendation, or None")
    trouble = Unicode("", help="empty, or why the last wish was refused")

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._opened: dict[str, Any] = {}
        self.refresh()
        session.observe(self._jobs_changed, ["jobs"])
        session.observe(self._runs_changed, ["runs"])

    def refresh(self) -> None:
        """Read the catalogues anew."""
        from workbench import models, tasks

        known = {card.id: card for card in models.catalogue(self.session.home)}
        opened = {k: v for k, v in self._opened.items() if k not in known}
        self.models = (*known.values(), *(v for v in opened.values() if hasattr(v, "parameters")))
        self.tasks = (*tasks.catalogue(), *(v for v in opened.values() if hasattr(v, "classes")))

    def open_model(self, name: str) -> None:
        """Choose a model that is not listed: a folder, or ``hf:owner/name``."""
        from workbench import models

        def wish() -> None:
            card = models.find(name.strip(), self.session.home)
            self._opened[card.id] = card
            self.refresh()
            self.choose_model(card.id)

        self._attempt(wish)

    def choose_model(self, model: str) -> None:
        """Choose a listed model."""
        if any(card.id == model for card in self.models):
            self.session.selected = ""
            self.session.model = model

    def choose_task(self, task: str) -> None:
        """Choose a listed task, and of the same encoder the model that was tuned on it."""
        if not any(found.id == task for found in self.tasks):
            return
        self.session.selected = ""
        self.session.task = task
        card = self.card()
        if card is not None and not self.fits():
            base = card.base or card.id
            fitting = [c for c in self.models if c.base == base and c.task == task]
            self.choose_model(fitting[-1].id if fitting else base)

    def look(self, path: str, text: str | None = None, label: str | None = None) -> None:
        """Preview a data file."""
        from workbench import tasks

        def wish() -> None:
            self.preview = tasks.preview(path.strip(), text, label)

        self.preview = None
        self._attempt(wish)

    def use_file(self) -> None:
        """Make a task of the file in the preview, and choose it."""
        from workbench import tasks

        shown = self.preview
        if shown is None:
            return

        def wish() -> None:
            name = tasks.csv_id(
                shown.path, text_column=shown.text_column, label_column=shown.label_column
            )
            self._opened[name] = tasks.find(name)
            self.refresh()
            self.choose_task(name)
            self.preview = None

        self._attempt(wish)

    def ask_advice(self, language: str, max_bytes: int | None, gpu: bool = False) -> None:
        """Which model for the chosen task's kind, language, largest size and hardware."""
        from workbench import models

        self.advice = models.recommend(
            "classification", language, max_bytes, home=self.session.home, gpu=gpu
        )

    def card(self) -> Any:
        """The chosen model's card, or None."""
        found = [card for card in self.models if card.id == self.session.model]
        return found[0] if found else None

    def task(self) -> Any:
        """The chosen task, or None."""
        found = [task for task in self.tasks if task.id == self.session.task]
        return found[0] if found else None

    def fits(self) -> bool:
        """Whether the chosen model has a head for the chosen task."""
        card, task = self.card(), self.task()
        if card is None or task is None:
            return False
        return sorted(card.labels) == sorted(task.classes)

    def tune(self, mode: str) -> Job | None:
        """Tune the chosen encoder on the chosen task: ``linear`` or ``full``."""
        card = self.card()
        if card is None:
            return None
        self.session.losses = ()
        model = card.base or card.id
        return self.session.ask("tune", model=model, task=self.session.task, mode=mode)

    def _attempt(self, wish: Callable[[], None]) -> None:
        self.trouble = ""
        try:
            wish()
        except BadInput as err:
            self.trouble = told(err, self.session.language)

    def _jobs_changed(self, change: Any) -> None:
        """A tuning of ours that has ended gives a model; choose it."""
        before = {job.id for job in change.old or () if job.status == "done"}
        for job in change.new:
            if job.kind == "tune" and job.status == "done" and job.id not in before:
                made = str((job.result or {}).get("id", ""))
                if job.request.get("task") == self.session.task:
                    self._switch(made, job.request.get("model"))

    def _runs_changed(self, change: Any) -> None:
        """The first runs of a model that was tuned meanwhile: show them."""
        if self.session.model and self.fits():
            return
        for run in change.new:
            if run.task == self.session.task:
                self._switch(run.model, self.session.model)

    def _switch(self, made: str, base: Any) -> None:
        self.refresh()
        card = next((card for card in self.models if card.id == made), None)
        current = self.card()
        mine = current is None or base in (current.id, current.base)
        if card is not None and mine and card.base == base:
            self.choose_model(made)
