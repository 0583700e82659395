"""``app``, ``lab`` and ``report``."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.output import say

LOOPBACK = "127.0.0.1"
OPEN = (
    "Warning: {host} can be reached from other machines, and what passes is not encrypted: "
    "put a server with TLS before it."
)
ANYBODY = " Whoever can reach it may use this machine for jobs: --token-file keeps strangers out."
Port = Annotated[int, typer.Option(help="port on loopback; 0 takes a free one")]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="do not open a browser")]


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.command("app")(app)
    program.command("lab")(lab)
    program.command("report")(report)


def app(
    port: Port = 8866,
    no_browser: NoBrowser = False,
    host: Annotated[str, typer.Option("--host", "--ip", help="address to listen on")] = LOOPBACK,
    name: Annotated[list[str] | None, typer.Option(help="host name of the page")] = None,
    token_file: Annotated[Path | None, typer.Option(help="file with the visitors' token")] = None,
    places: Annotated[int | None, typer.Option(help="visits at once, 24 by default")] = None,
    public: Annotated[
        bool, typer.Option("--public", help="visitors may name no files of this machine")
    ] = False,
    case: Annotated[str, typer.Option(help="page of a case study, such as news")] = "",
) -> None:
    """Open the workbench, or the page of a case study, as a page (Voila)."""
    from workbench.apps.serve import Published, is_loopback, serve_app

    if not is_loopback(host):
        print(OPEN.format(host=host) + (ANYBODY if token_file is None else ""), file=sys.stderr)
    where = None if token_file is None else token_file.expanduser().absolute()
    page = Published(port, host, tuple(name or ()), where, public=public)
    if places is not None:
        page = replace(page, places=places)
    asked = "" if where is None else "  (asks for the token of the file)"
    serve_app(
        page,
        not no_browser,
        lambda address: print(f"Workbench: {address}{asked}", flush=True),
        case,
    )


def lab(port: Port = 8888, no_browser: NoBrowser = False) -> None:
    """Open JupyterLab on the notebooks."""
    from workbench.apps.serve import serve_lab

    serve_lab(port, not no_browser, lambda address: print(f"JupyterLab: {address}", flush=True))


def report(
    out: Annotated[Path, typer.Option(help="the HTML file to write")],
) -> None:
    """Write all runs into one self-contained HTML file."""
    from workbench.apps.report import write_report

    say(f"{write_report(out)} runs in {out}")
