"""A job that writes: a model goes on from prompts, and every piece is told as it comes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput, Cancelled
from workbench.core.knobs import build
from workbench.core.studies import studies
from workbench.jobs import kept, room
from workbench.jobs.chat import told_as_chat
from workbench.jobs.desk import Desk
from workbench.jobs.limits import PROMPT_CHARS, PROMPTS
from workbench.jobs.narrow import narrowed
from workbench.jobs.setup import check_writes
from workbench.measure.host import Host
from workbench.models.chat import chat_template
from workbench.recipes.plan import plan
from workbench.recipes.recipe import Recipe

PLAIN = ("\n", "\t")  # control characters that a prompt may hold


def asked(request: Mapping[str, Any], home: Path) -> dict[str, Any]:
    """A request to write, checked, with what was left out filled in.

    How many tokens a prompt has is seen where it is written on: a tokenizer is a stranger's file.

    Args:
        request: ``model``; ``prompts`` or a ``record``; perhaps ``recipe`` or ``runtime``,
            ``sampling``, and ``raw``: go on from the text as it is, whether or not the model has
            a chat template.
        home: ``WORKBENCH_HOME``.

    Returns:
        The same with ``prompts``, ``recipe``, ``sampling`` and ``raw`` for certain.

    Raises:
        BadInput: for a model that does not write, a prompt or record that is none or too long, a
            recipe that cannot be, or a setting outside its domain.
    """
    from workbench import models
    from workbench.runtimes.decoder import Sampling
    from workbench.runtimes.writers import checked

    given = {"sampling": {}, **request}
    runtime = _object({"runtime": {"name": "torch"}, **given}, "runtime")
    checked(runtime)
    given["raw"] = _raw(given)
    if "record" in given:
        given["prompts"] = [_study().prompt_of(given["record"])]
    given["prompts"] = _prompts(given.get("prompts"))
    build(Sampling, _object(given, "sampling"))
    check_writes(models.find(given["model"], home))
    if not isinstance(given.get("task", ""), str):
        raise BadInput(f"task {given['task']!r:.60}", "the id of a task", "leave it out")
    recipe = Recipe.from_json(_object({"recipe": {"runtime": runtime}, **given}, "recipe"))
    checked(recipe.to_json()["runtime"])
    plan(recipe, models.anatomy(models.folder(given["model"], home)))
    return {**given, "recipe": recipe.to_json()}


def _raw(given: Mapping[str, Any]) -> bool:
    """Whether a prompt is gone on from as it is."""
    raw = given.get("raw", False)
    if not isinstance(raw, bool):
        raise BadInput(f"raw {raw!r:.60}", "true or false", "leave it out")
    return raw


def _study() -> Any:
    """The case study whose models write from records.

    Raises:
        BadInput: if there is none.
    """
    for study in studies().values():
        if hasattr(study, "prompt_of"):
            return study
    raise BadInput("a record", "a case study that reads records", "give a prompt instead")


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
    """Do it, in a process of its own that stays for the next prompt.

    Returns:
        ``{"texts", "tokens", "prompt_tokens", "first_s", "seconds", "chat"}``: ``chat`` is
        whether the model's chat template was filled in; and ``facts`` where a record was given:
        what became of each of them.

    Raises:
        BadInput: if a prompt does not fit the model, or there is no room for it.
        HostFailed: if the model cannot be opened or fails on the way.
        Cancelled: when asked to stop.
    """
    from workbench import models

    recipe = Recipe.from_json(request["recipe"])
    folder = models.folder(request["model"], desk.home)
    chat = not request["raw"] and bool(chat_template(folder))
    if chat:
        request = {**request, "prompts": told_as_chat(folder, request["prompts"])}
    key, host = _opened(desk, request, recipe, chat)
    try:
        told = _written(host, desk, request)
    except BaseException:
        host.close()
        raise
    kept.give_back(key, host)
    if told is None:
        raise Cancelled
    if "record" in request:
        told["facts"] = _study().facts_of(request["record"], told["texts"][0])
    return {**told, "chat": chat}


def _opened(
    desk: Desk, request: Mapping[str, Any], recipe: Recipe, chat: bool
) -> tuple[Any, Host]:
    """A process with the model open in it, and the key that it is kept under."""
    from workbench import models

    model = request["model"]
    original = models.folder(model, desk.home)
    anatomy = models.anatomy(original)
    longest = max(map(len, request["prompts"])) + int(request["sampling"].get("tokens", 0))
    need = room.of_writing(anatomy, len(request["prompts"]), longest, recipe)
    room.check(need, desk.home)
    key = (str(original), models.fingerprint(original), str(recipe), chat)
    runtime = recipe.to_json()["runtime"]

    def start() -> Host:
        folder = narrowed(desk, model, recipe, request.get("task", ""))
        desk.stage("load", 0, 0)
        host = Host("writing", recipe.runtime.threads, desk.cancelled)
        host.ask(do="open_writer", folder=str(folder), runtime=runtime, chat=chat)
        return host

    return key, kept.taken(key, start)


def _written(host: Host, desk: Desk, request: Mapping[str, Any]) -> dict[str, Any] | None:
    """Tell every piece until the last; None if it was to stop: the process lives on."""
    host.follow(lambda: False)
    desk.stage("write", 0, 0)
    sampling = dict(request["sampling"])
    given = host.ask(do="write", prompts=request["prompts"], sampling=sampling)
    texts = [""] * len(request["prompts"])
    while True:
        if desk.cancelled():
            host.ask(do="stop")
            return None
        told = host.ask(do="more")
        pieces = told["pieces"]
        if any(pieces):
            texts = [text + piece for text, piece in zip(texts, pieces, strict=True)]
            desk.text(pieces)
        if told["done"]:
            kept_back = {x: told[x] for x in ("tokens", "first_s", "seconds")}
            return {"texts": texts, **kept_back, "prompt_tokens": given["tokens"]}
