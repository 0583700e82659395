"""The changed rows as a file: CSV for spreadsheets, JSONL for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from workbench.core.errors import BadInput
from workbench.ledger.records import Flip

FORMATS = ("csv", "jsonl")
COLUMNS = (
    *("row", "kind", "drop", "label", "before", "after", "sure_before", "sure_after", "text"),
)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")


def exported(flips: Sequence[Flip], form: str) -> str:
    """The rows as text.

    In CSV a cell that a spreadsheet would run as a formula gets an apostrophe in front, as
    spreadsheets themselves mark text. JSONL is read by programs and stays as it is.

    Args:
        flips: in the order of the file.
        form: ``csv`` or ``jsonl``.

    Raises:
        BadInput: for another format.

    Source:
        OWASP, "CSV Injection", https://owasp.org/www-community/attacks/CSV_Injection
    """
    if form not in FORMATS:
        raise BadInput(f"format {form!r:.20}", "csv or jsonl", "choose one of them")
    if form == "jsonl":
        return "".join(json.dumps(asdict(flip)) + "\n" for flip in flips)
    columns = list(dict.fromkeys(name for flip in flips for name in flip.slices))
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([*COLUMNS, *(neutral(f"slice.{name}") for name in columns)])
    for flip in flips:
        told = [neutral(getattr(flip, name)) for name in COLUMNS]
        writer.writerow([*told, *(neutral(flip.slices.get(name, "")) for name in columns)])
    return out.getvalue().encode("utf-8", "backslashreplace").decode()


def neutral(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers."""
    if not isinstance(cell, str):
        return cell
    words = cell.replace("\0", "")
    inner = words.lstrip(" \u00a0\u3000\ufeff\u200b")
    return f"'{words}" if inner.startswith(FORMULA) else words
