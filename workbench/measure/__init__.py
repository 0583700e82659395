"""Honest measurement: interleaved, in fresh processes, over several launches."""

from workbench.measure.compare import BUDGET_S, LAUNCHES, Measured, Side, alone, compare
from workbench.measure.environment import environment
from workbench.measure.host import HostFailed
from workbench.measure.profile import Profile
from workbench.measure.profiling import profile
from workbench.measure.quality import quality
from workbench.measure.told import metrics, verdicts

__all__ = [
    "BUDGET_S",
    "LAUNCHES",
    "HostFailed",
    "Measured",
    "Profile",
    "Side",
    "alone",
    "compare",
    "environment",
    "metrics",
    "profile",
    "quality",
    "verdicts",
]
