"""A recipe: an ordered tuple of technique configs and a runtime config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from workbench.core.errors import BadInput
from workbench.core.knobs import build, check
from workbench.recipes.registry import RUNTIMES, TECHNIQUES, lookup

SCHEMA = 1
FIELDS = ("schema", "techniques", "runtime", "front")


@dataclass(frozen=True)
class Recipe:
    """What is done to a model, in order, and what executes the result.

    Args:
        techniques: technique configs, first applied first; each kind at most once.
        runtime: a runtime config.
        front: a front stage such as a cascade; None in this version.
    """

    runtime: Any
    techniques: tuple[Any, ...] = ()
    front: None = None

    def __post_init__(self) -> None:
        for config in (*self.techniques, self.runtime):
            check(config)
        names = [config.name for config in self.techniques]
        for name in names:
            if names.count(name) > 1:
                raise BadInput(
                    f"techniques {names}", "each technique at most once", f"keep one {name}"
                )

    def to_json(self) -> dict[str, Any]:
        """Plain data; ``from_json`` gives an equal recipe back."""
        return {
            "schema": SCHEMA,
            "techniques": [{"name": c.name, **asdict(c)} for c in self.techniques],
            "runtime": {"name": self.runtime.name, **asdict(self.runtime)},
            "front": self.front,
        }

    @classmethod
    def from_json(cls, data: Any) -> Recipe:
        """Read plain data.

        Raises:
            BadInput: for anything unknown, out of range or of another schema.
        """
        check_fields(data)
        listed = data.get("techniques", [])
        if not isinstance(listed, list):
            raise BadInput(f"techniques {listed!r}", "a list", "put the techniques in [ ]")
        return cls(
            runtime=_config(RUNTIMES, "runtime", data.get("runtime", {"name": "torch"})),
            techniques=tuple(_config(TECHNIQUES, "technique", entry) for entry in listed),
        )

    def as_code(self, model: str, task: str, verify: bool = False) -> str:
        """Python that makes and measures this recipe again; on the test split if ``verify``."""
        kinds = sorted({type(config).__name__ for config in self.techniques})
        lines = ["import workbench", "from workbench.recipes.recipe import Recipe"]
        if kinds:
            lines.append(f"from workbench.techniques import {', '.join(kinds)}")
        lines.append(f"from workbench.runtimes import {type(self.runtime).__name__}")
        lines += ["", "recipe = Recipe(", f"    runtime={self.runtime!r},"]
        if kinds:
            lines += ["    techniques=(", *(f"        {c!r}," for c in self.techniques), "    ),"]
        lines += [")", "client = workbench.connect()"]
        more = ", verify=True" if verify else ""
        return "\n".join([*lines, f"run = client.run({model!r}, {task!r}, recipe{more})"]) + "\n"


def check_fields(data: Any) -> None:
    """Raise ``BadInput`` unless ``data`` has the outer shape of a recipe or a grid."""
    if not isinstance(data, Mapping):
        raise BadInput(f"recipe {data!r:.80}", "a JSON object", "see the example in the README")
    for name in data:
        if name not in FIELDS:
            raise BadInput(
                f"recipe field {name!r}", "one of " + ", ".join(FIELDS), f"remove {name!r}"
            )
    if data.get("schema", SCHEMA) != SCHEMA:
        raise BadInput(f"recipe schema {data['schema']!r}", f"schema {SCHEMA}", "write it anew")
    if data.get("front") is not None:
        raise BadInput(f"front {data['front']!r:.80}", "null", "remove the front stage")


def _config(table: dict[str, Any], kind: str, entry: Any) -> Any:
    if not isinstance(entry, Mapping):
        raise BadInput(
            f"{kind} {entry!r:.80}", 'an object such as {"name": …}', "write it as an object"
        )
    found = lookup(table, kind, entry.get("name"))
    return build(found.config_type, {k: v for k, v in entry.items() if k != "name"})
