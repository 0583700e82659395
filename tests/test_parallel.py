"""Workers side by side are as fast as told; one model on several devices writes the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest
from test_generate import PROMPTS, writer

from workbench.core.errors import BadInput, Cancelled
from workbench.core.records import Estimate
from workbench.figures.scaling import draw_scaling, scaling_info, stop_words
from workbench.measure import HostFailed, Side, parallel
from workbench.measure.parallel import Paying, ScalingPoint, scaling, stops_paying
from workbench.measure.team import GPUS, Share, _only
from workbench.recipes.registry import RUNTIMES, WRITERS, Runtime
from workbench.runtimes import tensor_parallel
from workbench.runtimes.tensor_parallel import PATIENCE, check
from workbench.runtimes.together import in_processes

REQUESTS = ["rain", "the weather in Ostmere", "snow"]
TOKENS = 20  # what else a request takes is little beside them
CLOSE = 1e-4  # float32: halves of a sum, added in another order


@pytest.fixture(autouse=True)
def _toy_writer_can_be_imported(monkeypatch):
    import parallel_toy

    for table in (RUNTIMES, WRITERS):
        table.pop("toy", None)  # importing it put it there for good
    toy = Runtime("toy", parallel_toy.ToyWriter, "torch", parallel_toy.open_toy)
    monkeypatch.setitem(RUNTIMES, "toy", toy)
    monkeypatch.setitem(WRITERS, "toy", parallel_toy.ToyDecoder)
    here, there = str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (here, there))))


@pytest.fixture
def toy(tmp_path):
    return Side(tmp_path, {"name": "toy"})


def scaled(side, counts=(1, 2), **more):
    more = {"tokens": TOKENS, "launches": 2, "window_s": 0.5, "module": "parallel_toy", **more}
    return scaling(side, REQUESTS, counts, **more)


def started(word):
    """Living processes of this one that have the word in their command line."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # gone meanwhile; a zombie is one as well
            if word in " ".join(process.cmdline()):
                found.append(process)
    return found


def workers():
    return started("parallel_toy")


def test_two_workers_that_need_no_processor_do_twice_as_much(toy):
    progress, rounds = [], []

    points = scaled(
        toy, on_progress=lambda done, total: progress.append((done, total)), on_point=rounds.append
    )

    assert [point.workers for point in points] == [1, 2]
    assert progress == [(i, 8) for i in range(8)], "there and back again, in two launches"
    assert [seen[1].speedup.n for seen in rounds] == [1, 2]
    assert rounds[-1] == points
    one, two = points
    assert 1.5 < two.speedup.value < 2.2
    assert one.speedup == one.gain == Estimate(1.0, 1.0, 1.0, 1, "1", 1.0, "exact")
    assert two.tokens.value == pytest.approx(TOKENS * two.throughput.value)
    window = two.launches[0]
    assert [len(window[name]) for name in ("requests", "tokens", "seconds")] == [2, 2, 2]
    assert all(len(shares) == 2 for shares in window["requests"])
    assert all(seconds >= 0.5 for shares in window["seconds"] for seconds in shares)
    told = json.loads(json.dumps(two.to_json()))
    assert ScalingPoint.from_json(told).gain == two.gain
    assert not workers()


def test_workers_that_wait_for_each_other_do_not_pay(toy):
    (toy.folder / "one_at_a_time").touch()

    points = scaled(toy)

    assert 0.7 < points[1].speedup.value < 1.3


def test_one_worker_is_always_there_to_compare_with(toy):
    assert [point.workers for point in scaled(toy, (2,), launches=1, window_s=0.1)] == [1, 2]


def test_a_worker_that_dies_is_one_error_and_ends_the_others(toy):
    def kill(done, total):
        if done == 1:
            workers()[-1].kill()

    with pytest.raises(HostFailed, match=r"worker \d host \(signal 9, probably out of memory"):
        scaled(toy, on_progress=kill, counts=(2,), launches=6)
    assert not workers()


