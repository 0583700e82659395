"""ONNX Runtime GenAI as a decoder: attention and its cache in one operator."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from workbench.core.deps import needs
from workbench.formats.genai import EXTRA, MODULE
from workbench.formats.prompts import Prompts
from workbench.recipes.registry import writer
from workbench.runtimes.decoder import NONE, Sampling, filled
from workbench.runtimes.onnxruntime import OnnxRuntime
from workbench.runtimes.sampler import COLDEST, Sampler

LIKELIEST, NEVER = 0.0, -1e9  # logits of the token that was drawn, and of all others


@writer(OnnxRuntime, module=MODULE, extra=EXTRA)
class GenAiDecoder:
    """Writes with an ONNX artifact that ``formats.genai`` built.

    Which token comes next, and where a row ends, is decided here, as for every other decoder.

    Args:
        folder: of the artifact.
        config: threads; one stream, whatever it says.

    Raises:
        MissingDependency: without the ``genai`` extra.
    """

    def __init__(self, folder: Path, config: OnnxRuntime) -> None:
        with needs(EXTRA, why="writing with ONNX Runtime"):
            import onnxruntime_genai

        self._library: Any = onnxruntime_genai
        self.prompts = Prompts(folder)
        self._rows = self.prompts.rows
        settings = onnxruntime_genai.Config(str(folder))
        session = {"intra_op_num_threads": config.cores, "inter_op_num_threads": 1}
        settings.overlay(json.dumps({"model": {"decoder": {"session_options": session}}}))
        self._filler = self._rows - 1  # as ``formats.genai`` has settled it
        self._model: Any = onnxruntime_genai.Model(settings)

    def close(self) -> None:
        """Give the memory back."""
        self._model = None

    def logits(self, rows: Sequence[Sequence[int]]) -> np.ndarray:
        """As ``Decoder`` has it."""
        longest = max(map(len, rows))
        found = np.zeros((len(rows), longest, self._rows), dtype=np.float32)
        for place, row in enumerate(rows):
            begun = self._begun(np.array([row]), len(row) + 1)
            found[place, : len(row)] = begun.get_output("logits")[0]
        return found

    def generate(
        self, rows: Sequence[Sequence[int]], sampling: Sampling, endless: bool = False
    ) -> Iterator[np.ndarray]:
        """As ``Decoder`` has it."""
        longest = max(map(len, rows))
        most = min(sampling.tokens, self.prompts.positions - longest)
        begun = [self._begun(part, longest + most) for part in self._parts(rows)]
        ends = [] if endless else sorted(self.prompts.ends)
        choose = Sampler(sampling)
        draws = sampling.temperature >= COLDEST
        open_rows = np.ones(len(rows), dtype=bool)
        for _ in range(most):
            if draws:
                _draw(begun, choose)
            for one in begun:
                one.generate_next_token()
            token = np.concatenate([one.get_next_tokens() for one in begun]).astype(np.int64)
            found = np.where(open_rows, token, NONE)
            open_rows &= ~np.isin(token, ends)
            yield np.where(open_rows, found, NONE)
            if not open_rows.any():
                return

    def _begun(self, ids: np.ndarray, room: int) -> Any:
        """A generator that has read its prompts."""
        params = self._library.GeneratorParams(self._model)
        params.set_search_options(max_length=room, batch_size=len(ids), do_sample=False)
        made = self._library.Generator(self._model, params)
        made.append_tokens(ids.astype(np.int32))
        return made

    def _parts(self, rows: Sequence[Sequence[int]]) -> list[np.ndarray]:
        """Prompts that are read together: all, filled up behind their ends, as the library has it.

        Where the token that fills up is a part of a prompt, each is read alone.
        """
        ids, mask = filled(rows, left=False)
        if len(rows) > 1 and (ids[mask == 1] == self._filler).any():
            return [np.array([row]) for row in rows]
        return [np.where(mask == 1, ids, self._filler)]


def _draw(begun: Sequence[Any], choose: Sampler) -> None:
    """Draw a token for every row, and make it the likeliest."""
    logits = [one.get_logits()[:, -1] for one in begun]
    drawn = choose(np.concatenate(logits))
    first = 0
    for one, told in zip(begun, logits, strict=True):
        wanted = np.full(told.shape, NEVER, dtype=told.dtype)
        mine = drawn[first : first + len(told)]
        wanted[np.arange(len(told)), mine] = LIKELIEST
        one.set_logits(wanted)
        first += len(told)
