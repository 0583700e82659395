"""``tune``, ``run``, ``sweep``, ``jobs`` and ``runs``: work is asked of the job server."""

from __future__ import annotations

import json as _json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.cli.look import Json
from workbench.cli.output import Progress, as_json, describe, say, table
from workbench.core.errors import BadInput
from workbench.core.home import home
from workbench.core.records import Estimate, Job, Run
from workbench.i18n.numbers import figure, quality_of
from workbench.i18n.recipe_words import recipe_words
from workbench.jobs.client import ENDED, HttpClient
from workbench.recipes.grid import expand, seconds, time_words

Model = Annotated[str, typer.Option("--model", help="a catalogue id, a folder, or hf:owner/name")]
TaskId = Annotated[str, typer.Option("--task", help="shopdesk, csv:TRAIN,TEST or hf:owner/name")]
TextColumn = Annotated[str | None, typer.Option(help="of a csv task")]
LabelColumn = Annotated[str | None, typer.Option(help="of a csv task")]
Unlabelled = Annotated[
    Path | None, typer.Option(help="a file of texts without labels, to distil on; of a csv task")
]
NoHeader = Annotated[bool, typer.Option("--no-header", help="the csv files have no header line")]


def register(program: typer.Typer) -> None:
    """Add the commands."""
    for command in (tune, run, sweep, jobs, runs):
        program.command(command.__name__)(command)


def task_id(
    task: str,
    text: str | None,
    label: str | None,
    no_header: bool,
    unlabelled: Path | None = None,
) -> str:
    """The full id of a task: paths made absolute, columns put in.

    Raises:
        BadInput: for a file of texts beside a task that does not lie in files.
    """
    from workbench.tasks import csv_id
    from workbench.tasks.files import PREFIX, parsed

    if not task.startswith(PREFIX):
        if unlabelled is not None:
            told = f"--unlabelled with {task!r:.80}"
            raise BadInput(told, "a task in files, csv:TRAIN,TEST", "leave it out")
        return task
    paths, given = parsed(task)
    return csv_id(
        paths[0],
        paths[1] if len(paths) > 1 else None,
        text or given.get("text_column"),
        label or given.get("label_column"),
        not no_header and given.get("header", "1") != "0",
        unlabelled or given.get("unlabelled"),
        **{name: given[name] for name in ("kind", "target_column") if name in given},
    )


def tune(
    model: Model,
    task: TaskId,
    mode: Annotated[
        str | None, typer.Option(help="linear (seconds) or full (minutes); to write: full or lora")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="passes over the rows, in modes full and lora")
    ] = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    no_header: NoHeader = False,
    unlabelled: Unlabelled = None,
    json: Json = False,
) -> int:
    """Fit a classifier (a linear head, or all weights), or train a model that writes further."""
    asked: dict[str, Any] = {
        "model": model,
        "task": task_id(task, text_column, label_column, no_header, unlabelled),
    }
    given = {"mode": mode, "epochs": epochs}
    asked |= {name: value for name, value in given.items() if value is not None}
    job = through("tune", asked)
    if job.status != "done" or job.result is None:
        return failed(job, json)
    if json:
        as_json({"schema": 1, **job.result})
        return 0
    say(job.result["id"])
    for name, value in job.result["metrics"].items():
        say(f"  {name} on validation: {figure(name, Estimate(**value))}")
    return 0


def run(
    model: Model,
    task: TaskId,
    recipe: Annotated[str, typer.Option(help="a JSON file, or JSON itself")],
    verify: Annotated[bool, typer.Option("--verify", help="on the test split")] = False,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    no_header: NoHeader = False,
    unlabelled: Unlabelled = None,
    json: Json = False,
) -> int:
    """Measure one recipe against its reference."""
    asked = {
        "model": model,
        "task": task_id(task, text_column, label_column, no_header, unlabelled),
        "recipe": given(recipe, "recipe"),
        "split": "test" if verify else "validation",
    }
    job = through("run", asked)
    found = _runs_of(job)
    if not found:
        return failed(job, json)
    as_json(found[0].to_json()) if json else describe(found[0])
    return 0 if found[0].status == "done" else 1


