"""Workers with a GPU each, and one model shared out among GPUs. Needs torch and transformers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from fakes import absent
from test_generate import PROMPTS
from test_parallel import alone, grouped, scaled  # noqa: F401 (fixture)

from workbench.core.errors import BadInput
from workbench.measure import Side
from workbench.runtimes.together import in_processes

CLOSE = 1e-3  # TF32 may round the products


@pytest.fixture(scope="module", autouse=True)
def _gpu():
    if not torch.cuda.is_available():
        absent("gpu", "make install TORCH_INDEX=https://pypi.org/simple, on a machine with CUDA")


def _same(found, folder):
    rows, scores = alone(folder, PROMPTS, 8)
    assert found.tokens == rows
    for mine, theirs in zip(found.logits, scores, strict=True):
        assert np.abs(mine - theirs).max() < CLOSE


def test_workers_share_the_gpus_out(grouped):  # noqa: F811
    side = Side(grouped, {"name": "torch", "device": "cuda"})

    points = scaled(side, launches=1, module="workbench.runtimes")

    assert [point.workers for point in points] == [1, 2]
    assert all(min(window) > 0 for window in points[1].launches[0]["requests"])


def test_one_gpu_writes_what_the_processor_writes(grouped):  # noqa: F811
    _same(in_processes(grouped, PROMPTS, 1, tokens=8, device="cuda", logits=True), grouped)


def test_two_gpus_write_what_the_processor_writes(grouped):  # noqa: F811
    if torch.cuda.device_count() < 2:
        absent("second gpu", "a machine with two")
    _same(in_processes(grouped, PROMPTS, 2, tokens=8, device="cuda", logits=True), grouped)


def test_more_processes_than_gpus_are_refused(grouped):  # noqa: F811
    with pytest.raises(BadInput, match="as many as there are"):
        in_processes(grouped, PROMPTS, 1 + torch.cuda.device_count(), device="cuda")
