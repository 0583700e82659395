"""Honest measurement: interleaved, in fresh processes, over several launches."""

from workbench.measure.compare import LAUNCHES, Measured, Side, alone, compare
from workbench.measure.environment import environment
from workbench.measure.host import HostFailed
from workbench.measure.quality import quality
from workbench.measure.told import metrics, verdicts

__all__ = [
    "LAUNCHES",
    "HostFailed",
    "Measured",
    "Side",
    "alone",
    "compare",
    "environment",
    "metrics",
    "quality",
    "verdicts",
]