def test_who_is_cancelled_leaves_no_worker(toy):
    seen = []

    with pytest.raises(Cancelled):
        scaled(toy, on_progress=lambda *told: seen.append(told), cancelled=lambda: len(seen) > 1)
    assert len(seen) == 2
    assert not workers()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tokens": 0}, "from 1 to 4096"),
        ({"launches": 0}, "at least one of each"),
    ],
)
def test_settings_that_cannot_be_are_refused_before_anything_starts(toy, change, said):
    with pytest.raises(BadInput, match=said):
        scaled(toy, **change)


@pytest.mark.parametrize("counts", [(), (0,), (65,), (2, 2), (True,), ("2",), (1.0,)])
def test_counts_that_cannot_be_are_refused_before_anything_starts(toy, counts):
    with pytest.raises(BadInput, match="from 1 to 64"):
        scaled(toy, counts)


@pytest.mark.slow
def test_a_real_model_scales_into_points(tmp_path):
    side = Side(writer(tmp_path / "llama", "llama"), {"name": "torch", "threads": 1})

    points = scaled(side, launches=1, window_s=0.1, module="workbench.runtimes")

    assert [point.workers for point in points] == [1, 2]
    assert points[1].tokens.value > 0


class Planted:
    """A team whose workers do what is planted: ``rate(workers)`` requests a second together."""

    turns: list[int]

    def __init__(self, side, workers, prompts, *rest):
        Planted.turns.append(workers)
        Planted.queues.append(prompts)

    def __enter__(self):
        return self

    def __exit__(self, *told):
        return None

    def window(self, workers, seconds):
        Planted.turns.append(workers)
        each = {1: 10, 2: 18, 4: 18}[workers]
        return tuple(Share(each, 3 * each, float(workers)) for _ in range(workers))


def test_rates_add_up_and_each_count_is_held_against_one_and_the_next_smaller(toy, monkeypatch):
    Planted.turns, Planted.queues = [], []
    monkeypatch.setattr(parallel, "Team", Planted)

    points = scaled(toy, (4, 1, 2), launches=6)

    assert [round(point.throughput.value, 6) for point in points] == [10, 18, 18]
    assert [round(point.speedup.value, 6) for point in points] == [1, 1.8, 1.8]
    assert [round(point.gain.value, 6) for point in points] == [1, 1.8, 1]
    assert stops_paying(points) == Paying("stops", 2)
    launches = [tuple(Planted.turns[i : i + 7]) for i in range(0, 42, 7)]
    for largest, *turns in launches:
        assert largest == 4
        assert turns == turns[::-1]
        assert sorted(turns[:3]) == [1, 2, 4]
    assert len(set(launches)) > 1, "the order is drawn anew"
    assert len({tuple(queue) for queue in Planted.queues}) > 1


def points_with(*gains):
    """Points for 1, 2, 4 … workers with the gain of each step: (low, value, high)."""
    one = Estimate(1.0, 1.0, 1.0, 1, "1", 1.0, "exact")
    found = [ScalingPoint(1, Estimate(10, 9, 11, 5, "1/s"), one, one, one)]
    for place, (low, value, high) in enumerate(gains):
        gain = Estimate(value, low, high, 5, "1")
        rate = found[-1].throughput.value * value
        count, speedup = 2 ** (place + 1), rate / 10
        ends = (speedup, speedup * low / value, speedup * high / value)
        told = Estimate(rate, rate - 1, rate + 1, 5, "1/s")
        found.append(ScalingPoint(count, told, told, Estimate(*ends, 5, "1"), gain))
    return tuple(found)


