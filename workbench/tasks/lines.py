"""The physical lines of a file, for a parser of rows: none too long, and some read again."""

from __future__ import annotations

from collections import deque
from typing import TextIO

from workbench.core.errors import BadInput
from workbench.tasks.limits import LINE_CHARS, LINES, RESCAN_CHARS

UNCLOSED = "a quote that is never closed"


class BadLine(Exception):
    """Why the lines at hand make no row."""


class Lines:
    """An iterator over lines that knows where it is and what belongs to the row under way.

    A quote that is never closed would swallow the rest of the file: a row that ends nowhere is
    given up after ``LINE_CHARS``, and ``again`` gives back all of its lines but the first.
    """

    def __init__(self, name: str, file: TextIO) -> None:
        self.name = name  # of the file, for errors
        self.number = 0  # of the line that was given last, from 1
        self.row: list[str] = []  # lines since ``begin``
        self._file = file
        self._waiting: deque[str] = deque()
        self._held = self._rescanned = 0

    def __iter__(self) -> Lines:
        return self

    def begin(self) -> int:
        """Begin a row; the number of its first line."""
        self.row.clear()
        self._held = 0
        return self.number + 1

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else self._read()
        if not line:
            if self.row:
                raise BadLine(UNCLOSED)
            raise StopIteration
        self.number += 1
        self._held += len(line)
        self.row.append(line)
        if self._held > LINE_CHARS + 2:
            raise BadLine(UNCLOSED)
        if self.number > LINES:
            raise BadInput(self.name, f"at most {LINES:,} lines", "take a sample of it")
        return line

    def _read(self) -> str:
        line = self._file.readline(LINE_CHARS + 2)
        if line[:1] == "\ufeff":  # files that were put together
            line = line[1:] or self._read()
        if len(line) <= LINE_CHARS:
            return line
        while line and line[-1] not in "\r\n":
            line = self._file.readline(LINE_CHARS)
        self.number += 1
        self.row.clear()
        raise BadLine(f"a line of more than {LINE_CHARS:,} characters")

    def again(self) -> None:
        """Give all lines of the row under way but the first once more.

        Raises:
            BadInput: if too much of the file was read again already.
        """
        rest = self.row[1:]
        self.number -= len(rest)
        self._rescanned += self._held
        if self._rescanned > RESCAN_CHARS:
            told = f"{self.name}: line {self.number}"
            raise BadInput(told, "quotes that are closed", "mend the quotes")
        self._waiting.extendleft(reversed(rest))
        self.begin()
