"""The command ``workbench``: what goes wrong becomes one sentence and an exit code."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from workbench import __version__
from workbench.cli import (
    apps,
    ceiling,
    flips,
    generate,
    look,
    operating,
    parallel,
    why,
    work,
)
from workbench.cli.output import as_json
from workbench.core.deps import MissingDependency
from workbench.core.errors import BadInput
from workbench.store.disk import disk_error

USAGE: Any = typer.BadParameter.__base__  # typer carries a click of its own, under a private name
program = typer.Typer(
    name="workbench",
    help="Choose, compress, accelerate and tune models, and measure what it did to them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@program.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="tell the version")] = False,
) -> None:
    if version:
        print(f"workbench {__version__}")
        raise typer.Exit


for commands in (apps, look, work, generate, parallel, flips, why, operating, ceiling):
    commands.register(program)


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit: 0 done, 1 failed, 2 bad input, 130 interrupted."""
    given = sys.argv[1:] if arguments is None else arguments
    _tolerant()
    try:
        code = program(args=given, prog_name="workbench", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except BadInput as err:
        _refuse(err, given)
    except MissingDependency as err:
        said = " ".join(str(err).split()).rstrip(".")
        _refuse(BadInput(said, "an installed library", "install it"), given)
    except USAGE as err:
        if not given:
            sys.exit(print(err) or 2)
        said = " ".join(str(err).split()).rstrip(".")
        _refuse(BadInput(said, "a complete command", "see workbench --help"), given)
    except httpx.HTTPError as err:
        value = f"the job server ({type(err).__name__})"
        _refuse(BadInput(value, "an answer", "try again, and see server.log"), given)
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(130)
    except OSError as err:
        _refuse(_of_the_disk(err), given)


def _of_the_disk(err: OSError) -> BadInput:
    if isinstance(err, BrokenPipeError):  # whoever read our output has gone
        sys.exit(1)
    told = disk_error(err, Path(err.filename or "the disk"))
    if told is None:
        raise err
    return told


def _tolerant() -> None:
    """A letter that the terminal's encoding lacks is spelled out."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _refuse(err: BadInput, given: list[str]) -> None:
    """One sentence on stderr; with ``--json`` the same as data on stdout."""
    if "--json" in given:
        as_json({"error": err.to_json()})
    print(err, file=sys.stderr)
    sys.exit(2)
