"""The tables of techniques, exports and runtimes; each file in those folders adds its own line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from workbench.core.anatomy import Anatomy
from workbench.core.artifact import Artifact, Context, Predictor
from workbench.core.deps import installed
from workbench.core.errors import BadInput

Function = TypeVar("Function", bound=Callable[..., Any])
Handler = Callable[[Artifact, Any, Context], Artifact]


@dataclass(frozen=True)
class Technique:
    """One way to change an artifact of one format.

    Args:
        name: as recipes spell it.
        config_type: its frozen config dataclass, with a ``name``.
        format: what it takes and gives.
        handler: ``handler(artifact, config, context)`` returns a new artifact; the old one stays.
        resize: what it does to the shapes and widths: ``resize(anatomy, config)``.
        stays: why its result cannot be exported to another format; empty if it can.
        follows: what must have been changed before it, as a noun phrase; empty if nothing must.
        module: the optional library it needs, ``extra`` the extra that brings it.
        extra: name of an extra in ``pyproject.toml``.
    """

    name: str
    config_type: type
    format: str
    handler: Handler
    resize: Callable[[Anatomy, Any], Anatomy]
    stays: str = ""
    module: str = ""
    extra: str = ""
    follows: str = ""


@dataclass(frozen=True)
class Runtime:
    """What executes artifacts: ``opener(folder, config)`` returns a session; fields as above."""

    name: str
    config_type: type
    format: str
    opener: Callable[[Path, Any], Predictor]
    module: str = ""
    extra: str = ""


_TABLES: dict[str, dict[Any, Any]] = {"TECHNIQUES": {}, "RUNTIMES": {}, "EXPORTS": {}}
TECHNIQUES: dict[str, Technique]
RUNTIMES: dict[str, Runtime]
EXPORTS: dict[tuple[str, str], Callable[[Artifact, Context], Artifact]]


def __getattr__(name: str) -> Any:
    """A table, filled when it is first asked for: a recipe alone must know its techniques.

    The folders are named here, not imported above: they lie in higher layers.
    """
    if name not in _TABLES:
        raise AttributeError(name)
    for folder in ("formats", "runtimes", "techniques"):
        import_module(f"workbench.{folder}")
    return _TABLES[name]


def technique(
    config_type: Any,
    *,
    format: str,
    resize: Callable[[Anatomy, Any], Anatomy],
    stays: str = "",
    module: str = "",
    extra: str = "",
    follows: str = "",
) -> Callable[[Function], Function]:
    """Register the decorated handler; see ``Technique`` for the arguments."""

    def register(handler: Function) -> Function:
        name = config_type.name
        _TABLES["TECHNIQUES"][name] = Technique(
            name, config_type, format, handler, resize, stays, module, extra, follows
        )
        return handler

    return register


def runtime(
    config_type: Any, *, format: str, module: str = "", extra: str = ""
) -> Callable[[Function], Function]:
    """Register the decorated opener; see ``Runtime`` for the arguments."""

    def register(opener: Function) -> Function:
        name = config_type.name
        _TABLES["RUNTIMES"][name] = Runtime(name, config_type, format, opener, module, extra)
        return opener

    return register


def export(source: str, target: str) -> Callable[[Function], Function]:
    """Register the decorated ``function(artifact, context)`` as the way between two formats."""

    def register(function: Function) -> Function:
        _TABLES["EXPORTS"][source, target] = function
        return function

    return register


def missing(entry: Technique | Runtime) -> str:
    """Why an entry cannot be used here, naming the extra to install; empty if it can."""
    if not entry.module or installed(entry.module):
        return ""
    return f"{entry.module} is not installed: pip install 'llm-workbench[{entry.extra}]'"


def lookup(table: dict[str, Any], kind: str, name: object) -> Any:
    """The entry called ``name``, or ``BadInput`` with the names there are."""
    if not isinstance(name, str) or name not in table:
        known = ", ".join(sorted(table))
        raise BadInput(f"{kind} {name!r}", f"one of {known}", f"choose a {kind} from that list")
    return table[name]
