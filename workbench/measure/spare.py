"""Libraries that a host leaves out, and brings back where a session cannot do without them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

# What transformers imports wherever it is installed, and no session uses: a tenth of the seconds
# and a fifteenth of the memory of a host that has just opened a small model.
# torchao comes back where a model needs it (formats/quantised.py).
LEFT_OUT = ("accelerate", "scipy", "torchao")
NEVER = ("openvino_telemetry",)  # whatever happens
ASKS = "transformers"  # remembers what it has found missing

T = TypeVar("T")


def leave_out() -> None:
    """From now on they are taken for not installed."""
    for name in (*LEFT_OUT, *NEVER):
        sys.modules[name] = None  # type: ignore[assignment]


def with_them_if_need_be(make: Callable[[], T]) -> T:
    """Call ``make``; if an import fails, once more with everything that is installed.

    Other packages may be installed beside ours, and what they import is theirs.
    """
    try:
        return make()
    except ImportError:
        if not _brought_back():
            raise
    return make()


def _brought_back() -> bool:
    """Whether there was anything to bring back."""
    gone = [name for name in LEFT_OUT if sys.modules.get(name, sys) is None]
    half = [name for name in sys.modules if name.partition(".")[0] == ASKS] if gone else []
    for name in (*gone, *half):
        del sys.modules[name]
    return bool(gone)
