"""What a stranger may see and name: nothing that is a file of this machine."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput
from workbench.core.home import home
from workbench.core.records import Job, Run

FILES = "csv:"  # how the id of a task begins that lies in files
# an absolute path, or one that goes up: everything but its last part is nobody's business
PATH = re.compile(
    r"(?:(?<![\w.:/\\~-])|(?<=csv:))(?:[A-Za-z]:)?(?:~|\.{1,2})?(?:[/\\][^\s/\\'\",;:?*<>|()]+)+[/\\]?"
)


def is_file(name: Any) -> bool:
    """Whether the id of a model or task names files of this machine."""
    told = str(name)
    if told.startswith("hf:"):
        return False
    return told.startswith((FILES, "~", ".")) or "/" in told or "\\" in told


def without_paths(words: str) -> str:
    """The words with every path cut down to its last part, and folders of ours to nothing.

    A path's end cannot be told from its letters where folders have spaces or brackets in their
    names. Those that errors name most are known, so these go first, letter by letter.
    """
    if "/" not in words and "\\" not in words:
        return words
    roots = []
    for folder in (home, Path.home, Path.cwd, tempfile.gettempdir, lambda: sys.prefix):
        with suppress(OSError, RuntimeError):
            roots.append(str(folder()))
    bare = _known(*roots).sub("…", words)
    cut = PATH.sub(lambda found: "…" + re.split(r"[/\\]", found[0].rstrip("/\\"))[-1], bare)
    return re.sub("…+[/\\\\]?…", "…", cut)


@lru_cache(maxsize=8)
def _known(*roots: str) -> re.Pattern[str]:
    """These folders and what they lie in, the longest first."""
    found = {path for root in roots for path in (Path(root), Path(root).resolve())}
    told = {str(part) for path in found for part in (path, *path.parents)} - {"/", "."}
    listed = "|".join(map(re.escape, sorted(told, key=len, reverse=True)))
    return re.compile(rf"(?<![\w.~-])(?:{listed})(?![\w-]|\.\w)" if listed else "(?!)")


def public_error(error: Mapping[str, str] | None) -> Mapping[str, str] | None:
    """An error without paths."""
    return error and {part: without_paths(str(words)) for part, words in error.items()}


def public_job(job: Job) -> Job:
    """A job without what it says about files."""
    named = any(is_file(job.request.get(x, "")) for x in ("model", "task"))
    shown = replace(job, error=public_error(job.error))
    return replace(shown, request={}, result=None, error=None) if named else shown


def public_run(run: Run) -> Run | None:
    """A run without paths; None if it is of a model or task that lies in files."""
    if is_file(run.model) or is_file(run.task):
        return None
    return replace(run, error=public_error(run.error), artifact=None, client="")


def unlisted(name: str) -> BadInput:
    """Why a stranger cannot open something that is not listed."""
    return BadInput(
        f"{name.strip()[:80]!r}",
        "a model or task of the list",
        "ask whoever runs this page to add it",
    )
