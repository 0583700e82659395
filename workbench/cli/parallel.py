"""``parallel``: how many worker processes pay for a model that writes."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from workbench.cli.look import Json
from workbench.cli.operating import numbers
from workbench.cli.output import as_json, say, table
from workbench.cli.work import Model, failed, given, through
from workbench.figures.scaling import stop_words
from workbench.i18n.numbers import significant


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("parallel")(parallel)


def parallel(
    model: Model,
    workers: Annotated[str, typer.Option(help="numbers of processes, such as 1,2,4")] = "1,2",
    recipe: Annotated[
        str | None, typer.Option(help="compress it first: a JSON file, or JSON itself")
    ] = None,
    json: Json = False,
) -> int:
    """Write with several worker processes at once: requests per second, and where it stops."""
    asked: dict[str, Any] = {"model": model, "counts": numbers("workers", workers)}
    if recipe is not None:
        asked["recipe"] = given(recipe, "recipe")
    job = through("parallel", asked)
    if job.result is None:
        return failed(job, json)
    if json:
        as_json({"schema": 1, "id": job.id, **job.result})
        return 0
    rows = [
        (str(x["workers"]), *(_shown(x[name]) for name in ("throughput", "speedup")))
        for x in job.result["points"]
    ]
    table(("workers", "requests/s", "against one"), rows)
    say(stop_words(job.result["paying"], "en"))
    return 0


def _shown(told: dict[str, Any]) -> str:
    low, high = (significant(told[name]) for name in ("low", "high"))
    return f"{significant(told['value'], 3)} ({low} to {high}, n = {told['n']})"
