"""A linear head on a frozen encoder: seconds, and often nearly as good."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import nn

FLOOR = 0.1  # of the median spread of the features
STRENGTHS = (0.03, 0.1, 0.3, 1.0, 3.0)  # inverse regularisation, tried on validation


def fit_head(
    train: np.ndarray, labels: np.ndarray, held_out: np.ndarray, held_out_labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Multinomial logistic regression, its regularisation chosen on the held-out rows.

    Args:
        train: float32 (rows, hidden) features.
        labels: int (rows,) classes 0 to k - 1, each at least once.
        held_out: features of the validation split.
        held_out_labels: their classes.

    Returns:
        Weight (k, hidden) and bias (k,), float32, for features as they come (not standardised).

    Source:
        Logistic regression on frozen features ("linear probe"): Alain and Bengio 2016,
        arXiv:1610.01644; fitted by scikit-learn's L-BFGS.
    """
    from sklearn.linear_model import LogisticRegression

    centre, spread = train.mean(axis=0), train.std(axis=0)
    # a feature that hardly varies would get an endless weight, and tuning would start from there
    scale = np.maximum(spread, FLOOR * np.median(spread))
    inputs, checks = (train - centre) / scale, (held_out - centre) / scale
    models: list[Any] = [
        LogisticRegression(C=c / train.shape[1] * 4, max_iter=300).fit(inputs, labels)
        for c in STRENGTHS
    ]
    best = max(models, key=lambda model: model.score(checks, held_out_labels))
    weight, bias = two_rows(best)
    weight = weight / scale
    return weight.astype(np.float32), (bias - weight @ centre).astype(np.float32)


def two_rows(model: Any) -> tuple[np.ndarray, np.ndarray]:
    """Weight and bias; scikit-learn keeps one row for two classes, logits need two."""
    weight, bias = model.coef_, model.intercept_
    if len(weight) == 1:
        return np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    return weight, bias


def set_head(module: nn.Module, weight: np.ndarray, bias: np.ndarray) -> None:
    """Put fitted numbers into a classifier's head, in place."""
    import torch

    head: Any = module.head
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(weight))
        head.bias.copy_(torch.from_numpy(bias))


def check_classes(labels: Sequence[int], classes: Sequence[str]) -> list[str]:
    """The classes without a single training row."""
    return [name for i, name in enumerate(classes) if i not in set(labels)]
