"""A job that writes: a model goes on from prompts, and every piece is told as it comes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput
from workbench.core.knobs import build
from workbench.jobs import room
from workbench.jobs.desk import Desk
from workbench.jobs.limits import PROMPT_CHARS, PROMPTS
from workbench.jobs.setup import check_writes

PLAIN = ("\n", "\t")  # control characters that a prompt may hold


def asked(request: Mapping[str, Any], home: Path) -> dict[str, Any]:
    """A request to write, checked, with what was left out filled in.

    How many tokens a prompt has is seen where it is written on: a tokenizer is a stranger's file.

    Args:
        request: ``model``, ``prompts``; perhaps ``runtime`` and ``sampling``.
        home: ``WORKBENCH_HOME``.

    Raises:
        BadInput: for a model that does not write, a prompt that is none or too long, or a
            setting outside its domain.
    """
    from workbench import models
    from workbench.runtimes.decoder import Sampling
    from workbench.runtimes.writers import checked

    given = {"runtime": {"name": "torch"}, "sampling": {}, **request}
    given["prompts"] = _prompts(given.get("prompts"))
    build(Sampling, _object(given, "sampling"))
    checked(_object(given, "runtime"))
    check_writes(models.find(given["model"], home))
    return given


def _object(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    if not isinstance(given[name], Mapping):
        raise BadInput(f"{name} {given[name]!r:.60}", "an object of settings", "leave it out")
    return dict(given[name])


def _prompts(given: Any) -> list[str]:
    fits = isinstance(given, list) and all(isinstance(x, str) for x in given)
    if not fits or not 1 <= len(given) <= PROMPTS:
        raise BadInput("prompts", f"a list of 1 to {PROMPTS} texts", "give one at least")
    return [_plain(prompt.replace("\r\n", "\n")) for prompt in given]


def _plain(prompt: str) -> str:
    """A prompt without control characters.

    Raises:
        BadInput: if it has one, or is empty or too long.
    """
    if not prompt.strip():
        raise BadInput("prompt (empty)", "a text to go on from", "write one")
    if len(prompt) > PROMPT_CHARS:
        told = f"prompt of {len(prompt):,} characters"
        raise BadInput(told, f"at most {PROMPT_CHARS:,}", "shorten it")
    for sign in prompt:
        if (ord(sign) < 32 and sign not in PLAIN) or 0xD800 <= ord(sign) < 0xE000:
            raise BadInput(f"prompt with the character {sign!r}", "plain text", "take it out")
    return prompt


def write(desk: Desk, request: Mapping[str, Any]) -> dict[str, Any]:
    """Do it, in a process of its own.

    Returns:
        ``{"texts", "tokens", "prompt_tokens", "first_s", "seconds"}``.

    Raises:
        BadInput: if a prompt does not fit the model, or there is no room for it.
        HostFailed: if the model cannot be opened or fails on the way.
        Cancelled: when asked to stop.
    """
    from workbench import models
    from workbench.measure.host import Host

    folder, prompts = models.folder(request["model"], desk.home), request["prompts"]
    sampling, runtime = dict(request["sampling"]), dict(request["runtime"])
    longest = max(map(len, prompts)) + sampling.get("tokens", 0)
    room.check(room.of_writing(models.anatomy(folder), len(prompts), longest), desk.home)
    desk.stage("load", 0, 0)
    host = Host("writing", int(runtime.get("threads", 1)), desk.cancelled)
    try:
        host.ask(do="open_writer", folder=str(folder), runtime=runtime)
        desk.stage("write", 0, 0)
        given = host.ask(do="write", prompts=prompts, sampling=sampling)
        return {**_followed(host, len(prompts), desk), "prompt_tokens": given["tokens"]}
    finally:
        host.close()


def _followed(host: Any, rows: int, desk: Desk) -> dict[str, Any]:
    """Tell every piece until the last."""
    texts = [""] * rows
    while True:
        told = host.ask(do="more")
        pieces = told["pieces"]
        if any(pieces):
            texts = [text + piece for text, piece in zip(texts, pieces, strict=True)]
            desk.text(pieces)
        if told["done"]:
            return {"texts": texts, **{x: told[x] for x in ("tokens", "first_s", "seconds")}}
