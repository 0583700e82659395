"""Errors that a user can act on: what was given, what was expected, what to do."""

from __future__ import annotations


class BadInput(ValueError):
    """What was given, what was expected (a noun phrase), what to do (an imperative)."""

    def __init__(self, value: object, expected: str, remedy: str) -> None:
        self.value, self.expected, self.remedy = str(value), expected, remedy
        super().__init__(self.value, expected, remedy)

    def __str__(self) -> str:
        return f"{self.value}: expected {self.expected}; {self.remedy}."

    def to_json(self) -> dict[str, str]:
        """The three parts, as a run record and ``--json`` show them."""
        return {"value": self.value, "expected": self.expected, "remedy": self.remedy}


class Cancelled(Exception):
    """The work was cancelled; everything finished before it is kept."""
