"""``why``: where the time of a run goes, and why it is faster or slower than its reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from workbench.cli.flips import find
from workbench.cli.look import Json
from workbench.cli.output import as_json, say, table
from workbench.core.home import home
from workbench.core.records import Run
from workbench.i18n.numbers import significant, speed_words
from workbench.i18n.table import text
from workbench.i18n.why_words import (
    cause_words,
    floor_words,
    limit_words,
    split_words,
    stretch_words,
)
from workbench.jobs.views import why as told_of
from workbench.store import Store


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("why")(why)


def why(
    run: Annotated[str, typer.Argument(help="id of a finished run, or its beginning")],
    layers: Annotated[bool, typer.Option("--layers", help="also layer by layer")] = False,
    json: Json = False,
) -> None:
    """Tell where the time of a run goes, and why it is fast or slow."""
    store = Store(home())
    one = find(store, run)
    told = told_of(store, one.id)
    if json:
        as_json(told)
        return
    _describe(one, told)
    if layers and told["profile"]:
        _layers(told)


def _describe(one: Run, told: dict[str, object]) -> None:
    profile, pace = told["profile"], told["pace"]
    if "speedup_latency" in one.metrics:
        verdict = one.verdicts.get("speedup_latency")
        say(speed_words(one.metrics["speedup_latency"], verdict, "en"))
    if not isinstance(profile, dict) and not isinstance(pace, dict):
        say(text("why.none", "en"))
        return
    causes = told["causes"]
    assert isinstance(causes, list)
    for cause in causes:
        say(f"- {cause_words(cause, 'en')}")
    if not causes:
        say(text("why.no_cause", "en"))
    least = told["least_s"]
    assert least is None or isinstance(least, float)
    if isinstance(pace, dict):
        say(stretch_words(pace, "en"))
        words = floor_words(least, pace, "en")
    else:
        assert isinstance(profile, dict)
        say(split_words(profile, "en"))
        words = limit_words(least, one.metrics.get("latency_mean"), "en")
    if words:
        say(words)


def _layers(told: dict[str, object]) -> None:
    profile = told["profile"]
    assert isinstance(profile, dict)
    if profile["layers"] and all(layer["seconds"] is None for layer in profile["layers"]):
        say(text("why.no_layer_times", "en"))
    heads = ("", "layer", "time, ms", "size, MB", "thousand weights")
    rows = []
    for name, whose in (("profile", "layers.mine"), ("reference", "layers.reference")):
        side = told[name]
        found = side["layers"] if isinstance(side, dict) else ()
        for part in found:
            scaled = (("seconds", 1e3), ("size_bytes", 1e-6), ("elements", 1e-3))
            cells = ("" if part[n] is None else significant(x * part[n], 3) for n, x in scaled)
            rows.append((text(whose, "en"), _place(part["layer"], found), *cells))
    table(heads, rows)


def _place(layer: int, found: Sequence[Mapping[str, int]]) -> str:
    """The number of a layer, from 1; the embeddings come before the first, the head is last."""
    if layer < 0:
        return text("layers.before", "en")
    last = layer == max(part["layer"] for part in found)
    return text("layers.head", "en") if last else str(layer + 1)
