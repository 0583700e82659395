"""Models of the Hugging Face hub: from its cache, else downloaded, unless the hub is offline."""

from __future__ import annotations

import os
import re
from pathlib import Path

from workbench.core.errors import BadInput

HUB = "hf:"
HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)
PATTERNS = ["*.json", "*.safetensors", "*.txt", "*.model", "pytorch_model*.bin"]


def from_hub(name: str) -> Path:
    """The folder of ``owner/name``.

    Raises:
        BadInput: if it is neither cached nor to be had.
    """
    from huggingface_hub import snapshot_download

    offline = os.environ.get("HF_HUB_OFFLINE", "0") in ("1", "true", "True")
    for local in (True, False):
        if not local and offline:
            break
        try:
            return Path(snapshot_download(name, allow_patterns=PATTERNS, local_files_only=local))
        except Exception as err:  # the hub library raises many kinds, and network errors
            reason = type(err).__name__
    cached = ", ".join(_cached()) or "nothing"
    raise BadInput(
        f"hf:{name:.120} ({reason})",
        f"a model that is cached here ({cached}) or a connection to the hub",
        "connect, or copy the model's folder here and give its path",
    )


def _cached() -> list[str]:
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        repos = scan_cache_dir().repos
    except CacheNotFound:
        return []
    return sorted(f"hf:{repo.repo_id}" for repo in repos if repo.repo_type == "model")
