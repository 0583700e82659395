"""The drawing library of the browser, as the plotly package carries it."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

HEAD = "const module = {exports: {}}, exports = module.exports, define = undefined;\n"


def plotly_script() -> str:
    """plotly.js, about 4.6 million characters."""
    script = files("plotly").joinpath("package_data", "plotly.min.js")
    return script.read_text(encoding="utf-8")


def plotly_module() -> str:
    """plotly.js as a module that sets one global, whatever else of its kind the page has."""
    return f"{HEAD}{plotly_script()}\nglobalThis.__wbPlotly = module.exports;\n"


@cache
def packed_module() -> bytes:
    """``plotly_module`` as gzip, made once: a third of the size."""
    import gzip

    return gzip.compress(plotly_module().encode(), 6, mtime=0)