def sweep(
    model: Model,
    task: TaskId,
    grid: Annotated[str, typer.Option(help="a JSON file, or JSON itself")],
    verify: Annotated[bool, typer.Option("--verify", help="on the test split")] = False,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    no_header: NoHeader = False,
    unlabelled: Unlabelled = None,
    json: Json = False,
) -> int:
    """Measure every recipe of a grid; goes on where it was stopped."""
    asked = {
        "model": model,
        "task": task_id(task, text_column, label_column, no_header, unlabelled),
        "grid": given(grid, "grid"),
        "split": "test" if verify else "validation",
    }
    recipes = expand(asked["grid"])
    print(f"{len(recipes)} recipes, {time_words(seconds(recipes))}", file=sys.stderr)
    job = through("sweep", asked)
    found = _runs_of(job)
    if not found:
        return failed(job, json)
    if json:
        as_json({"schema": 1, "runs": [one.to_json() for one in found]})
    else:
        for one in found:
            describe(one)
    return 0 if any(one.status == "done" for one in found) else 1


def jobs(
    follow: Annotated[bool, typer.Option("--follow", help="until all have ended")] = False,
    cancel: Annotated[str | None, typer.Option(help="id of a job to stop")] = None,
    json: Json = False,
) -> None:
    """List jobs, follow them, or cancel one."""
    client = HttpClient(home())
    if cancel is not None:
        _cancelled(client, cancel)
    if follow:
        for job in [j for j in client.jobs() if j.status in ("queued", "running")]:
            _followed(client, job)
    found = client.jobs()
    if json:
        as_json({"schema": 1, "jobs": [job.to_json() for job in found]})
        return
    rows = [(job.id, job.kind, job.status, str(job.request.get("model", ""))) for job in found]
    table(("id", "kind", "status", "model"), rows)


def _cancelled(client: HttpClient, job_id: str) -> None:
    """Ask a job to stop; one that has ended cannot."""
    ended = [job for job in client.jobs() if job.id == job_id and job.status in ENDED]
    if ended:
        wanted = "a job that waits or runs"
        raise BadInput(
            f"job {job_id} ({ended[0].status})", wanted, "list them with workbench jobs"
        )
    client.cancel(job_id)


def runs(json: Json = False) -> None:
    """List the runs in the store."""
    from workbench.store import Store

    if json:
        as_json({"schema": 1, "runs": [one.to_json() for one in Store(home()).runs()]})
        return

    def shown(one: Run, metric: str) -> str:
        return figure(metric, one.metrics[metric]) if metric in one.metrics else ""

    rows = [
        (
            one.id[:12],
            one.status,
            recipe_words(one.recipe, "en"),
            shown(one, quality_of(one.metrics)),
            shown(one, "latency_mean"),
            shown(one, "speedup_latency"),
            shown(one, "size"),
            one.model,
        )
        for one in Store(home()).listed()
    ]
    table(("id", "status", "recipe", "quality", "latency", "speed", "size", "model"), rows)


def given(words: str, what: str) -> Any:
    """JSON from a file, or from the argument itself."""
    text = words
    if not words.lstrip().startswith(("{", "[")):
        path = Path(words)
        if not path.is_file():
            raise BadInput(f"{what} {words!r:.200}", "a JSON file or JSON", "check the path")
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as err:
            raise BadInput(f"{what} {words!r:.200}", "readable UTF-8", "save it again") from err
    try:
        found = _json.loads(text)
        # Python reads more than JSON has: NaN, endless numbers, half a character
        _json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
        return found
    except (ValueError, RecursionError) as err:
        said = " ".join(str(err).split())
        raise BadInput(f"{what} ({said:.120})", "valid JSON", "mend it") from err


def through(kind: str, asked: Mapping[str, Any]) -> Job:
    """Submit a job and follow it to its end."""
    client = HttpClient(home())
    return _followed(client, client.submit(kind, asked))


def _followed(client: HttpClient, job: Job) -> Job:
    progress = Progress()

    def heard(event: Mapping[str, Any]) -> None:
        if event["type"] == "job" and event["job"]["id"] == job.id:
            progress(event)

    try:
        return client.wait(job, heard)
    except KeyboardInterrupt:
        typer.echo(f"\nthe job goes on; stop it with: workbench jobs --cancel {job.id}", err=True)
        raise
    finally:
        progress.close()


def _runs_of(job: Job) -> list[Run]:
    from workbench.store import Store

    store = Store(home())
    found = [store.find(i) for i in (job.result or {}).get("runs", ())]
    return [one for one in found if one is not None]


def failed(job: Job, json: bool) -> int:
    """Tell why a job gave nothing; the exit code."""
    error = dict(job.error or {"value": job.kind, "expected": "an end", "remedy": "try again"})
    if job.status == "cancelled":
        error = {"value": f"{job.kind} {job.id}", "expected": "an end", "remedy": "start it again"}
    if json:
        as_json({"schema": 1, "id": job.id, "status": job.status, "error": error})
    typer.echo(str(BadInput(**error)), err=True)
    return 1
