"""The other columns of a table: by their values rows are looked at in groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from sys import intern
from typing import overload

import numpy as np

from workbench.tasks.labels import tidy
from workbench.tasks.limits import SLICE_CHARS, SLICE_VALUES, SLICES


class Column(Sequence[str]):
    """One value per row, a byte each; a table may have millions of rows.

    Args:
        values: the distinct ones.
        codes: uint8 (rows,), places in ``values``.
    """

    def __init__(self, values: Sequence[str], codes: np.ndarray) -> None:
        self.values, self.codes = tuple(values), codes

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> Column: ...
    def __getitem__(self, row: int | slice) -> str | Column:
        found = self.codes[row]
        return Column(self.values, found) if isinstance(row, slice) else self.values[found]

    def taken(self, rows: np.ndarray) -> Column:
        """Some of the rows."""
        return Column(self.values, self.codes[rows])


class Collector:
    """Gathers the columns that tell groups of rows apart, while a table is read.

    A column is left out as soon as it has more than ``SLICE_VALUES`` values, or one of more than
    ``SLICE_CHARS`` characters: it tells rows apart, not groups. Of the others the first
    ``SLICES`` are kept.

    Args:
        names: of all columns but text and label.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._places: dict[str, dict[str, int]] = {name: {} for name in names}
        self._codes: dict[str, bytearray] = {name: bytearray() for name in self._places}

    def add(self, cells: Mapping[str, str]) -> None:
        """One row; what it does not hold is empty."""
        for name in list(self._codes):
            value = tidy(cells.get(name, ""))
            places = self._places[name]
            place = places.get(value)
            if place is None:
                if len(places) == SLICE_VALUES or len(value) > SLICE_CHARS:
                    del self._codes[name]
                    continue
                place = places[intern(value)] = len(places)
            self._codes[name].append(place)

    def columns(self) -> dict[str, Column]:
        """Column to its values; those that are the same everywhere tell nothing."""
        told = [name for name in self._codes if len(self._places[name]) > 1]
        return {
            name: Column(tuple(self._places[name]), np.frombuffer(self._codes[name], np.uint8))
            for name in told[:SLICES]
        }
