"""Prompts for models that write: to token ids, and what was written back to text."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput
from workbench.formats.tokens import read_tokenizer

POSITIONS = 1_024  # tokens, where a configuration tells no number
KEPT, WINDOW = 4, 24  # tokens before a new one that are decoded with it, at least and at most
CHAT = ("chat_template.jinja", "tokenizer_config.json", "chat_template.json")
BROKEN = "\ufffd"  # what the bytes of half a character decode to


class Prompts:
    """The tokenizer of a model that writes.

    ``rows`` is how many tokens the network knows, ``positions`` how many it reads and writes at
    most, ``ends`` behind which of them nothing comes, ``end`` the one that a text is ended with
    (None if there is none), ``chat`` whether prompts come with a chat template around them, its
    special tokens among it.

    Args:
        folder: holds ``config.json`` and ``tokenizer.json``.

    Raises:
        BadInput: if it has no tokenizer that can be read.
    """

    def __init__(self, folder: Path) -> None:
        self._tokenizer = read_tokenizer(folder)
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        told = _json(folder / "config.json")
        self.positions = positions(folder)
        rows = told.get("vocab_size")
        self.rows = rows if type(rows) is int else self._tokenizer.get_vocab_size()
        self.ends = frozenset(x for x in self._ends(folder, told) if 0 <= x < self.rows)
        named = self._named(folder)
        self.end = named if named in self.ends else min(self.ends, default=None)
        self.chat = False

    def _named(self, folder: Path) -> int | None:
        """The end by its word: of models that chat, the one behind an answer."""
        word = _json(folder / "tokenizer_config.json").get("eos_token")
        word = word.get("content") if isinstance(word, dict) else word
        return self._tokenizer.token_to_id(word) if isinstance(word, str) else None

    def _ends(self, folder: Path, told: dict[str, Any]) -> list[int]:
        """Tokens behind which nothing comes, as the first file that names any has them."""
        for given in (_json(folder / "generation_config.json"), told):
            found = given.get("eos_token_id")
            ends = found if isinstance(found, list) else [found]
            if named := [x for x in ends if type(x) is int]:
                return named
        found = self._named(folder)
        return [] if found is None else [found]

    def encode(self, prompt: str) -> list[int]:
        """Token ids, with what the tokenizer puts before a text; a chat template has put it.

        Args:
            prompt: a text to go on from.

        Raises:
            BadInput: if nothing is left of it, it fills all positions of the model, or the
                network has no row for a token.
        """
        ids = list(self._tokenizer.encode(prompt, add_special_tokens=not self.chat).ids)
        while ids and ids[-1] in self.ends:  # some tokenizers end every text
            ids.pop()
        if not ids:
            raise BadInput("prompt (empty)", "a text to go on from", "write one")
        if len(ids) >= self.positions:
            wanted = f"at most {self.positions - 1:,} tokens, so that one can be written"
            raise BadInput(f"prompt of {len(ids):,} tokens", wanted, "shorten it")
        if max(ids) >= self.rows:
            wanted = f"tokens from 0 to {self.rows - 1:,}, as the network has rows for"
            told = f"tokenizer.json (token {max(ids):,})"
            raise BadInput(told, wanted, "give the model's own tokenizer")
        return ids

    def write_ends(self, folder: Path) -> None:
        """Write the tokens behind which nothing comes, as ``generation_config.json``."""
        told = json.dumps({"eos_token_id": sorted(self.ends)})
        (folder / "generation_config.json").write_text(told + "\n", encoding="utf-8")

    def write_settings(self, folder: Path) -> None:
        """Write the ``config.json`` that a folder without one needs to be read here."""
        told = {"max_position_embeddings": self.positions, "vocab_size": self.rows}
        text = json.dumps({**told, "eos_token_id": sorted(self.ends)})
        (folder / "config.json").write_text(text + "\n", encoding="utf-8")

    def behind(self, text: str) -> list[int]:
        """Token ids of what stands behind a prompt: nothing is put before or behind it."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def whole(self, ids: Sequence[int]) -> str:
        """Token ids as text, special tokens and all."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=False))

    def text(self, ids: Sequence[int]) -> str:
        """Token ids as text, without special tokens."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True))


class Told:
    """A text that grows token by token; half a character waits for its other half.

    A few tokens before a new one are decoded with it: alone it could lose its space.

    Args:
        prompts: the tokenizer.
        before: token ids of the prompt.
    """

    def __init__(self, prompts: Prompts, before: Sequence[int]) -> None:
        self._prompts, self._ids = prompts, list(before[-KEPT:])
        self._shown = len(prompts.text(self._ids))

    def add(self, token: int) -> str:
        """What a further token adds to the text."""
        self._ids.append(token)
        now = self._prompts.text(self._ids)
        whole = now.rstrip(BROKEN)
        more = whole[self._shown :]
        self._shown = max(self._shown, len(whole))
        if len(self._ids) > WINDOW and whole == now:
            self._ids = self._ids[-KEPT:]
            self._shown = len(self._prompts.text(self._ids))
        return more

    def rest(self) -> str:
        """What was held back, once nothing more comes."""
        return self._prompts.text(self._ids)[self._shown :]


def keep_chat(source: Path, folder: Path) -> None:
    """Copy the files of a model that tell how it is spoken to."""
    for name in CHAT:
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)


def positions(folder: Path) -> int:
    """Tokens that a model reads and writes at most, by its configuration."""
    told = _json(folder / "config.json")
    lengths = (told.get(x) for x in ("max_position_embeddings", "n_positions"))
    return next((x for x in lengths if type(x) is int), POSITIONS)


def _json(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found if isinstance(found, dict) else {}
