"""``operating``: where to run the model of a finished run."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from workbench.cli.flips import find
from workbench.cli.look import Json
from workbench.cli.output import as_json, say, table
from workbench.cli.work import failed, through
from workbench.core.errors import BadInput
from workbench.core.home import home
from workbench.core.records import Run
from workbench.figures.operating import failure_words
from workbench.i18n.numbers import duration, significant
from workbench.jobs.clients import OWNER
from workbench.jobs.operating import kept
from workbench.recipes.operating import Grid, suggested
from workbench.stats.fastest import fastest_within
from workbench.store import Store

LONGEST_MS = 3_600_000.0
Numbers = Annotated[str | None, typer.Option(help="whole numbers, such as 1,2,4")]


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("operating")(operating)


def operating(
    run: Annotated[str, typer.Argument(help="id of a finished run, or its beginning")],
    batches: Numbers = None,
    threads: Numbers = None,
    streams: Numbers = None,
    unsorted: Annotated[
        bool, typer.Option("--unsorted", help="also batches of texts as they come")
    ] = False,
    ceiling_ms: Annotated[float, typer.Option(help="p95 of a batch at most")] = 100.0,
    json: Json = False,
) -> int:
    """Try batches, threads and streams; the best under a ceiling of latency is marked."""
    if not 0 < ceiling_ms <= LONGEST_MS:
        wanted = f"milliseconds above 0, at most {LONGEST_MS:g}"
        raise BadInput(f"--ceiling-ms {ceiling_ms:g}", wanted, "give a longer or shorter time")
    store = Store(home())
    one = find(store, run)
    given = {"batches": batches, "threads": threads, "streams": streams}
    tried = _grid(one, given, unsorted)
    each = one.metrics["latency_mean"].value if "latency_mean" in one.metrics else 0.01
    took = duration(tried.seconds(each))
    print(f"{tried.points} settings, about {took} (minutes:seconds)", file=sys.stderr)
    job = through("operating", {"run": one.id, "grid": tried.to_json()})
    if job.status != "done":
        return failed(job, json)
    found = kept(store, one, OWNER)
    _tell(one.id, found["points"], found.get("failed", []), ceiling_ms, json)
    return 0


def _grid(one: Run, given: Mapping[str, str | None], unsorted: bool) -> Grid:
    """What is tried: as most would, but for what was given."""
    usual = suggested(one.recipe["runtime"], int(one.environment.get("threads", 1)))
    grid = {n: numbers(n, words) for n, words in given.items() if words is not None}
    if unsorted:
        grid["bucketed"] = [True, False]
    return Grid.from_json({**usual.to_json(), **grid})


def _tell(
    run: str, points: Sequence[Any], lost: Sequence[Any], ceiling_ms: float, json: bool
) -> None:
    """The points with the best marked, and what could not be measured."""
    rates = [point["throughput"]["value"] for point in points]
    tails = [point["latency_p95"]["value"] for point in points]
    best = fastest_within(rates, tails, ceiling_ms / 1e3)
    if json:
        as_json({"schema": 1, "run": run, "best": best, "points": points, "failed": lost})
        return
    heads = ("", "batch", "threads", "streams", "texts", "texts/s", "p95 of a batch, ms", "n")
    table(heads, [_row(point, place == best) for place, point in enumerate(points)])
    for one in lost:
        say(failure_words(one, str(BadInput(**one["error"])), "en"))
    if best is None:
        print(f"no setting stays under {ceiling_ms:g} ms")


def numbers(name: str, words: str) -> list[int]:
    """Whole numbers of an option, such as ``1,2,4``.

    Raises:
        BadInput: for anything else.
    """
    try:
        return [int(word) for word in words.split(",")]
    except ValueError as err:
        wanted = "whole numbers with commas between them, such as 1,2,4"
        raise BadInput(f"--{name} {words!r:.60}", wanted, "write them so") from err


def _row(point: Any, best: bool) -> tuple[str, ...]:
    return (
        "best" if best else "",
        *(str(point[name]) for name in ("batch", "threads", "streams")),
        "sorted by length" if point["bucketed"] else "as they come",
        _interval(point["throughput"], 1.0),
        _interval(point["latency_p95"], 1e3),
        str(point["throughput"]["n"]),
    )


def _interval(told: Any, scale: float) -> str:
    value, low, high = (significant(scale * told[part], 3) for part in ("value", "low", "high"))
    return value if told["n"] < 2 else f"{value} ({low} to {high})"
