"""``app``, ``lab`` and ``report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.output import say

Port = Annotated[int, typer.Option(help="port on loopback; 0 takes a free one")]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="do not open a browser")]


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.command("app")(app)
    program.command("lab")(lab)
    program.command("report")(report)


def app(port: Port = 8866, no_browser: NoBrowser = False) -> None:
    """Open the workbench as a page (Voila)."""
    from workbench.apps.serve import serve_app

    serve_app(port, not no_browser, lambda address: print(f"Workbench: {address}", flush=True))


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
