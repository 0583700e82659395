"""Which models there are, what they are made of, and whether they are safe to open."""

from workbench.models import safety
from workbench.models.anatomy import anatomy
from workbench.models.card import Card, filtered
from workbench.models.catalogue import catalogue, find, folder, inspect, place
from workbench.models.fingerprint import fingerprint
from workbench.models.recommend import Recommendation, recommend
from workbench.models.weights import nonfinite

__all__ = [
    "Card",
    "Recommendation",
    "anatomy",
    "catalogue",
    "filtered",
    "find",
    "fingerprint",
    "folder",
    "inspect",
    "nonfinite",
    "place",
    "recommend",
    "safety",
]
