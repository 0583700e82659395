"""OpenVINO as a decoder: one graph that keeps keys and values to itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from workbench.formats.prompts import Prompts
from workbench.recipes.registry import writer
from workbench.runtimes.decoder import NONE, Sampling, filled
from workbench.runtimes.openvino import OpenVino, compiled
from workbench.runtimes.sampler import Sampler


@writer(OpenVino)
class OpenVinoDecoder:
    """Writes with an OpenVINO artifact, its cache in float32.

    Args:
        folder: of the artifact.
        config: threads and arithmetic; one stream, whatever it says.

    Raises:
        BadInput: if this processor cannot compute in the precision.
    """

    def __init__(self, folder: Path, config: OpenVino) -> None:
        self.prompts = Prompts(folder)
        # pinned, workers side by side would all sit on the same core
        settings = {"NUM_STREAMS": 1, "KV_CACHE_PRECISION": "f32", "ENABLE_CPU_PINNING": False}
        self._request: Any = compiled(folder, config, settings).create_infer_request()

    def close(self) -> None:
        """Give the memory back."""
        self._request = None

    def logits(self, rows: Sequence[Sequence[int]]) -> np.ndarray:
        """As ``Decoder`` has it."""
        ids, mask = filled(rows, left=False)
        self._request.reset_state()
        return self._step(ids, mask, np.arange(ids.shape[1])).copy()

    def generate(
        self, rows: Sequence[Sequence[int]], sampling: Sampling, endless: bool = False
    ) -> Iterator[np.ndarray]:
        """As ``Decoder`` has it."""
        ids, mask = filled(rows, left=True)
        ends = [] if endless else sorted(self.prompts.ends)
        choose = Sampler(sampling)
        open_rows = np.ones(len(rows), dtype=bool)
        self._request.reset_state()
        for _ in range(min(sampling.tokens, self.prompts.positions - ids.shape[1])):
            token = choose(self._step(ids, mask, np.array([ids.shape[1] - 1]))[:, 0])
            open_rows &= ~np.isin(token, ends)
            yield np.where(open_rows, token, NONE)
            if not open_rows.any():
                return
            ids = token[:, None]
            mask = np.concatenate([mask, np.ones_like(ids)], axis=1)

    def _step(self, ids: np.ndarray, mask: np.ndarray, take: np.ndarray) -> np.ndarray:
        """Logits float32 (rows, places, vocabulary) behind the tokens that ``take`` names.

        They are valid until the next step.
        """
        places = np.maximum(mask.cumsum(axis=1) - 1, 0)[:, -ids.shape[1] :]
        given = {"input_ids": ids, "attention_mask": mask, "position_ids": places, "take": take}
        rows = np.arange(len(ids), dtype=np.int32)
        found = self._request.infer({**given, "beam_idx": rows}, share_inputs=True)
        return np.asarray(found["logits"])
