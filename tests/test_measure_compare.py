from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from workbench.core.errors import BadInput
from workbench.measure import Side, alone, compare, metrics, verdicts

TEXTS = [f"text {'!' * (i % 9)}" for i in range(40)]


@pytest.fixture(autouse=True, scope="module")
def _toy_runtime_can_be_imported():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        yield


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    def make(name: str, threads: int = 1, **does) -> Side:
        folder = tmp_path_factory.mktemp(name)
        (folder / "toy.json").write_text(json.dumps(does))
        return Side(folder, {"name": "toy", "threads": threads})

    return make


@pytest.fixture(scope="module")
def two_launches(toy):
    told = []
    reference, candidate = toy("slow", seconds=0.004), toy("fast", seconds=0.001)
    measured = compare(
        reference, candidate, TEXTS, launches=(2,), on_launch=told.append, module="measure_toy"
    )
    return measured, told, (reference, candidate)


def spans(side: Side) -> list[tuple[float, float]]:
    lines = (side.folder / "busy.txt").read_text().splitlines()
    return [(float(line.split()[0]), float(line.split()[1])) for line in lines]


def test_every_launch_has_fresh_processes_and_as_many_calls_on_both_sides(two_launches):
    launches = two_launches[0].launches

    pids = [launch[side]["pid"] for launch in launches for side in ("reference", "candidate")]
    assert len(set(pids)) == 4
    for launch in launches:
        reference, candidate = launch["reference"], launch["candidate"]
        assert 20 <= len(reference["seconds"]) == len(candidate["seconds"]) <= 200
        assert len(reference["model_seconds"]) == len(reference["seconds"])
        assert candidate["memory"] > 1e6
        assert min(reference["seconds"]) >= 0.004


def test_a_first_estimate_is_provisional_and_the_last_is_not(two_launches):
    measured, told, _ = two_launches

    assert [(len(m.launches), m.provisional) for m in told] == [(1, True)]
    assert not measured.provisional
    assert metrics(told[0].launches)["speedup_latency"].n == 1


def test_the_two_sides_never_work_at_the_same_time(two_launches):
    every = sorted(span for side in two_launches[2] for span in spans(side))

    assert len(every) > 100
    assert all(one[1] <= other[0] for one, other in pairwise(every))


def test_the_speed_up_and_its_interval_follow_from_the_raw_seconds(two_launches):
    launches = json.loads(json.dumps(two_launches[0].launches))
    logs = [
        math.log(
            np.median(launch["reference"]["seconds"]) / np.median(launch["candidate"]["seconds"])
        )
        for launch in launches
    ]
    half = 12.7062 * np.std(logs, ddof=1) / math.sqrt(2)  # Student's t, one degree of freedom

    found = metrics(launches)["speedup_latency"]

    assert found.value == pytest.approx(math.exp(np.mean(logs)))
    assert found.low == pytest.approx(math.exp(np.mean(logs) - half), rel=1e-4)
    assert found.high == pytest.approx(math.exp(np.mean(logs) + half), rel=1e-4)
    assert (found.n, found.unit) == (2, "1")
    assert found.value > 1.5


def test_metrics_have_their_names_and_units(two_launches):
    found = metrics(two_launches[0].launches)

    statistics = ("mean", "p50", "p95", "p99")
    timed = [f"{p}_{s}" for p in ("latency", "model_latency") for s in statistics]
    units = dict.fromkeys(timed, "s") | {"throughput": "1/s", "memory": "B"}
    units |= {"speedup_latency": "1", "speedup_throughput": "1"}
    assert {name: estimate.unit for name, estimate in found.items()} == units
    assert found["latency_p50"].value <= found["latency_p95"].value <= found["latency_p99"].value
    assert all(e.low <= e.value <= e.high for e in found.values())


def launch(reference_s: float, candidate_s: float) -> dict:
    def side(seconds: float) -> dict:
        batch = {"size": 8, "rows": 10, "seconds": [seconds * 5]}
        return {
            **{"pid": 1, "seconds": [seconds] * 4, "model_seconds": [seconds / 2] * 4},
            **{"batch": batch, "memory": 1000},
        }

    return {"reference": side(reference_s), "candidate": side(candidate_s)}


def test_a_verdict_is_read_from_all_launches():
    launches = [launch(2.0, 1.0), launch(2.02, 1.0), launch(1.98, 1.0)]

    assert metrics(launches)["latency_p50"].value == pytest.approx(1.0)
    assert metrics(launches)["throughput"].value == pytest.approx(2.0)
    assert {n: v.verdict for n, v in verdicts(launches).items()} == {
        "speedup_latency": "faster",
        "speedup_throughput": "faster",
    }
    assert verdicts(launches[:2])["speedup_latency"].verdict == "cannot tell"


def test_a_speed_up_pairs_the_calls_of_one_text():
    """The neighbour who slows both sides down for half of a launch changes nothing."""
    times = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    busy = np.array([1.0, 1.0, 9.0, 9.0, 1.0])
    launches = [launch(1.0, 1.0) for _ in range(3)]
    for one in launches:
        one["reference"]["seconds"] = list(times * 2 * busy)
        one["candidate"]["seconds"] = list(times * busy)

    assert metrics(launches)["speedup_latency"].value == pytest.approx(2.0)


def test_a_side_alone_has_no_speed_up(toy):
    measured = alone(toy("one"), TEXTS, launches=1, module="measure_toy")

    assert measured.launches[0]["reference"] is None
    assert "speedup_latency" not in metrics(measured.launches)
    assert metrics(measured.launches)["latency_p50"].n == 1
    assert verdicts(measured.launches) == {}


def test_answers_come_in_the_order_of_the_texts_from_the_process_that_was_timed(two_launches):
    measured, told, _ = two_launches

    assert (measured.logits.dtype, measured.logits.shape) == (np.float32, (40, 3))
    np.testing.assert_array_equal(measured.logits[:, 0], [len(text) for text in TEXTS])
    np.testing.assert_array_equal(told[0].logits, measured.logits)


def test_a_host_has_the_threads_of_its_recipe_and_loads_no_framework_by_itself(toy):
    side = toy("one", threads=2, logits="process")

    measured = alone(side, TEXTS, launches=1, module="measure_toy")

    assert measured.logits[0].tolist() == [2.0, 0.0]


def test_no_texts_are_refused(toy):
    with pytest.raises(BadInput, match="at least one text"):
        alone(toy("one"), [], module="measure_toy")
