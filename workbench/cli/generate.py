"""``generate``: a model writes on from a prompt, token by token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from workbench.cli.look import Json
from workbench.cli.output import as_json
from workbench.cli.work import Model, failed
from workbench.core.errors import visible
from workbench.core.home import home
from workbench.jobs.client import HttpClient

LINE = 100_000  # characters of a piece that a terminal may show


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("generate")(generate)


def generate(
    model: Model,
    prompt: Annotated[str, typer.Option(help="the text to go on from")],
    tokens: Annotated[int, typer.Option(help="written at most")] = 256,
    temperature: Annotated[float, typer.Option(help="0: always the likeliest token")] = 0.0,
    top_p: Annotated[float, typer.Option(help="share of the likeliest tokens drawn from")] = 1.0,
    seed: Annotated[int, typer.Option(help="of the draws")] = 0,
    threads: Annotated[int, typer.Option(help="that compute")] = 1,
    json: Json = False,
) -> int:
    """Write on from a prompt; the text is a machine's, and shown as it comes."""
    sampling = {"tokens": tokens, "temperature": temperature, "top_p": top_p, "seed": seed}
    runtime = {"name": "torch", "threads": threads}
    client = HttpClient(home())
    asked = {"model": model, "prompts": [prompt], "sampling": sampling, "runtime": runtime}
    job = client.submit("generate", asked)
    shown = Shown(job.id)
    ended = client.wait(job, None if json else shown)
    if ended.result is None:
        return failed(ended, json)
    if json:
        as_json({"schema": 1, "id": ended.id, **ended.result})
        return 0
    shown.end(ended.result["texts"][0])
    typer.echo(_told(ended.result), err=True)
    return 0


class Shown:
    """Prints pieces of text: lines stay lines, other controls are spelt out.

    Args:
        job: whose pieces.
    """

    def __init__(self, job: str) -> None:
        self._job, self._text = job, ""

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Take in one event of the client."""
        if event["type"] == "text" and event["job"] == self._job:
            self._print(event["pieces"][0])

    def end(self, text: str) -> None:
        """Print what no event brought; all of it anew if the events were of another attempt."""
        if not text.startswith(self._text):
            print()
            self._text = ""
        self._print(text[len(self._text) :])
        print()

    def _print(self, piece: str) -> None:
        self._text += piece
        print("\n".join(visible(line, LINE) for line in piece.split("\n")), end="", flush=True)


def _told(result: Mapping[str, Any]) -> str:
    count = result["tokens"][0]
    if not count:
        return f"{result['prompt_tokens'][0]} tokens read; the model wrote nothing"
    rest = result["seconds"] - result["first_s"]
    rate = f"{(count - 1) / rest:.1f} tokens/s after it" if count > 1 and rest > 0 else ""
    first = f"first token after {1e3 * result['first_s']:.0f} ms"
    return ", ".join(x for x in (f"{count} tokens", first, rate) if x)
