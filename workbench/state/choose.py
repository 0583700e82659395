"""What the choose panel knows and can do: models, tasks, a file's preview, a recommendation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from traitlets import Any as AnyTrait
from traitlets import HasTraits, Tuple, Unicode

from workbench.core.deps import installed
from workbench.core.errors import BadInput
from workbench.core.records import Job
from workbench.state.public import is_file, unlisted
from workbench.state.session import Session


@dataclass(frozen=True)
class FileWish:
    """A data file as the reader means it.

    Args:
        path: of the training file.
        text: column of the texts, or None to guess.
        label: column of the labels, or None to guess.
        header: whether the first line names the columns.
        test: path of a test file, or empty: then rows are held out.
        unlabelled: path of a file of texts without labels, or empty.
    """

    path: str
    text: str | None = None
    label: str | None = None
    header: bool = True
    test: str = ""
    unlabelled: str = ""


class ChooseState(HasTraits):
    """The choice of a model and a task.

    Args:
        session: the visit; its ``model`` and ``task`` are what is chosen.
    """

    models = Tuple(help="Card of every model that can be chosen, the chosen one among them")
    tasks = Tuple(help="Task of every task that can be chosen")
    file = AnyTrait(None, allow_none=True, help="FileWish: the file being looked at")
    columns = Tuple(help="its columns, also while they make no task yet")
    preview = AnyTrait(None, allow_none=True, help="Preview of it, or None while it is no task")
    advice = AnyTrait(None, allow_none=True, help="Recommendation, or None")
    trouble = Unicode("", help="empty, or why the last wish for a model was refused")
    file_trouble = Unicode("", help="empty, or why the file makes no task")

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._opened: dict[str, Any] = {}
        self._last: dict[str, str] = {}  # the model of each task, when another was chosen
        self.refresh()
        session.observe(self._jobs_changed, ["jobs"])
        session.observe(self._runs_changed, ["runs"])

    def refresh(self) -> None:
        """Read the catalogues anew."""
        from workbench import models, tasks

        found = models.catalogue(self.session.home)
        if self.session.public:
            found = tuple(c for c in found if not is_file(c.base) and not is_file(c.task))
        known = {card.id: card for card in found}
        opened = {k: v for k, v in self._opened.items() if k not in known}
        self.models = (*known.values(), *(v for v in opened.values() if hasattr(v, "parameters")))
        self.tasks = (*tasks.catalogue(), *(v for v in opened.values() if hasattr(v, "classes")))

    def open_model(self, name: str) -> None:
        """Choose a model that is not listed: a folder, or ``hf:owner/name``."""
        from workbench import models

        def wish() -> None:
            self._private(name)
            card = models.find(name.strip(), self.session.home)
            self._opened[card.id] = card
            self.refresh()
            self.choose_model(card.id)

        self.trouble = self._refused(wish)

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
        self._last[self.session.task] = self.session.model
        self.session.task = task
        card = self.card()
        if card is not None and not self.fits():
            base = card.base or card.id
            able = self.able()
            fitting = [c for c in able if c.base == base and c.task == task]
            fitting = fitting or [c for c in able if c.id in (self._last.get(task), base)]
            own = [c for c in able if c.task == task and c.format != "sklearn"]
            fitting = fitting or own or list(able[:1])
            self.choose_model(fitting[-1].id if fitting else base)

    def look(self, path: str, **changes: Any) -> None:
        """Preview a data file.

        Args:
            path: of a CSV, TSV or JSONL file.
            changes: other fields of ``FileWish``.
        """
        from workbench import tasks

        self.file = wish = FileWish(path.strip(), **changes)
        self.columns, self.preview = (), None

        def read() -> None:
            self._private(path)
            self.columns = tasks.columns_of(wish.path, wish.header)
            self.preview = tasks.preview(wish.path, wish.text, wish.label, wish.header)

        self.file_trouble = self._refused(read)

    def change_file(self, **changes: Any) -> None:
        """Look at the same file with other columns, without a header, or with files beside it."""
        if self.file is not None and replace(self.file, **changes) != self.file:
            now = {**asdict(self.file), **changes}
            self.look(**now)

    def use_file(self) -> None:
        """Make a task of the file in the preview, and choose it."""
        from workbench import tasks

        wish, shown = self.file, self.preview
        if wish is None or shown is None:
            return

        def use() -> None:
            columns = shown.text_column, shown.label_column
            files = wish.path, wish.test or None
            self.open_task(tasks.csv_id(*files, *columns, wish.header, wish.unlabelled or None))
            self.file, self.columns, self.preview = None, (), None

        self.file_trouble = self._refused(use)

    def open_task(self, name: str) -> None:
        """Choose a task that need not be listed.

        Raises:
            BadInput: if there is no such task, or a stranger may not open it.
        """
        from workbench import tasks

        if not any(task.id == name for task in self.tasks):
            self._private(name)
            self._opened[name] = tasks.find(name)
            self.refresh()
        self.choose_task(name)

    def ask_for(self, what: str, name: str) -> None:
        """Choose the ``model`` or ``task`` that an address names; why not is told in its place."""
        if what == "model":
            listed = any(card.id == name for card in self.models)
            self.choose_model(name) if listed else self.open_model(name)
        else:
            self.file_trouble = self._refused(lambda: self.open_task(name))

    def ask_advice(self, language: str, max_bytes: int | None, gpu: bool = False) -> None:
        """Which model for the chosen task's kind, language, largest size and hardware."""
        from workbench import models

        self.advice = models.recommend(
            *(self._kind(), language, max_bytes), home=self.session.home, gpu=gpu
        )

    def _kind(self) -> str:
        task = self.task()
        return "classification" if task is None else str(task.kind)

    def able(self) -> tuple[Any, ...]:
        """The models that are made for tasks of the chosen one's kind."""
        task = self.task()
        return tuple(c for c in self.models if task is None or task.kind in c.kinds)

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
        made = task.kind in card.kinds
        return made and (task.kind == "generation" or sorted(card.labels) == sorted(task.classes))

    def ways(self) -> tuple[str, ...]:
        """How the chosen model can be tuned: some of ``linear``, ``full`` and ``lora``."""
        card = self.card()
        if card is None or card.format == "keras":  # trained from nothing
            return ("full",)
        if self._kind() == "generation":
            return ("full", "lora") if installed("peft") else ("full",)
        return ("linear", "full")

    def tune(self, mode: str) -> Job | None:
        """Tune the chosen model on the chosen task, in one of ``ways``."""
        card = self.card()
        if card is None:
            return None
        self.session.losses = ()
        model = card.base or card.id
        return self.session.ask("tune", model=model, task=self.session.task, mode=mode)

    def take_advice(self) -> None:
        """Choose the model that was recommended."""
        if self.advice is not None and self.advice.card is not None:
            self.choose_model(self.advice.card.id)

    def _private(self, name: str) -> None:
        """Opening what is not listed is for whoever runs the page."""
        if self.session.public:
            raise unlisted(name)

    def _refused(self, wish: Callable[[], None]) -> str:
        """Why a wish was refused; empty if it was not."""
        try:
            wish()
        except BadInput as err:
            words = self.session.told(err)
            if self.session.public:  # who sees no field to open things is told beside the list
                self.session.trouble = words
            return words
        return ""

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
