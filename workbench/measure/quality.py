"""How well a model answers, and whether it answers otherwise than its reference."""

from __future__ import annotations

import numpy as np

from workbench.core.records import Estimate, Verdict
from workbench.stats import f1
from workbench.stats.intervals import proportion
from workbench.stats.paired import difference, f1_verdict, quality_verdict


def quality(
    logits: np.ndarray, labels: np.ndarray, reference: np.ndarray | None = None
) -> tuple[dict[str, Estimate], dict[str, Verdict]]:
    """Accuracy and macro-F1 with 95 % intervals; paired with a reference where there is one.

    Args:
        logits: float (rows, classes).
        labels: int (rows,).
        reference: logits of the reference on the same rows.

    Returns:
        Metrics ``accuracy``, ``macro_f1`` and, with a reference, ``accuracy_change``; verdicts
        ``accuracy`` and ``macro_f1``, empty without a reference.
    """
    labels = np.asarray(labels)
    answers = np.asarray(logits).argmax(axis=1)
    right = answers == labels
    found = {
        "accuracy": proportion(int(right.sum()), len(labels)),
        "macro_f1": f1.estimate(labels, answers),
    }
    if reference is None:
        return found, {}
    before = np.asarray(reference).argmax(axis=1)
    found["accuracy_change"] = difference(before == labels, right)
    return found, {
        "accuracy": quality_verdict(before == labels, right),
        "macro_f1": f1_verdict(labels, before, answers),
    }
