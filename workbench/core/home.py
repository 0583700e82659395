"""Where everything is kept."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """``WORKBENCH_HOME``, or the platform's folder for user data; made if it is not there.

    Holds ``models/`` (tuned models), ``runs/`` (the truth), ``jobs/``, ``cache/`` and the
    server's files.
    """
    chosen = os.environ.get("WORKBENCH_HOME")
    if chosen:
        folder = Path(chosen).expanduser().resolve()
    else:
        from platformdirs import user_data_path

        folder = user_data_path("workbench")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
