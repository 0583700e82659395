"""A folder of parquet files: what they would unpack to, counted before any is unpacked.

A file holds a text that comes again only once: a few kilobytes may stand for a terabyte.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput
from workbench.tasks.limits import COLUMNS, FILE_BYTES, ROWS, SLICES, TASK_CHARS

WIDEST = 4  # bytes of a character
BATCH = 1 << 16  # rows looked at together
HELD = 1 << 28  # bytes that these may take
FEW = 1 << 24  # bytes of different texts whose characters are counted again for every batch


def columns_of(path: str) -> list[str]:
    """The columns of a file.

    Raises:
        BadInput: if it is too large or no parquet, or has too many.
    """
    size = Path(path).stat().st_size
    if size > FILE_BYTES:
        told = f"{Path(path).name} ({size:,} bytes)"
        raise BadInput(told, f"at most {FILE_BYTES:,} bytes", "take a sample of it")
    with _opened(path) as file:
        names = list(file.schema_arrow.names)
    if len(names) > COLUMNS:
        told = f"{Path(path).name} ({len(names):,} columns)"
        raise BadInput(told, f"at most {COLUMNS:,} columns", "drop some")
    return names


def light(files: Mapping[str, Sequence[str]], needed: Sequence[str], name: str) -> list[str]:
    """The columns to unpack: those needed, and of the others what is not too much.

    Args:
        files: paths by split.
        needed: the columns of texts and labels.
        name: of the data, for errors.

    Raises:
        BadInput: if what is needed would be too much, or a file cannot be read.
    """
    every = list(chain.from_iterable(files.values()))
    for path in every:
        columns_of(path)
    for paths in files.values():
        for column in needed:
            _check(paths, column, name)
    with _opened(every[0]) as file:
        schema = file.schema_arrow
    others = [x for x in schema.names if x not in needed and _plain(schema, x, side=True)]
    kept, left = list(dict.fromkeys(needed)), TASK_CHARS
    for column in others[: 4 * SLICES]:
        taken = _size(every, column, left)
        if taken <= left:
            kept.append(column)
            left -= taken
    return kept


def _size(paths: Sequence[str], column: str, most: int) -> int:
    """Characters of a column once unpacked; more than the most there may be if it cannot be."""
    taken = 0
    with suppress(BadInput):
        for _, size in _counted(paths, column, side=True):
            taken += size
            if taken > most:
                break
        return taken
    return most + 1


def _check(paths: Sequence[str], column: str, name: str) -> None:
    """Raise ``BadInput`` if a column of a split has too many rows, or too much text."""
    rows = held = 0
    for more, size in _counted(paths, column):
        rows, held = rows + more, held + size
        if rows > ROWS:
            raise BadInput(name, f"at most {ROWS:,} rows", "take a sample of it")
        if held > TASK_CHARS:
            most = f"at most {TASK_CHARS:,} characters of text in all"
            raise BadInput(name, most, "take a sample of it")


def _counted(paths: Sequence[str], column: str, side: bool = False) -> Iterator[tuple[int, int]]:
    """(rows, at least so many characters), a batch at a time; first what the files say."""
    for path in paths:
        with _opened(path) as file:
            if not _plain(file.schema_arrow, column, side):
                told = f"column {column!r:.60} of {Path(path).name}"
                raise BadInput(told, "a column of words or numbers", "choose another")
            if file.metadata.num_rows > ROWS:
                yield file.metadata.num_rows, 0
            largest, chained = _stored(file, column)
            if largest > FILE_BYTES:
                yield 0, largest // WIDEST
        # texts that build on the one before them come out whole: few at a time
        batch = max(1, min(BATCH, HELD // max(largest, 1))) if chained else BATCH
        with _opened(path, [] if chained else [column]) as file:
            for found in file.iter_batches(batch, columns=[column], use_threads=False):
                yield found.num_rows, _characters(found.column(0))


def _stored(file: Any, column: str) -> tuple[int, bool]:
    """Bytes of the largest chunk of a column, and whether its texts build on each other."""
    place = next(i for i in range(len(file.schema)) if file.schema.column(i).path == column)
    groups = range(file.metadata.num_row_groups)
    chunks = [file.metadata.row_group(i).column(place) for i in groups]
    largest = max((chunk.total_uncompressed_size for chunk in chunks), default=0)
    return largest, any("DELTA_BYTE_ARRAY" in chunk.encodings for chunk in chunks)


def _characters(found: Any) -> int:
    """At least so many characters are in a batch; a number takes as much as two."""
    import pyarrow as pa
    import pyarrow.compute as pc

    values = found.dictionary if pa.types.is_dictionary(found.type) else found
    if pa.types.is_primitive(values.type):
        return 2 * len(found)
    if values is found or values.nbytes <= FEW:
        sizes = pc.utf8_length(values)
    else:  # all different texts so far: to count them for every batch would take too long
        sizes = pc.divide(pc.binary_length(values), WIDEST)
    return pc.sum(sizes if values is found else sizes.take(found.indices)).as_py() or 0


def _plain(schema: Any, column: str, side: bool) -> bool:
    """Whether a column holds one word or number per row; ``side``: and no measurements."""
    import pyarrow as pa

    if len(schema.get_all_field_indices(column)) != 1:
        return False
    kind = schema.field(column).type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return True
    whole = pa.types.is_integer(kind) or pa.types.is_boolean(kind)
    return bool(whole if side else pa.types.is_primitive(kind))


@contextmanager
def _opened(path: str, words: Sequence[str] = ()) -> Iterator[Any]:
    """A parquet file; columns of ``words`` come as places in a list of different texts.

    Raises:
        BadInput: if it cannot be read, there or by whoever opened it.
    """
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path, read_dictionary=list(words)) as file:
            yield file
    except BadInput:
        raise
    except Exception as err:  # the library raises many kinds
        told = f"{Path(path).name} ({type(err).__name__})"
        raise BadInput(
            told, "a parquet file that can be read", "export it as parquet or CSV"
        ) from err
