"""What may be asked for, checked at the door, before anything is queued or changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from workbench.core.deps import installed
from workbench.core.errors import BadInput
from workbench.jobs import operating, parallel, writing
from workbench.jobs.limits import NAME_CHARS
from workbench.jobs.setup import prepare, register
from workbench.recipes.grid import expand
from workbench.recipes.machine import no_cuda
from workbench.recipes.plan import plan
from workbench.recipes.recipe import Recipe
from workbench.runtimes.torch import DEVICES

FIELDS = {
    "tune": {"model", "task", "mode", "epochs", "timeout"},
    "run": {"model", "task", "recipe", "split", "timeout"},
    "ceiling": {"threads", "device", "timeout"},
    "operating": {"run", "grid", "timeout"},
    "generate": {
        *("model", "prompts", "record", "recipe", "runtime", "sampling", "task", "raw"),
        "timeout",
    },
    "parallel": {"model", "counts", "prompts", "recipe", "task", "timeout"},
    "sweep": {"model", "task", "grid", "split", "tune", "timeout"},
}
LONGEST_S = 1e9
SPLITS = ("validation", "test")
MODES = ("linear", "full")
EPOCHS = (50, 500)  # at most; of a model that writes
WRITER_MODES = ("full", "lora")
WRITING = ("generate", "parallel")  # kinds of jobs that need no task


def check_request(kind: str, request: Any, home: Path) -> dict[str, Any]:
    """The request as it will be carried out, with what was left out filled in.

    Args:
        kind: a name of ``FIELDS``.
        request: plain data; fields as in ``FIELDS``.
        home: ``WORKBENCH_HOME``.

    Raises:
        BadInput: for anything that cannot be carried out.
    """
    register()
    asked = _shape(kind, request)
    if kind == "operating":
        asked["grid"] = operating.asked(asked, home).grid.to_json()
    if kind == "generate":
        asked = writing.asked(asked, home)
    if kind == "parallel":
        asked = parallel.asked(asked, home)
    if kind == "tune" or asked.get("tune"):
        _tunable(asked, home)
    if kind == "sweep":
        expand(asked.get("grid"))
        if not asked.get("tune"):
            prepare(asked["model"], asked["task"], home)
    if kind == "run":
        recipe = Recipe.from_json(asked.get("recipe"))
        plan(recipe, prepare(asked["model"], asked["task"], home).anatomy)
        asked["recipe"] = recipe.to_json()
    return asked


def _shape(kind: str, request: Any) -> dict[str, Any]:
    if not isinstance(kind, str) or kind not in FIELDS:
        raise BadInput(f"job {kind!r:.80}", "one of " + ", ".join(FIELDS), "ask for one of these")
    if not isinstance(request, Mapping):
        raise BadInput(f"request {request!r:.80}", "an object", "give model and task")
    for name in request:
        if name not in FIELDS[kind]:
            known = ", ".join(sorted(FIELDS[kind]))
            raise BadInput(f"{kind} field {name!r:.80}", f"one of {known}", f"remove {name!r:.80}")
    asked = dict(request)
    if kind == "ceiling":
        _check_threads(asked)
        _check_device(asked)
    if kind in ("ceiling", "operating"):
        _check_values(asked)
        return asked
    _check_names(kind, request)
    if kind not in ("tune", *WRITING):
        asked.setdefault("split", "validation")
    _check_values(asked)
    return asked


def _check_threads(asked: dict[str, Any]) -> None:
    threads = asked.setdefault("threads", 1)
    if isinstance(threads, bool) or not isinstance(threads, int) or not 1 <= threads <= 64:
        told = f"threads {threads!r:.80}"
        raise BadInput(told, "a whole number from 1 to 64", "leave it out")


def _check_device(asked: dict[str, Any]) -> None:
    device = asked.setdefault("device", "cpu")
    if not DEVICES.holds(device):
        raise BadInput(f"device {device!r:.80}", str(DEVICES), "leave it out")
    if device != "cpu" and (absent := no_cuda()):
        raise BadInput(f"device {device}", f"a GPU that torch can use ({absent})", "choose cpu")


def _check_names(kind: str, request: Mapping[str, Any]) -> None:
    for name in ("model",) if kind in WRITING else ("model", "task"):
        if not isinstance(request.get(name), str) or not request[name]:
            raise BadInput(f"{kind} without {name}", f"the id of a {name}", f"give a {name}")
        if len(request[name]) > NAME_CHARS:
            told = f"{name} {request[name]!r:.40}…"
            raise BadInput(told, f"at most {NAME_CHARS} characters", f"give the id of a {name}")


def _check_values(asked: Mapping[str, Any]) -> None:
    split, timeout = asked.get("split", "test"), asked.get("timeout")
    if split not in SPLITS:
        raise BadInput(f"split {split!r:.80}", "validation or test", "choose one of them")
    number = isinstance(timeout, int | float) and 0 < timeout < LONGEST_S
    if timeout is not None and not number:
        told = f"timeout {timeout!r:.80}"
        raise BadInput(told, "seconds above 0", "leave it out or give a number")


def _tunable(asked: dict[str, Any], home: Path) -> None:
    from workbench import models, tasks
    from workbench.models.baseline import BASELINE
    from workbench.models.keras import BUILT_IN as KERAS

    task, model = tasks.find(asked["task"]), asked["model"]
    epochs, most = asked.get("epochs"), EPOCHS[task.kind == "generation"]
    if epochs is not None and (type(epochs) is not int or not 1 <= epochs <= most):
        wanted = f"a whole number from 1 to {most}"
        raise BadInput(f"epochs {epochs!r:.80}", wanted, "leave it out")
    card = models.find(model, home)
    if task.kind not in card.kinds:
        wanted = f"a model for tasks of the kind {task.kind}"
        raise BadInput(f"model {model} for the task {task.title}", wanted, "choose another model")
    mode = _mode(asked, task.kind)
    if card.format == "keras":
        _tunable_keras(asked, KERAS)
    elif model != BASELINE:
        models.folder(model, home)
    elif mode != "linear":
        raise BadInput(f"mode {mode!r} of {BASELINE}", "linear", "tune it in mode linear")


def _mode(asked: dict[str, Any], kind: str) -> str:
    """How it is tuned; the first of its kind where nobody says."""
    modes = WRITER_MODES if kind == "generation" else MODES
    mode = asked.setdefault("mode", modes[0]) if "tune" not in asked else asked["tune"]
    if mode not in modes:
        raise BadInput(f"mode {mode!r:.80}", " or ".join(modes), "choose one of the two")
    if mode == "lora" and not installed("peft"):
        raise BadInput("mode lora", "peft", "pip install 'llm-workbench[lora]'")
    return str(mode)


def _tunable_keras(asked: dict[str, Any], ours: Iterable[str]) -> None:
    """Of Keras models those of ours can be trained, and in one way only."""
    model = asked["model"]
    if model not in ours:
        remedy = f"tune one of {', '.join(ours)}"
        raise BadInput(f"model {model}", "a model that can be tuned here", remedy)
    if not installed("tensorflow"):
        raise BadInput(f"model {model}", "TensorFlow", "pip install 'llm-workbench[tf]'")
    asked["tune" if "tune" in asked else "mode"] = "full"