@pytest.mark.parametrize(
    ("gains", "verdict", "count"),
    [
        ([], "goes on", 1),
        ([(1.7, 1.9, 2.1)], "goes on", 2),
        ([(1.7, 1.9, 2.1), (1.3, 1.5, 1.7)], "goes on", 4),
        ([(1.7, 1.9, 2.1), (0.9, 0.98, 1.04)], "stops", 2),
        ([(0.4, 0.5, 0.6), (1.5, 1.9, 2.1)], "stops", 1),
        ([(1.7, 1.9, 2.1), (0.8, 1.1, 1.4)], "cannot tell", 2),
        ([(1.7, 1.9, 2.1), (1.01, 1.04, 1.07)], "cannot tell", 2),
        ([(0.01, 1.9, 100.0)], "cannot tell", 1),
        ([(1.0, 1.9, 3.0)], "cannot tell", 1),
    ],
)
def test_where_it_stops_paying(gains, verdict, count):
    assert stops_paying(points_with(*gains)) == Paying(verdict, count)


def plain(points):
    return [point.to_json() for point in points]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_picture_has_the_curve_the_straight_line_and_the_mark(language):
    import plotly.graph_objects as go

    points = points_with((1.7, 1.9, 2.1), (0.9, 0.98, 1.04))
    info = scaling_info(plain(points), stops_paying(points).to_json(), language)
    figure = draw_scaling(info, language)

    perfect, measured, mark = figure["data"]
    assert (perfect["x"], perfect["y"]) == ([0, 1, 2, 4], [0, 10, 20, 40])
    assert perfect["line"]["dash"] == "dot"
    assert measured["y"] == pytest.approx([10, 19, 18.62])
    assert measured["error_y"]["arrayminus"] == pytest.approx([1, 1, 1])
    assert "1.90" in measured["text"][1]
    assert mark["x"] == [2]
    words = {"en": "more than 2 do not pay", "zh": "超过 2 个不再划算"}[language]
    assert mark["name"] == words == figure["layout"]["annotations"][0]["text"]
    go.Figure(figure)


def test_one_launch_has_no_interval_and_no_verdict_no_mark():
    once = [
        {**x, "throughput": {**x["throughput"], "n": 1}} for x in plain(points_with((1, 2, 3)))
    ]
    figure = draw_scaling(scaling_info(once, None, "en"), "en")

    assert len(figure["data"]) == 2
    assert figure["data"][1]["error_y"]["array"] == [0, 0]
    assert draw_scaling(scaling_info([], None, "en"), "en")["data"][1]["x"] == []


@pytest.mark.parametrize("verdict", ["stops", "goes on", "cannot tell"])
@pytest.mark.parametrize("count", [1, 2])
def test_every_verdict_has_its_words(verdict, count):
    assert len({stop_words(Paying(verdict, count).to_json(), x) for x in ("en", "zh")}) == 2


def test_a_worker_sees_the_gpu_that_it_was_dealt(monkeypatch):
    monkeypatch.setenv(GPUS, "2,5")
    with _only("5"):
        assert os.environ[GPUS] == "5"
    assert os.environ[GPUS] == "2,5"
    monkeypatch.delenv(GPUS)
    with _only("0"):
        assert os.environ[GPUS] == "0"
    assert GPUS not in os.environ


@pytest.fixture(scope="module")
def grouped(tmp_path_factory):
    """A Llama with 8 heads that share 4 groups of keys and values."""
    shape = {"num_attention_heads": 8, "num_key_value_heads": 4}
    return writer(tmp_path_factory.mktemp("models") / "grouped", "llama", **shape)


def alone(folder, prompts, tokens):
    """Tokens and logits of each prompt by itself, as transformers writes in one process."""
    import torch
    from transformers import AutoModelForCausalLM

    from workbench.formats.prompts import Prompts

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    rows, scores = [], []
    for prompt in prompts:
        ids = torch.tensor([Prompts(folder).encode(prompt)])
        told = model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=tokens,
            do_sample=False,
            pad_token_id=0,
            output_logits=True,
            return_dict_in_generate=True,
        )
        rows.append(tuple(told.sequences[0, ids.shape[1] :].tolist()))
        scores.append(torch.cat(told.logits).numpy())
    return tuple(rows), scores


