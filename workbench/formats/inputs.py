"""From strings to the arrays that an artifact's network takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from workbench.formats import about
from workbench.formats.tokens import Tokens
from workbench.graphs import pixels
from workbench.graphs.folder import NAME, read_graph

Reader = Callable[[Sequence[str]], list[np.ndarray]]


def reader(folder: Path) -> Reader:
    """What turns texts into inputs.

    Args:
        folder: of an artifact. Where it holds a ``graph.json``, the network takes one array of a
            fixed length: token ids, int32 (texts, tokens), zeros behind the end; or pixels,
            float32 (texts, height, width, channels). Else it takes ids and mask, int64 (texts,
            longest).
    """
    if not (folder / NAME).is_file():
        tokens = Tokens.at(folder)
        return lambda texts: list(tokens.batch(texts))
    graph = read_graph(folder)
    shape = graph.input_shape
    if not graph.reads_text:
        return lambda texts: [pixels.read(texts, shape)]
    cut = Tokens(folder, about.read(folder)[1].max_length)

    def fixed(texts: Sequence[str]) -> list[np.ndarray]:
        ids = np.zeros((len(texts), *shape), dtype=np.int32)
        for place, row in enumerate(cut.ids(texts)):
            ids[place, : len(row)] = row[: shape[0]]
        return [ids]

    return fixed
