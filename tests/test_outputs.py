"""What a model writes is asked of several processes at once, where there is room for them."""

from __future__ import annotations

import psutil
import pytest
from test_generate import writer

from workbench.measure import Side, pacing
from workbench.measure.outputs import Wanted, helpers
from workbench.measure.pacing import _often as often
from workbench.measure.pacing import paced

TORCH = {"name": "torch", "threads": 1}
MANY = Wanted(("rain",) * 300, 300)


def test_one_process_and_two_write_the_same(tmp_path, monkeypatch):
    side = Side(writer(tmp_path / "llama", "llama"), TORCH)
    prompts = [f"rain {i} " * (1 + i % 3) for i in range(70)]
    wanted = Wanted(prompts, 70, [f"it rained {i} times" for i in range(70)], 6)
    found = []
    for count in (0, 1):
        monkeypatch.setattr(pacing, "helpers", lambda *_, count=count: count)
        told = paced({"candidate": side}, wanted, launches=(1,), budget_s=0.0)
        found.append(told.outputs)

    assert found[0] == found[1]
    assert len(found[0].tokens) == len(found[0].texts) == len(found[0].nats) == 70
    assert len({tuple(row) for row in found[0].tokens}) > 10, "each behind its own prompt"


@pytest.fixture
def eight(monkeypatch):
    """A machine of eight cores with 16 GB to spare."""

    class Memory:
        available = 16e9

    monkeypatch.setattr(psutil.Process, "cpu_affinity", lambda _: list(range(8)), raising=False)
    monkeypatch.setattr(psutil, "virtual_memory", Memory)


@pytest.mark.parametrize(
    ("runtime", "wanted", "opening", "memory", "count"),
    [
        (TORCH, MANY, 4.0, 5e8, 3),
        ({"name": "torch", "threads": 4}, MANY, 4.0, 5e8, 1),
        ({"name": "torch", "threads": 8}, MANY, 4.0, 5e8, 0),
        ({**TORCH, "device": "cuda"}, MANY, 4.0, 5e8, 0),
        (TORCH, Wanted(("rain",) * 300, 60), 4.0, 5e8, 0),
        (TORCH, MANY, 20.0, 5e8, 0),
        (TORCH, MANY, 4.0, 4e9, 2),
        (TORCH, MANY, 4.0, 12e9, 0),
    ],
)
def test_helpers_come_where_cores_memory_and_work_are_there(
    eight, tmp_path, runtime, wanted, opening, memory, count
):
    assert helpers(Side(tmp_path, runtime), wanted, opening, memory) == count


def test_in_a_turn_the_faster_side_writes_more_often():
    def took(*seconds):
        return [{"seconds": each} for each in seconds]

    assert often({"reference": took(1.0, 1.1), "candidate": took(0.2, 0.25)}) == {
        "reference": 1,
        "candidate": pacing.AGAIN,
    }
    assert often({"reference": took(1.0), "candidate": took(0.4)})["candidate"] == 2
    assert often({"reference": took(0.4), "candidate": took(0.6)}) == {
        "reference": 1,
        "candidate": 1,
    }
    assert often({"reference": [], "candidate": []}) == {}, "nothing is known in the first turn"
