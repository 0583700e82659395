"""What models are measured on: a data set of our own, files, Hugging Face data sets."""

from collections.abc import Callable

from workbench.core.errors import BadInput
from workbench.core.studies import studies
from workbench.tasks import digits as pictures
from workbench.tasks.digits import digits
from workbench.tasks.files import PREFIX as CSV
from workbench.tasks.files import csv_id, find_files
from workbench.tasks.hub import PREFIX as HUB
from workbench.tasks.hub import find_hub
from workbench.tasks.preview import Preview, preview
from workbench.tasks.shopdesk import NAME, shopdesk
from workbench.tasks.table import columns_of
from workbench.tasks.task import SPLITS, Rows, Task

__all__ = [
    "SPLITS",
    "Preview",
    "Rows",
    "Task",
    "catalogue",
    "columns_of",
    "csv_id",
    "find",
    "preview",
]


def catalogue() -> tuple[Task, ...]:
    """The tasks of the package, and those of case studies beside it."""
    return shopdesk(), digits(), *(load() for load in _plugged().values())


def _plugged() -> dict[str, Callable[[], Task]]:
    return {name: load for study in studies().values() for name, load in study.TASKS.items()}


def find(task_id: str) -> Task:
    """A task by its id.

    Raises:
        BadInput: if there is none, or its data cannot be used.
    """
    if task_id == NAME:
        return shopdesk()
    if task_id == pictures.NAME:
        return digits()
    if task_id in (plugged := _plugged()):
        return plugged[task_id]()
    if task_id.startswith(CSV):
        return find_files(task_id)
    if task_id.startswith(HUB):
        return find_hub(task_id)
    raise BadInput(
        f"task {task_id!r:.200}",
        f"{', '.join((NAME, pictures.NAME, *plugged))}, csv:TRAIN,TEST or hf:owner/name",
        "list them with workbench tasks",
    )
