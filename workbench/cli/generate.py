"""``generate``: a model writes on from a prompt, token by token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from workbench.cli.look import Json
from workbench.cli.output import as_json
from workbench.cli.work import Model, failed, given
from workbench.core.errors import BadInput, visible
from workbench.core.home import home
from workbench.jobs.client import HttpClient

LINE = 100_000  # characters of a piece that a terminal may show


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("generate")(generate)


def generate(
    model: Model,
    prompt: Annotated[str | None, typer.Option(help="the text to go on from")] = None,
    record: Annotated[
        str | None, typer.Option(help="an event instead: a JSON file, or JSON itself")
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(help="compress it first: a JSON file, or JSON itself")
    ] = None,
    task: Annotated[str | None, typer.Option(help="whose rows a recipe learns from")] = None,
    tokens: Annotated[int, typer.Option(help="written at most")] = 256,
    temperature: Annotated[float, typer.Option(help="0: always the likeliest token")] = 0.0,
    top_p: Annotated[float, typer.Option(help="share of the likeliest tokens drawn from")] = 1.0,
    seed: Annotated[int, typer.Option(help="of the draws")] = 0,
    raw: Annotated[
        bool, typer.Option("--raw", help="go on from the text as it is, without a chat template")
    ] = False,
    threads: Annotated[int, typer.Option(help="that compute, without a recipe")] = 1,
    json: Json = False,
) -> int:
    """Write on from a prompt or an event; the text is a machine's, and shown as it comes."""
    asked: dict[str, Any] = {
        "model": model,
        "sampling": {"tokens": tokens, "temperature": temperature, "top_p": top_p, "seed": seed},
        **_source(prompt, record),
    }
    if recipe is None:
        asked["runtime"] = {"name": "torch", "threads": threads}
    else:
        asked["recipe"] = given(recipe, "recipe")
    if raw:
        asked["raw"] = True
    if task is not None:
        asked["task"] = task
    client = HttpClient(home())
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


def _source(prompt: str | None, record: str | None) -> dict[str, Any]:
    """What is to be written on from.

    Raises:
        BadInput: for both or none of the two.
    """
    if (prompt is None) == (record is None):
        told = (
            "generate with both --prompt and --record" if prompt else "generate without a prompt"
        )
        raise BadInput(told, "a prompt or a record", "give one of --prompt and --record")
    if record is not None:
        return {"record": given(record, "record")}
    return {"prompts": [prompt]}


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
    chat = "in its chat template" if result["chat"] else ""
    facts = _facts(result["facts"]) if "facts" in result else ""
    return ", ".join(x for x in (f"{count} tokens", chat, first, rate, facts) if x)


def _facts(told: Mapping[str, Any]) -> str:
    """``9 of 10 facts right (wrong: date), 1 invented``."""
    right = [fact for fact in told["facts"] if fact["status"] == "right"]
    slips = [f"{x['status']}: {x['slot']}" for x in told["facts"] if x["status"] != "right"]
    which = f" ({', '.join(slips)})" if slips else ""
    share = f"{len(right)} of {len(told['facts'])} facts right{which}"
    return f"{share}, {len(told['invented'])} invented"
