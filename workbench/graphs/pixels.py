"""Small pictures as text, so that they travel as every other row does: ``8x8x1:`` and base64."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence

import numpy as np

from workbench.core.errors import BadInput


def told(picture: np.ndarray) -> str:
    """A picture, uint8 (height, width, channels) of 0 to 255, as text."""
    sizes = "x".join(map(str, picture.shape))
    return f"{sizes}:{b64encode(np.ascontiguousarray(picture, np.uint8).tobytes()).decode()}"


def read(texts: Sequence[str], shape: tuple[int, ...]) -> np.ndarray:
    """Pictures of one shape, float32 (rows, height, width, channels) of 0 to 255.

    Raises:
        BadInput: for a text that is no picture of that shape.
    """
    wanted = "x".join(map(str, shape))
    found = np.empty((len(texts), *shape), dtype=np.float32)
    for place, text in enumerate(texts):
        sizes, _, content = text.partition(":")
        try:
            values = np.frombuffer(b64decode(content, validate=True), np.uint8)
            if sizes != wanted or values.size != found[place].size:
                raise ValueError(sizes)
        except ValueError as err:
            raise BadInput(
                f"row {text!r:.40}", f"a picture of {wanted}", "choose a task of such pictures"
            ) from err
        found[place] = values.reshape(shape)
    return found
