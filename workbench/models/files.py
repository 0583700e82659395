"""Reading configuration files that nobody vouches for: small, flat, JSON, or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput
from workbench.models.limits import JSON_BYTES


def read_json(path: Path, limit: int = JSON_BYTES) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        BadInput: if the file is missing, too large, damaged, or no object.
    """
    try:
        size = path.stat().st_size
        if size > limit:
            raise BadInput(
                f"{path.name} ({size:,} bytes)",
                f"at most {limit:,} bytes",
                "use a model from a source that you trust",
            )
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as err:
        if isinstance(err, BadInput):
            raise
        said = " ".join(str(err).split())[:100]
        raise BadInput(
            f"{path.name} ({type(err).__name__}: {said})",
            "readable JSON",
            "download or export the model again",
        ) from err
    if not isinstance(data, dict):
        raise BadInput(path.name, "a JSON object", "download or export the model again")
    return data
