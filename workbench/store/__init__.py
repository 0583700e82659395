"""The store: a folder per run is the truth, an SQLite index over it can be rebuilt."""

from workbench.store.files import replacing, write_json
from workbench.store.store import Store

__all__ = ["Store", "replacing", "write_json"]
