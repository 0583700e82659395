"""What a model is, as one hash of its content; the same wherever the folder lies."""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from pathlib import Path

from workbench.core.home import home
from workbench.core.records import content_hash
from workbench.models.weights import weight_files

NAMES = ("config.json", "tokenizer.json", "artifact.json", "vocabulary.json", "graph.json")


def fingerprint(folder: Path) -> str:
    """16 hex digits over the weights, the configuration and the tokenizer."""
    files = [*weight_files(folder)[1], *(folder / name for name in NAMES)]
    return content_hash([[path.name, sha256(path)] for path in files if path.is_file()])


def sha256(path: Path) -> str:
    """SHA-256 of a file; remembered for as long as size and time of the file stay."""
    target = path.resolve()
    status = target.stat()
    key = content_hash(str(target), status.st_size, status.st_mtime_ns)
    memory = home() / "cache" / "hashes" / key
    with suppress(OSError):
        kept = memory.read_text(encoding="ascii")
        if re.fullmatch("[0-9a-f]{64}", kept):  # a crash may leave it empty or full of NULs
            return kept
    with target.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    with suppress(OSError):  # a memory only: without it the file is read again
        memory.parent.mkdir(parents=True, exist_ok=True)
        fresh = memory.with_suffix(f".{json.dumps(status.st_ino)}")
        fresh.write_text(found, encoding="ascii")
        fresh.replace(memory)
    return found
