"""Errors that a user can act on: what was given, what was expected, what to do."""

from __future__ import annotations

SHOWN = "\u00a0\u202f\u3000\u200c\u200d"  # spaces and joiners that ordinary writing needs
MOST = 300  # characters of each part of an error, for foreign text is in all three


def visible(words: str, most: int = MOST, keep: str = SHOWN) -> str:
    """``words`` cut in the middle; control, bidi and half characters spelled out."""
    for _ in range(2):  # spelling out makes longer
        if len(words) > most:
            words = f"{words[: most // 2]}…{words[len(words) - (most - 1) // 2 :]}"
        if not words.isprintable():
            words = "".join(c if c.isprintable() or c in keep else ascii(c)[1:-1] for c in words)
    return words


class BadInput(ValueError):
    """What was given, what was expected (a noun phrase), what to do (an imperative)."""

    def __init__(self, value: object, expected: str, remedy: str) -> None:
        self.value, self.expected, self.remedy = map(visible, (str(value), expected, remedy))
        super().__init__(self.value, self.expected, self.remedy)

    def __str__(self) -> str:
        return f"{self.value}: expected {self.expected}; {self.remedy}."

    def to_json(self) -> dict[str, str]:
        """The three parts, as a run record and ``--json`` show them."""
        return {"value": self.value, "expected": self.expected, "remedy": self.remedy}


class Cancelled(Exception):
    """The work was cancelled; everything finished before it is kept."""
