"""Handwritten digits as small pictures: a task of another kind, from scikit-learn's own data."""

from __future__ import annotations

from functools import cache

import numpy as np

from workbench.graphs.pixels import told
from workbench.tasks.task import Rows, Task, held_out, some

NAME = "digits"
IMAGE = "image"
CLASSES = tuple(map(str, range(10)))
BRIGHTEST = 16  # of a pixel, as the data set has it
TEST, VALIDATION = 0.25, 0.15  # shares held out, of all and of what is left


@cache
def digits() -> Task:
    """1,797 pictures of 8 x 8 pixels, read when rows are first asked for.

    Source:
        Alpaydin and Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI Machine
        Learning Repository, doi:10.24432/C50P49 (CC BY 4.0), as scikit-learn bundles it.
    """
    return Task(NAME, NAME, CLASSES, (), f"{NAME}-1", lambda split: _splits()[split], kind=IMAGE)


@cache
def _splits() -> dict[str, Rows]:
    from sklearn.datasets import load_digits

    found = load_digits()
    pictures = np.rint(found.images * (255 / BRIGHTEST)).astype(np.uint8)[..., None]
    labels = np.asarray(found.target, dtype=np.int64)
    rows = Rows(tuple(map(told, pictures)), labels)
    out = held_out(labels, TEST, 1)
    test, rest = some(rows, out), some(rows, ~out)
    watched = held_out(rest.labels, VALIDATION, 0)
    return {"train": some(rest, ~watched), "validation": some(rest, watched), "test": test}
