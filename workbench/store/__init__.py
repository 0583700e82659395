"""The store: a folder per run is the truth, an SQLite index over it can be rebuilt."""

from workbench.store.disk import disk_error, note
from workbench.store.files import replacing, scratch, sweep, write_json
from workbench.store.store import Store, no_run

__all__ = ["Store", "disk_error", "no_run", "note", "replacing", "scratch", "sweep", "write_json"]
