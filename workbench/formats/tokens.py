"""From strings to token ids, with the tokenizers library alone: 30 us for a short sentence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from workbench.core.artifact import Artifact
from workbench.core.errors import BadInput
from workbench.formats import about
from workbench.formats.vocabulary import converted

NAME = "tokenizer.json"
LONGEST = 512  # tokens; where a plain folder allows more, its texts are cut here


class Tokens:
    """A tokenizer with the length at which it cuts.

    Args:
        folder: holds ``tokenizer.json``.
        max_length: in tokens; longer texts are cut.

    Raises:
        BadInput: if the folder has no tokenizer that can be read.
    """

    def __init__(self, folder: Path, max_length: int) -> None:
        self._tokenizer = read_tokenizer(folder)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length)
        self.max_length = max_length

    @classmethod
    def of(cls, artifact: Artifact) -> Tokens:
        """The tokenizer of a loaded artifact, which may have been given another length."""
        described = getattr(artifact.payload, "about", None)
        if described is None:
            return cls.at(artifact.folder)
        return cls(artifact.folder, described.max_length)

    @classmethod
    def at(cls, folder: Path) -> Tokens:
        """The tokenizer of an artifact folder or of a plain Hugging Face folder."""
        if about.describes(folder):
            return cls(folder, about.read(folder)[1].max_length)
        return cls(folder, longest(folder))

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, special tokens included; a text of nothing gets one token."""
        encoded = self._tokenizer.encode_batch_fast(list(texts))
        return [encoding.ids or [0] for encoding in encoded]

    def batch(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Token ids and attention mask, int64 (len(texts), longest), zeros behind the end."""
        rows = self.ids(texts)
        ids = np.zeros((len(rows), max(map(len, rows), default=1)), dtype=np.int64)
        mask = np.zeros_like(ids)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = row
            mask[i, : len(row)] = 1
        return ids, mask

    def write(self, folder: Path) -> None:
        """Write ``tokenizer.json``, as it was read, into another folder."""
        self._tokenizer.no_truncation()
        self._tokenizer.save(str(folder / NAME))
        self._tokenizer.enable_truncation(self.max_length)


def longest(folder: Path) -> int:
    """Where a plain folder's texts are cut: what its positions allow, at most ``LONGEST``."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    positions = config.get("max_position_embeddings") or config.get("n_positions") or LONGEST
    offset = 2 if config.get("model_type") in ("roberta", "xlm-roberta", "camembert") else 0
    return max(1, min(int(positions) - offset, LONGEST))


def read_tokenizer(folder: Path) -> Any:
    """The tokenizer of a folder, of the ``tokenizers`` library.

    Raises:
        BadInput: if there is none that can be read.
    """
    from tokenizers import Tokenizer

    path = folder / NAME
    try:
        if path.is_file():
            return Tokenizer.from_file(str(path))
        return converted(folder)
    except BaseException as err:  # the library raises plain Exception, or panics beside it
        if isinstance(err, KeyboardInterrupt | SystemExit):
            raise
        raise BadInput(
            f"{folder.name} (tokenizer: {str(err)[:120]})",
            "a tokenizer.json that can be read",
            "save the model's fast tokenizer into the folder",
        ) from err
