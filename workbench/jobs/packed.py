"""What techniques that leave zeros or shared values are worth: the file packed, zeros counted."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from workbench.core.records import Estimate
from workbench.recipes.recipe import Recipe

WORTH = ("magnitude_pruning", "gradual_pruning", "weight_clustering")
SUFFIXES = (".safetensors", ".onnx", ".data", ".bin", ".tflite")
LEVEL = 6  # as gzip packs when nothing is said
CHUNK = 1 << 22


def packed(recipe: Recipe, folder: Path) -> dict[str, Estimate]:
    """The weights' bytes as gzip packs them, and the share of the matrices that is zero.

    Args:
        recipe: nothing is told but of the techniques in ``WORTH``: packing takes seconds.
        folder: of the artifact. Zeros are counted where it holds safetensors.

    Source:
        RFC 1951 (deflate).
    """
    if not any(config.name in WORTH for config in recipe.techniques):
        return {}
    files = [path for path in sorted(folder.iterdir()) if path.suffix in SUFFIXES]
    size = float(sum(len(piece) for path in files for piece in _deflated(path)))
    found = {"packed_size": Estimate(size, size, size, 1, "B", 1.0, "exact")}
    if (folder / "model.safetensors").is_file():
        zeros, total = _zeros(folder)
        share = zeros / total if total else 0.0
        found["zeros"] = Estimate(share, share, share, total, "1", 1.0, "exact")
    return found


def _deflated(path: Path) -> Iterator[bytes]:
    squeeze = zlib.compressobj(LEVEL)
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield squeeze.compress(piece)
    yield squeeze.flush()


def _zeros(folder: Path) -> tuple[int, int]:
    """Zeros and weights of the matrices: biases and norms are few, and never cut."""
    from workbench.models.weights import WIDTHS, tensors

    zeros = total = 0
    for tensor in tensors(folder).values():
        if len(tensor.shape) > 1 and tensor.dtype.startswith(("F", "BF")):
            raw = np.fromfile(tensor.file, np.uint8, tensor.size_bytes, offset=tensor.start)
            values = raw.reshape(-1, WIDTHS[tensor.dtype])
            values[:, -1] &= 0x7F  # -0.0 is zero, too
            zeros += int((~values.any(axis=1)).sum())
            total += len(values)
    return zeros, total
