"""What an artifact folder says about itself, in ``artifact.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput

SCHEMA = 1
NAME = "artifact.json"
WRITES = "writes"  # pooling of a model that writes: none
FORMATS = ("torch", "onnx", "openvino", "sklearn", "keras", "tflite")


@dataclass(frozen=True)
class About:
    """What a loader must know besides the weights.

    Args:
        family: ``model_type`` of the network, such as ``bert``.
        labels: class names, in the order of the logits.
        max_length: in tokens; longer texts are cut.
        pooling: ``mean`` (our head on the mean of the token vectors), ``model`` (its own head)
            or ``writes`` (a head for the next token).
        task: id of the task it was tuned on, or empty.
        kept: which layers, heads and units structured pruning left: ``{"layers": [indices],
            "heads": [indices per layer], "ffn": [indices per layer]}``, all counted in the
            original; None for a whole model.
    """

    family: str
    labels: tuple[str, ...]
    max_length: int
    pooling: str = "mean"
    task: str = ""
    kept: Mapping[str, Any] | None = None

    def write(self, folder: Path, format: str) -> None:
        """Write it into an artifact folder."""
        data = {"schema": SCHEMA, "format": format, **asdict(self)}
        text = json.dumps(data, ensure_ascii=False, indent=1)
        (folder / NAME).write_text(text + "\n", encoding="utf-8")


def describes(folder: Path) -> bool:
    """Whether the folder is an artifact of ours."""
    return (folder / NAME).is_file()


def read(folder: Path) -> tuple[str, About]:
    """The format of an artifact folder and what it says about itself.

    Raises:
        BadInput: if ``artifact.json`` is missing, damaged or of another schema.
    """
    path = folder / NAME
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        format, schema = data.pop("format"), data.pop("schema")
        about = replace(About(**data), labels=tuple(data["labels"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as err:
        raise BadInput(str(path), f"a readable {NAME} ({err})", "make the model again") from err
    if schema != SCHEMA or format not in FORMATS:
        raise BadInput(
            f"{path} (schema {schema}, format {format})",
            f"schema {SCHEMA} and format {' or '.join(FORMATS)}",
            "update the workbench",
        )
    return format, about
