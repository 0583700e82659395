"""Load a model once, to see that its weights make sense."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput

WORDS = "Where is my order?"


def load_once(model: str, home: Path) -> bool:
    """Read the weights and run one input.

    Args:
        model: a catalogue id, a folder, or ``hf:owner/name``.
        home: ``WORKBENCH_HOME``.

    Raises:
        BadInput: if the model is refused, or its weights do not fit its configuration.
    """
    from workbench import models
    from workbench.formats import load
    from workbench.formats.torch import new_classifier

    folder = models.folder(model, home)
    headed = bool(models.find(model, home).labels)
    artifact: Any = load(folder) if headed else new_classifier(folder, ("a", "b"), 128)
    return _answers(artifact, folder)


def _answers(artifact: Any, folder: Path) -> bool:
    import torch

    from workbench.formats.tokens import Tokens

    ids, mask = (torch.from_numpy(x) for x in Tokens.of(artifact).batch([WORDS]))
    try:
        with torch.inference_mode():
            artifact.payload(ids, mask)
    except (IndexError, RuntimeError, ValueError) as err:
        said = " ".join(str(err).split())[:120]
        raise BadInput(
            f"{folder.name} ({said})",
            "a tokenizer and weights that fit each other",
            "download or export the model again",
        ) from err
    return True
