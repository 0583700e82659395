"""``models``, ``inspect``, ``tasks`` and ``preview``: what there is to choose from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.cli.output import as_json, say, table
from workbench.core.home import home

Json = Annotated[bool, typer.Option("--json", help="one JSON document on stdout")]


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.command("models")(models)
    program.command("inspect")(inspect)
    program.command("tasks")(tasks)
    program.command("preview")(preview)


def models(
    json: Json = False,
    language: Annotated[str | None, typer.Option(help="ISO code, such as en")] = None,
    max_mb: Annotated[float | None, typer.Option(min=0, help="largest size in MB")] = None,
    kind: Annotated[str, typer.Option(help="kind of task")] = "classification",
    gpu: Annotated[bool, typer.Option("--gpu", help="there is a GPU")] = False,
    recommend: Annotated[bool, typer.Option("--recommend", help="name one, and why")] = False,
) -> None:
    """List the models that can be chosen."""
    from workbench import models as shelf

    if recommend:
        limit = max_mb * 1e6 if max_mb else None
        advice = shelf.recommend(kind, language or "en", limit, home=home(), gpu=gpu)
        found = advice.card.id if advice.card else None
        data = {"schema": 1, "id": found, "reason": advice.reason}
        as_json(data) if json else say(advice.reason)
        return
    cards = shelf.filtered(
        shelf.catalogue(home()),
        kind=kind,
        language=language,
        max_bytes=max_mb * 1e6 if max_mb else None,
    )
    if json:
        as_json({"schema": 1, "models": [card.to_json() for card in cards]})
        return
    rows = [
        (
            card.id,
            f"{card.parameters / 1e6:.1f} M",
            f"{card.size_bytes / 1e6:.1f} MB",
            card.license,
        )
        for card in cards
    ]
    table(("id", "weights", "size", "licence"), rows)


def inspect(
    model: Annotated[str, typer.Argument(help="a catalogue id, a folder, or hf:owner/name")],
    load: Annotated[bool, typer.Option("--load", help="also load it and run one input")] = False,
    json: Json = False,
) -> None:
    """Show a model's card, or why it is refused; nothing that it holds is ever run."""
    if load:
        from workbench.jobs.load import inspect_loaded as looked_at
    else:
        from workbench.models import inspect as looked_at

    data = looked_at(model, home())
    if json:
        as_json(data)
        return
    shown = ("id", "family", "parameters", "size_bytes", "format", "license", "source", "loaded")
    table(("", ""), [(name, str(data[name])) for name in shown])
    for warning in data["warnings"]:
        say(f"warning: {warning}")


def tasks(json: Json = False) -> None:
    """List the tasks of the package."""
    from workbench import tasks as shelf

    found = [_task(task) for task in shelf.catalogue()]
    if json:
        as_json({"schema": 1, "tasks": found})
        return
    rows = [(t["id"], str(len(t["classes"])), *map(str, t["rows"].values())) for t in found]
    table(("id", "classes", "train", "validation", "test"), rows)
    say("or: csv:TRAIN.csv,TEST.csv, hf:owner/name")


def _task(task: Any) -> dict[str, Any]:
    from workbench.tasks import SPLITS

    return {
        "id": task.id,
        "title": task.title,
        "kind": task.kind,
        "languages": list(task.languages),
        "classes": list(task.classes),
        "rows": {split: len(task.rows(split).texts) for split in SPLITS},
        "metrics": list(task.metrics),
    }


def preview(
    file: Annotated[Path, typer.Argument(help="CSV, TSV or JSONL")],
    text_column: Annotated[str | None, typer.Option(help="where the texts are")] = None,
    label_column: Annotated[str | None, typer.Option(help="where the labels are")] = None,
    no_header: Annotated[
        bool, typer.Option("--no-header", help="the first line is a row")
    ] = False,
    json: Json = False,
) -> None:
    """Show a data file's columns and classes, and which rows are bad."""
    from workbench.tasks import preview as looked_at

    found = looked_at(file, text_column, label_column, not no_header)
    if json:
        as_json(found.to_json())
        return
    say(f"{found.rows:,} rows; text in {found.text_column!r}, label in {found.label_column!r}")
    table(("class", "rows"), [(name, str(n)) for name, n in found.classes.items()])
    for row in found.bad_rows[:20]:
        say(f"line {row.line}: {row.reason}")
    for notice in found.warnings:
        say(f"warning: {notice.told('en')}")
    if found.bad:
        say(f"{found.bad:,} bad rows are left out")
