"""Small pictures as text, so that they travel as every other row does: ``8x8x1:`` and base64."""

from __future__ import annotations

import re
import struct
import zlib
from base64 import b64decode, b64encode
from collections.abc import Sequence

import numpy as np

from workbench.core.errors import BadInput

PICTURE = re.compile(r"([1-9]\d{0,2})x([1-9]\d{0,2})x([13]):([A-Za-z0-9+/=]*)", re.ASCII)
MOST = 100_000  # characters of a picture that a page shows


def told(picture: np.ndarray) -> str:
    """A picture, uint8 (height, width, channels) of 0 to 255, as text."""
    sizes = "x".join(map(str, picture.shape))
    return f"{sizes}:{b64encode(np.ascontiguousarray(picture, np.uint8).tobytes()).decode()}"


def shown(text: str) -> str:
    """A picture as a ``data:`` address of a PNG file, in grey or colour; empty for other texts.

    Source:
        W3C 2003, "Portable Network Graphics", sec. 5 and 11.
    """
    found = PICTURE.fullmatch(text)
    if not found or len(text) > MOST:
        return ""
    height, width, channels = map(int, found.groups()[:3])
    try:
        values = np.frombuffer(b64decode(found[4], validate=True), np.uint8)
        rows = values.reshape(height, width * channels)
    except ValueError:
        return ""
    lines = np.insert(rows, 0, 0, axis=1).tobytes()  # each begins with its filter: none
    kind = {1: 0, 3: 2}[channels]
    head = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
    png = b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
    return f"data:image/png;base64,{b64encode(png).decode()}"


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
