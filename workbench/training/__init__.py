"""Fit a classifier on a task: a linear head on a frozen encoder, or all weights."""

from workbench.training.fit import Fitted, fit, tuned_id

__all__ = ["Fitted", "fit", "tuned_id"]
