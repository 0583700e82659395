"""What a client sends, and how it reads the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from workbench.core.errors import BadInput
from workbench.jobs.book import no_job
from workbench.store import no_run

ID = re.compile(r"[\w-]{1,64}", re.ASCII)


def located(request: Mapping[str, Any]) -> dict[str, Any]:
    """The request with a model's folder as an absolute path: the server works elsewhere."""
    asked, model = dict(request), request.get("model")
    if isinstance(model, str) and model:
        with suppress(OSError, RuntimeError, ValueError):
            place = Path(model).expanduser()
            if place.is_dir():
                asked["model"] = str(place.resolve())
    return asked


def body(data: Mapping[str, Any]) -> bytes:
    """JSON in ASCII, so that whatever was given gets as far as the server's own check.

    Raises:
        BadInput: for what JSON cannot hold.
    """
    try:
        return json.dumps(data).encode()
    except (TypeError, ValueError, RecursionError) as err:
        raise BadInput("request", "JSON with kind and request", "ask through the client") from err


def of_run(run: str) -> str:
    """Where the server tells of a run."""
    if not ID.fullmatch(run):
        raise no_run(run)
    return f"/runs/{run}"


def of_job(job: str) -> str:
    """Where the server is asked about a job."""
    if not ID.fullmatch(job):
        raise no_job(job)
    return f"/jobs/{job}"


def answered(answer: httpx.Response) -> Any:
    """The JSON of an answer; a server that is overrun says something else."""
    try:
        return answer.json()
    except ValueError as err:
        raise httpx.DecodingError(f"status {answer.status_code}", request=answer.request) from err
