"""``flips``: which answers changed between two runs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.look import Json
from workbench.cli.output import as_json, table
from workbench.core.errors import BadInput
from workbench.core.home import home
from workbench.core.records import Run
from workbench.i18n.numbers import cannot_tell, chance, change_words
from workbench.i18n.table import text
from workbench.ledger import (
    LOST,
    OTHER,
    SORTS,
    WON,
    Group,
    Ledger,
    compared,
    counterpart,
    exported,
    ordered,
)
from workbench.store import Store, replacing

NAMES = {"lost": LOST, "won": WON, "other": OTHER}  # kinds of rows, as --kind takes them
SHOWN = 20  # changed rows printed; --export and --json give all
SHORTEST = 6  # characters of an id that are taken for it


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("flips")(flips)


def flips(
    run: Annotated[str, typer.Argument(help="id of a finished run, or its beginning")],
    against: Annotated[
        str | None, typer.Option(help="id of the run to compare with; by default its reference")
    ] = None,
    export: Annotated[
        Path | None, typer.Option(help="a .csv or .jsonl file for all changed rows")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="lost, won or other")] = None,
    sort: Annotated[str, typer.Option(help="the order of rows: " + ", ".join(SORTS))] = "drop",
    groups: Annotated[
        bool, typer.Option("--groups", help="also groups of which nothing can be told yet")
    ] = False,
    json: Json = False,
) -> None:
    """Show which answers changed, and in which classes and slices."""
    form = _form(export)
    chosen = "" if kind is None else NAMES[_one_of("--kind", kind, NAMES)]
    _one_of("--sort", sort, SORTS)
    store = Store(home())
    one = find(store, run)
    other = find(store, counterpart(one, against))
    found = compared(store.home, one, other)
    found = replace(found, flips=tuple(ordered(found.flips, chosen, sort)))
    if export is not None:
        with replacing(export.resolve()) as temporary:
            temporary.write_text(exported(found.flips, form), encoding="utf-8", newline="")
    if json:
        as_json(found.to_json())
        return
    _describe(found, groups)
    if export is not None:
        print(f"{len(found.flips):,} changed rows in {export}")


def _one_of(option: str, given: str, known: Collection[str]) -> str:
    if given not in known:
        told = f"{option} {given!r:.40}"
        raise BadInput(told, f"one of {', '.join(known)}", "choose one of them")
    return given


def find(store: Store, run_id: str) -> Run:
    """The run of an id, or of the beginning of one.

    Raises:
        BadInput: if no run, or more than one, begins so.
    """
    runs = store.runs()
    found = [run for run in runs if run.id == run_id]
    if not found and len(run_id) >= SHORTEST:
        found = [run for run in runs if run.id.startswith(run_id)]
    if len(found) != 1:
        remedy = "list them with workbench runs"
        raise BadInput(f"run {run_id!r:.80}", "the id of a stored run", remedy)
    return found[0]


def _form(export: Path | None) -> str:
    if export is None:
        return ""
    form = export.suffix.lower().removeprefix(".")
    if form not in ("csv", "jsonl"):
        raise BadInput(export.name, "a name that ends in .csv or .jsonl", "rename the file")
    if not export.resolve().parent.is_dir() or export.is_dir():
        raise BadInput(str(export), "a file in a folder that is there", "make the folder first")
    return form


def _describe(found: Ledger, wide: bool) -> None:
    counts = {"lost": found.lost, "won": found.won, "other": found.other}
    said = text("ledger.summary", "en", changed=found.changed, n=f"{found.n:,}", **counts)
    words = change_words(found.change, found.verdict, "en")
    print(said)
    print(text("ledger.overall", "en", words=words, p=chance(found.p)))
    listed = [g for g in found.groups if g.verdict.verdict != "cannot tell"]
    if wide:
        rest = [g for g in found.groups if g not in listed and g.lost + g.won]
        listed += sorted(rest, key=lambda group: group.change.value)
    if listed:
        heads = ("group", "rows", "right → wrong", "wrong → right", "points", "verdict")
        table(heads, [_group(group) for group in listed])
    elif found.changed:
        print(text("ledger.no_groups", "en"))
    rows = [
        (str(f.row), text(f"ledger.{f.kind}", "en"), f.label, f.before, f.after, f.text[:60])
        for f in found.flips[:SHOWN]
    ]
    if rows:
        table(("row", "what", "right answer", "before", "after", "text"), rows)


def _group(group: Group) -> tuple[str, ...]:
    name = f"{group.column or 'class'}: {group.value}"
    told = group.verdict.verdict
    if told == "cannot tell":
        told = cannot_tell(group.verdict, "rows", "en")
    if group.explained:
        told = text("ledger.explained", "en", group=group.explained)
    points = f"{100 * group.change.value:+.1f}"
    return name, str(group.n), str(group.lost), str(group.won), points, told
