"""``ceiling``: what this machine could do at best."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from workbench.cli.look import Json
from workbench.cli.output import as_json, say
from workbench.cli.work import failed, through
from workbench.i18n.numbers import significant

MB = 2**20


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("ceiling")(ceiling)


def ceiling(
    threads: Annotated[int, typer.Option(help="that products may use, as a run has them")] = 1,
    device: Annotated[str, typer.Option(help="cpu, or cuda: the first GPU")] = "cpu",
    json: Json = False,
) -> int:
    """Measure what this machine can do at best; then ``why`` tells how near a run comes."""
    job = through("ceiling", {"threads": threads, "device": device})
    if job.status != "done" or job.result is None:
        return failed(job, json)
    found = job.result["ceiling"]
    as_json({"schema": 1, **found}) if json else _describe(found)
    return 0


def _describe(found: Mapping[str, Any]) -> None:
    threads = found["threads"]
    where = f"with {threads} {'thread' if threads == 1 else 'threads'}"
    say(f"At best, {where if found['device'] == 'cpu' else 'on the GPU'}:")
    for name, rate in found["products"].items():
        billions = significant(rate / 1e9, 3)
        say(f"  {name}: {billions} billion multiplications and additions a second")
    for size, rate in found["memory"].items():
        say(f"  reading {round(int(size) / MB)} MB: {significant(rate / 1e9, 3)} GB a second")
