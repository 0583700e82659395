"""What others see: estimates, verdicts, runs, jobs; frozen, JSON both ways, SI units."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from workbench.core.errors import BadInput

SCHEMA = 1
STATUSES = ("queued", "running", "done", "failed", "cancelled")


def content_hash(*parts: Any) -> str:
    """First 16 hex digits of SHA-256 over the parts as canonical JSON."""
    digest = hashlib.sha256()
    encoder = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    for piece in encoder.iterencode(parts):  # a data set is not held twice
        digest.update(piece.encode())
    return digest.hexdigest()[:16]


class Record:
    """JSON both ways for a frozen dataclass."""

    def to_json(self) -> dict[str, Any]:
        """Plain data with the schema's number first."""
        return {"schema": SCHEMA, **asdict(self)}  # type: ignore[call-overload]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read plain data; fields that a later version added are passed over.

        Raises:
            BadInput: for another schema, or when a field is missing.
        """
        if data.get("schema", SCHEMA) != SCHEMA:
            told = f"schema {data['schema']!r}"
            raise BadInput(told, f"schema {SCHEMA}", "update the workbench")
        known = {f.name for f in fields(cls)}  # type: ignore[arg-type]
        try:
            return cls(**{name: value for name, value in data.items() if name in known})
        except TypeError as err:
            remedy = "write it with this version"
            raise BadInput(cls.__name__, f"a complete record ({err})", remedy) from err


@dataclass(frozen=True)
class Estimate(Record):
    """A number that never goes without its unit, n and interval.

    Args:
        value: in SI units: s, 1/s, B, or a fraction (unit "1").
        n: how many independent observations: rows for quality, launches for speed, 1 if exact.
        level: coverage of the interval from ``low`` to ``high``, such as 0.95.
        kind: ``measured``, ``predicted`` or ``exact``.
    """

    value: float
    low: float
    high: float
    n: int
    unit: str
    level: float = 0.95
    kind: str = "measured"

    def to_json(self) -> dict[str, Any]:
        """Without the schema: it lives inside other records."""
        return asdict(self)


@dataclass(frozen=True)
class Verdict:
    """``faster``, ``slower``, ``better``, ``worse`` or ``cannot tell``, for one metric.

    ``n_needed`` says, for ``cannot tell``, how many rows (or launches) would probably settle it.
    """

    verdict: str
    n_needed: int | None = None


@dataclass(frozen=True)
class Run(Record):
    """One recipe on one model and task, and what was measured; ``architecture.md``, Run.

    Args:
        key: content hash of model, task, split, recipe and environment.
        split: ``validation`` or ``test``.
        recipe: as ``Recipe.to_json`` gives it.
        environment: a ``measure.environment.Environment`` as plain data.
        reference: id of the run it was compared with; None for the reference itself.
        metrics: name to ``Estimate``.
        verdicts: name to ``Verdict``.
        launches: raw seconds, one entry per launch of both hosts.
        artifact: folder of the compressed model, relative to ``WORKBENCH_HOME``.
        error: None, or value, expected, remedy.
        created: seconds since 1970, UTC.
    """

    id: str
    key: str
    status: str
    model: str
    task: str
    split: str
    recipe: Mapping[str, Any]
    environment: Mapping[str, Any]
    reference: str | None = None
    metrics: Mapping[str, Estimate] = field(default_factory=dict)
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    launches: tuple[Mapping[str, Any], ...] = ()
    artifact: str | None = None
    error: Mapping[str, str] | None = None
    created: float = 0.0
    client: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read plain data, as ``Record.from_json`` does, with its inner records."""
        inner = dict(data)
        metrics = data.get("metrics", {})
        inner["metrics"] = {k: Estimate.from_json(v) for k, v in metrics.items()}
        inner["verdicts"] = {k: Verdict(**v) for k, v in data.get("verdicts", {}).items()}
        inner["launches"] = tuple(data.get("launches", ()))
        return super().from_json(inner)


@dataclass(frozen=True)
class Job(Record):
    """Work asked for: queued, followed, cancelled.

    Args:
        kind: ``tune``, ``run``, ``sweep``, ``ceiling``, ``operating``, ``generate``, ``parallel``.
        client: who asked; turns are fair between clients.
        request: what was asked, as plain data.
        stage: what is being done, a key of the text table such as ``launch``.
        done: how much of the stage is done, of ``total``.
        total: 0 while unknown.
        seconds_left: a guess, None while unknown.
        ahead: jobs that go first, while queued.
        result: what it gave: ``{"runs": [ids]}`` or ``{"id": model, "metrics": …}``.
    """

    id: str
    kind: str
    client: str
    request: Mapping[str, Any]
    status: str = "queued"
    stage: str = ""
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    ahead: int = 0
    result: Mapping[str, Any] | None = None
    error: Mapping[str, str] | None = None
    created: float = 0.0
