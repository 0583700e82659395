"""What may be asked for, checked at the door, before anything is queued or changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput
from workbench.jobs.setup import prepare, register
from workbench.recipes.grid import expand
from workbench.recipes.plan import plan
from workbench.recipes.recipe import Recipe

OWNER = "owner"
FIELDS = {
    "tune": {"model", "task", "mode", "epochs", "timeout"},
    "run": {"model", "task", "recipe", "split", "timeout"},
    "sweep": {"model", "task", "grid", "split", "tune", "timeout"},
}
SPLITS = ("validation", "test")
MODES = ("linear", "full")


def check_request(kind: str, request: Any, home: Path) -> dict[str, Any]:
    """The request as it will be carried out, with what was left out filled in.

    Args:
        kind: ``tune``, ``run`` or ``sweep``.
        request: plain data; fields as in ``FIELDS``.
        home: ``WORKBENCH_HOME``.

    Raises:
        BadInput: for anything that cannot be carried out.
    """
    register()
    asked = _shape(kind, request)
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
    if kind not in FIELDS:
        raise BadInput(f"job {kind!r}", "tune, run or sweep", "ask for one of these")
    if not isinstance(request, Mapping):
        raise BadInput(f"request {request!r:.80}", "an object", "give model and task")
    for name in request:
        if name not in FIELDS[kind]:
            known = ", ".join(sorted(FIELDS[kind]))
            raise BadInput(f"{kind} field {name!r}", f"one of {known}", f"remove {name!r}")
    for name in ("model", "task"):
        if not isinstance(request.get(name), str) or not request[name]:
            raise BadInput(f"{kind} without {name}", f"the id of a {name}", f"give a {name}")
    asked = dict(request)
    if kind != "tune":
        asked.setdefault("split", "validation")
    _check_values(asked)
    return asked


def _check_values(asked: Mapping[str, Any]) -> None:
    split, timeout = asked.get("split", "test"), asked.get("timeout")
    if split not in SPLITS:
        raise BadInput(f"split {split!r}", "validation or test", "choose one of them")
    if timeout is not None and not (isinstance(timeout, int | float) and timeout > 0):
        raise BadInput(f"timeout {timeout!r}", "seconds above 0", "leave it out or give a number")


def _tunable(asked: dict[str, Any], home: Path) -> None:
    from workbench import models, tasks

    mode = asked.setdefault("mode", "linear") if "tune" not in asked else asked["tune"]
    if mode not in MODES:
        raise BadInput(f"mode {mode!r}", "linear or full", "choose one of the two")
    epochs = asked.get("epochs")
    if epochs is not None and (not isinstance(epochs, int) or not 1 <= epochs <= 50):
        raise BadInput(f"epochs {epochs!r}", "a whole number from 1 to 50", "leave it out")
    tasks.find(asked["task"])
    models.folder(asked["model"], home)