@pytest.mark.slow
def test_two_processes_write_what_one_writes(grouped):
    rows, scores = alone(grouped, PROMPTS, 8)

    found = in_processes(grouped, PROMPTS, 2, tokens=8, logits=True)

    assert found.processes == 2
    assert found.tokens == rows
    for mine, theirs in zip(found.logits, scores, strict=True):
        assert mine.shape == theirs.shape
        assert np.abs(mine - theirs).max() < CLOSE
    assert found.seconds > 0


@pytest.mark.slow
def test_torchrun_starts_it_too(grouped):
    order = [*(sys.executable, "-P", "-m", "torch.distributed.run", "--nproc-per-node", "2")]
    order += ["--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0"]
    order += ["--local-addr", "127.0.0.1", "-m", "workbench.runtimes.tensor_parallel"]
    order += [str(grouped), "--prompt", PROMPTS[0], "--tokens", "4"]
    loopback = {"GLOO_SOCKET_IFNAME": "lo0" if sys.platform == "darwin" else "lo"}

    done = subprocess.run(
        order,
        env={**os.environ, **loopback},
        capture_output=True,
        timeout=PATIENCE.total_seconds(),
        check=False,
    )

    assert done.returncode == 0, done.stderr.decode()[-2000:]
    told = json.loads(done.stdout)
    assert tuple(map(tuple, told["tokens"])) == alone(grouped, PROMPTS[:1], 4)[0]
    assert told["processes"] == 2


def test_all_take_the_token_that_the_first_process_took(monkeypatch):
    import torch

    def told(token, source):
        assert source == 0
        token.fill_(2)

    monkeypatch.setattr(torch.distributed, "broadcast", told)
    scores = tensor_parallel._agreed(None, torch.tensor([[0.1, 0.9, 0.8], [0.7, 0.1, 0.2]]))

    assert scores.argmax(dim=-1).tolist() == [2, 2]
    assert torch.isinf(scores).sum() == 4


def test_heads_must_divide(grouped):
    with pytest.raises(BadInput, match=r"8 attention heads among 3 .*that divides 8"):
        in_processes(grouped, PROMPTS, 3)
    with pytest.raises(BadInput, match=r"4 key and value heads among 8 .*that divides 4"):
        check(grouped, 8)
    check(grouped, 4)


def test_a_family_without_a_plan_is_named(tmp_path):
    folder = writer(tmp_path / "gpt2", "gpt2")

    with pytest.raises(BadInput, match="of the type gpt2: expected a family with a plan"):
        in_processes(folder, PROMPTS, 2)
    check(folder, 1)


def test_what_cannot_be_is_refused_before_anything_starts(grouped, tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "distilbert"}')
    with pytest.raises(BadInput, match="a model that writes"):
        check(tmp_path, 2)
    (tmp_path / "artifact.json").write_text("{}")
    with pytest.raises(BadInput, match="as Hugging Face has it"):
        check(tmp_path, 2)
    with pytest.raises(BadInput, match="1 to 64"):
        in_processes(grouped, PROMPTS, 0)
    with pytest.raises(BadInput, match="a text to go on from"):
        in_processes(grouped, [], 2)
    with pytest.raises(BadInput, match="from 1 to 4096"):
        in_processes(grouped, PROMPTS, 2, tokens=0)
    with pytest.raises(BadInput, match="at most 95 tokens"):
        in_processes(grouped, ["rain " * 200], 2)


def sharers():
    return started("tensor_parallel")


def test_a_process_that_dies_takes_the_others_along(grouped):
    def kill():
        if running := sharers():
            running[0].kill()
        return False

    with pytest.raises(BadInput, match=r"of 2 \(signal 9, probably out of memory"):
        in_processes(grouped, PROMPTS, 2, cancelled=kill)
    assert not sharers()


def test_who_is_cancelled_leaves_no_process(grouped):
    with pytest.raises(Cancelled):
        in_processes(grouped, PROMPTS, 2, cancelled=lambda: len(sharers()) == 2)
    assert not sharers()
