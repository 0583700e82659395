"""Artifact folders: load whatever lies there, save whatever is in hand."""

from __future__ import annotations

import shutil
from pathlib import Path

from workbench.core.artifact import Artifact
from workbench.formats import about


def load(folder: Path) -> Artifact:
    """An artifact of a folder; a torch module is loaded, an ONNX graph stays on disk.

    Raises:
        BadInput: if the folder holds no model that can be read.
    """
    if about.describes(folder):
        format, described = about.read(folder)
        if format != "torch":
            return Artifact(format, folder, described.labels)
    from workbench.formats import torch

    return torch.load(folder)


def save(artifact: Artifact, folder: Path) -> None:
    """Write an artifact into a new folder; it loads again bit by bit.

    Raises:
        OSError: if the folder cannot be written.
    """
    if artifact.format == "torch":
        from workbench.formats import torch

        torch.save(artifact, folder)
    else:
        shutil.copytree(artifact.folder, folder, dirs_exist_ok=True)
