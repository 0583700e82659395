"""Optional libraries: imported where they are used, with an error that says what to install."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec


class MissingDependency(ImportError):
    """An optional library is absent or broken; the message names the extra to install."""


@contextmanager
def needs(extra: str, why: str) -> Iterator[None]:
    """Turn an ``ImportError`` raised inside the block into an instruction.

    Args:
        extra: name of the optional-dependency group in ``pyproject.toml``.
        why: what the user was doing, as a noun phrase ("INT8 on ONNX Runtime").

    Raises:
        MissingDependency: if an import inside the block fails.
    """
    try:
        yield
    except ImportError as err:
        hint = f"pip install 'llm-workbench[{extra}]'"
        raise MissingDependency(f"{why} needs an optional library ({err}). Try: {hint}") from err


def installed(module: str) -> bool:
    """Whether a top-level module can be found, without importing it.

    Raises:
        ValueError: if the name has a dot or a hyphen, as a distribution's may have.
    """
    if "." in module or "-" in module:
        raise ValueError(f"pass a top-level import name, not {module!r}")
    return find_spec(module) is not None
