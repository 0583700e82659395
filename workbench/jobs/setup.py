"""A model and a task put together: what every run of theirs stands on."""

from __future__ import annotations

import shlex
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from workbench.core.anatomy import Anatomy
from workbench.core.errors import BadInput
from workbench.jobs.chat import spoken
from workbench.models.card import Card
from workbench.recipes.recipe import Recipe
from workbench.store import Store
from workbench.tasks import Task


@dataclass(frozen=True)
class Setup:
    """A classifier and the task that it answers.

    Args:
        model: id of the model.
        folder: its files, checked for safety.
        task: the task; its classes are the model's labels.
        anatomy: shapes of the uncompressed model.
        fingerprint: hash of its weights.
    """

    model: str
    folder: Path
    task: Task
    anatomy: Anatomy
    fingerprint: str

    @property
    def tuned(self) -> bool:
        """Whether the model was tuned here (its folder is an artifact of ours)."""
        return (self.folder / "card.json").is_file()


def register() -> None:
    """Fill the tables of techniques, exports and runtimes; loads no framework."""
    import workbench.formats
    import workbench.runtimes
    import workbench.techniques  # noqa: F401


def prepare(model: str, task_id: str, home: Path) -> Setup:
    """Find both, and see that they fit.

    Raises:
        BadInput: if one of them cannot be used, or the model has no head for the task's classes.
    """
    from workbench import models, tasks

    task = tasks.find(task_id)
    card = models.find(model, home)
    if task.kind == "generation":
        check_writes(card)
    elif task.kind not in card.kinds or sorted(card.labels) != sorted(task.classes):
        named = f"--model {shlex.quote(card.base or model)} --task {shlex.quote(task_id)}"
        remedy = f"tune it first: workbench tune {named}"
        raise BadInput(f"model {model}", f"a head for the classes of {task_id}", remedy)
    folder = models.folder(model, home)
    task = spoken(task, folder)
    return Setup(model, folder, task, models.anatomy(folder), models.fingerprint(folder))


def check_writes(card: Card) -> None:
    """See that a model writes.

    Raises:
        BadInput: for an encoder or a classifier.
    """
    if "generation" not in card.kinds:
        wanted = "a causal language model of the type gpt2, llama, mistral, qwen or gemma"
        told = f"model {card.id} ({card.family}, without a head that writes)"
        raise BadInput(told, wanted, "choose another model")


def reference_recipe(recipe: Recipe, format: str = "torch") -> Recipe:
    """The plain model as it comes, on as many threads and on the candidate's device.

    Args:
        recipe: of the candidate.
        format: of the plain model: ``torch``; ``keras`` or ``sklearn`` where no torch model of
            the task is there.
    """
    if format == "sklearn":
        return Recipe.from_json({"runtime": {"name": "sklearn"}})
    runtime = recipe.runtime
    threads = getattr(runtime, "cores", runtime.threads)
    if format == "keras":
        return Recipe.from_json({"runtime": {"name": "tensorflow", "threads": threads}})
    device = getattr(runtime, "device", "cpu")
    return Recipe.from_json({"runtime": {"name": "torch", "threads": threads, "device": device}})


def compared_with(setup: Setup, store: Store) -> Setup:
    """The plain model that runs of this one are compared with: itself, if it is a torch model.

    Args:
        setup: of the model that is measured.
        store: holds the runs, and lies beside the models.

    Returns:
        For the plain baseline and for Keras models the torch model of the same task that was
        looked at last, or was tuned last, so that all stand on one plot; itself if there is none.
    """
    from workbench import models

    if setup.anatomy.format == "torch":
        return setup
    task = setup.task.id
    seen = [r.model for r in reversed(store.listed()) if r.task == task and r.reference is None]
    tuned = [card.id for card in reversed(models.catalogue(store.home)) if card.task == task]
    for name in dict.fromkeys((*seen, *tuned)):
        with suppress(BadInput):  # it may be gone
            other = prepare(name, task, store.home)
            if other.anatomy.format == "torch":
                return other
    return setup
