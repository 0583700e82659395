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


def _nothing(_: Any) -> str:
    return ""


@dataclass(frozen=True)
class Technique:
    """One way to change an artifact of one format.

    Args:
        name: as recipes spell it.
        config_type: its frozen config dataclass, with a ``name``.
        format: what it takes and gives.
        handler: ``handler(artifact, config, context)`` returns a new artifact; the old one stays.
        resize: what it does to the shapes and widths: ``resize(anatomy, config)``; raises
            ``BadInput``, before any work, for a model that it cannot change.
        stays: why its result cannot be exported to another format; empty if it can.
        module: the optional library it needs, ``extra`` the extra that brings it.
        extra: name of an extra in ``pyproject.toml``.
        usable: why this machine cannot do it with such a config; empty if it can. Asked by
            panels, so it loads no framework.
        fits: which runtime its result needs, as a noun phrase, given the recipe's runtime config;
            empty if that one will do.
        follows: what must have been changed before it, as a noun phrase; empty if nothing must.
        writes: whether it can change a model that writes.
    """

    name: str
    config_type: type
    format: str
    handler: Handler
    resize: Callable[[Anatomy, Any], Anatomy]
    stays: str = ""
    module: str = ""
    extra: str = ""
    usable: Callable[[Any], str] = _nothing
    fits: Callable[[Any], str] = _nothing
    follows: str = ""
    writes: bool = False


@dataclass(frozen=True)
class Runtime:
    """What executes artifacts: ``opener(folder, config)`` returns a session; fields as above."""

    name: str
    config_type: type
    format: str
    opener: Callable[[Path, Any], Predictor]
    module: str = ""
    extra: str = ""
    usable: Callable[[Any], str] = _nothing


_TABLES: dict[str, dict[Any, Any]] = {
    name: {} for name in ("TECHNIQUES", "WAYS", "RUNTIMES", "WRITERS", "EXPORTS")
}
TECHNIQUES: dict[str, Technique]  # by name: the first way of each
WAYS: dict[tuple[str, str], Technique]  # by name and format: every way
RUNTIMES: dict[str, Runtime]
WRITERS: dict[str, Any]  # by name of a runtime: opens a ``Decoder``; ``lacks()`` what it needs
EXPORTS: dict[tuple[str, str], Callable[[Artifact, Context], Artifact]]


def __getattr__(name: str) -> Any:
    """A table, filled when it is first asked for: a recipe alone must know its techniques.

    The folders are named here, not imported above: they lie in higher layers.
    """
    if name not in _TABLES:
        raise AttributeError(name)
    return _filled()[name]


def _filled() -> dict[str, dict[Any, Any]]:
    for folder in ("formats", "runtimes", "techniques"):
        import_module(f"workbench.{folder}")
    return _TABLES


def technique(
    config_type: Any,
    *,
    format: str,
    resize: Callable[[Anatomy, Any], Anatomy],
    stays: str = "",
    module: str = "",
    extra: str = "",
    usable: Callable[[Any], str] = _nothing,
    fits: Callable[[Any], str] = _nothing,
    follows: str = "",
    writes: bool = False,
) -> Callable[[Function], Function]:
    """Register the decorated handler for (config type, format); arguments as ``Technique`` has."""

    def register(handler: Function) -> Function:
        name = config_type.name
        why = (stays, module, extra, usable, fits, follows)
        way = Technique(name, config_type, format, handler, resize, *why, writes)
        _TABLES["TECHNIQUES"].setdefault(name, way)
        _TABLES["WAYS"][name, format] = way
        return handler

    return register


def runtime(
    config_type: Any,
    *,
    format: str,
    module: str = "",
    extra: str = "",
    usable: Callable[[Any], str] = _nothing,
) -> Callable[[Function], Function]:
    """Register the decorated opener; see ``Runtime`` for the arguments."""

    def register(opener: Function) -> Function:
        name = config_type.name
        entry = Runtime(name, config_type, format, opener, module, extra, usable)
        _TABLES["RUNTIMES"][name] = entry
        return opener

    return register


def writer(config_type: Any, *, module: str = "", extra: str = "") -> Callable[[type], type]:
    """Register the decorated ``Decoder``, made of (folder, config), for a runtime.

    Args:
        config_type: of the runtime.
        module: the optional library that it needs beside the runtime's own.
        extra: brings it.
    """

    def register(made: Any) -> Any:
        made.lacks = staticmethod(lambda: _absent(module, extra))
        _TABLES["WRITERS"][config_type.name] = made
        return made

    return register


def export(source: str, target: str) -> Callable[[Function], Function]:
    """Register the decorated ``function(artifact, context)`` as the way between two formats."""

    def register(function: Function) -> Function:
        _TABLES["EXPORTS"][source, target] = function
        return function

    return register


def way(name: str, *formats: str) -> Technique:
    """The technique's way for the first of these formats that it has one for, or its first."""
    tables = _filled()
    ways = (tables["WAYS"].get((name, format)) for format in formats)
    found: Technique = next((way for way in ways if way), tables["TECHNIQUES"][name])
    return found


def _absent(module: str, extra: str) -> str:
    """What to install for an optional library that is not here; empty if it is."""
    if module and not installed(module):
        return f"{module} is not installed: pip install 'llm-workbench[{extra}]'"
    return ""


def reason(entry: Technique | Runtime, config: Any = None) -> str:
    """Why this way or runtime cannot be used here with ``config`` (or its defaults); or empty."""
    if absent := _absent(entry.module, entry.extra):
        return absent
    return entry.usable(entry.config_type() if config is None else config)


def missing(entry: Technique | Runtime, source: str = "") -> str:
    """Why an entry cannot be used here in any way, naming what to install; empty if it can.

    Args:
        entry: a technique or a runtime.
        source: format of the model; empty for any.
    """
    if isinstance(entry, Runtime):
        return reason(entry)
    tables = _filled()
    ways = [
        way
        for way in tables["WAYS"].values()
        if way.name == entry.name
        and (not source or way.format == source or (source, way.format) in tables["EXPORTS"])
    ]
    reasons = [reason(other) for other in ways or [entry]]
    return "" if "" in reasons else reasons[0]


def lookup(table: dict[str, Any], kind: str, name: object) -> Any:
    """The entry called ``name``, or ``BadInput`` with the names there are."""
    if not isinstance(name, str) or name not in table:
        known = ", ".join(sorted(table))
        raise BadInput(f"{kind} {name!r}", f"one of {known}", f"choose a {kind} from that list")
    return table[name]
