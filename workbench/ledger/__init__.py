"""Which answers changed between two runs, and in which classes and slices."""

from workbench.ledger.export import exported
from workbench.ledger.flips import Named, ledger
from workbench.ledger.order import SORTS, ordered
from workbench.ledger.read import compared, counterpart
from workbench.ledger.records import KINDS, LOST, OTHER, WON, Flip, Group, Ledger

__all__ = [
    "KINDS",
    "LOST",
    "OTHER",
    "SORTS",
    "WON",
    "Flip",
    "Group",
    "Ledger",
    "Named",
    "compared",
    "counterpart",
    "exported",
    "ledger",
    "ordered",
]
