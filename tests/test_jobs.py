"""The job server with real workers, hosts and models: submit, measure, follow, cancel."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import httpx
import numpy as np
import psutil
import pytest
from crash import PATIENCE_S, until
from fakes import checkpoint, server_pid, small_task, stop_server

import workbench
from workbench.core.errors import BadInput
from workbench.jobs import meters
from workbench.jobs.client import HttpClient
from workbench.recipes.recipe import Recipe
from workbench.runtimes import OnnxRuntime
from workbench.store import Store
from workbench.techniques import DynamicInt8

QUICK = {"schema": 1, "techniques": [], "runtime": {"name": "torch", "threads": 1}}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A home with a tuned tiny model, its server, and the task."""
    folder = tmp_path_factory.mktemp("jobs")
    home = folder / "home"
    home.mkdir()
    before = os.environ.get("WORKBENCH_HOME")
    os.environ["WORKBENCH_HOME"] = str(home)
    os.environ["WORKBENCH_FAST"] = "1"
    client = HttpClient(home)
    task = small_task(folder)
    model = client.tune(str(checkpoint(folder / "hf")), task)
    yield home, model, task
    stop_server(home)
    os.environ.pop("WORKBENCH_FAST")
    if before is None:
        os.environ.pop("WORKBENCH_HOME")
    else:
        os.environ["WORKBENCH_HOME"] = before


@pytest.fixture
def at(place, monkeypatch):
    monkeypatch.setenv("WORKBENCH_HOME", str(place[0]))
    return place


def hosts(home):
    """Processes that are timed just now."""
    family = psutil.Process(server_pid(home)).children(recursive=True)
    return [p for p in family if "workbench.measure.program" in " ".join(p.cmdline())]


def test_a_run_holds_what_it_was_measured_from(at, monkeypatch):
    home, model, task = at
    monkeypatch.delenv("WORKBENCH_FAST")
    monkeypatch.setattr(meters, "LAUNCHES", (3,))  # test_measure_compare has the looks in between
    monkeypatch.setattr(meters, "BUDGET_S", 0.3)
    client = workbench.connect(inline=True)
    run = client.run(model, task, Recipe(OnnxRuntime(), (DynamicInt8(),)))

    assert run.status == "done", run.error
    store = Store(home)
    assert store.run(run.id) == run
    reference = store.run(run.reference)
    assert reference.reference is None
    assert {
        "accuracy",
        "macro_f1",
        "latency_mean",
        "latency_p99",
        "model_latency_mean",
        "throughput",
        "size",
        "memory",
        "speedup_latency",
        "speedup_throughput",
        "accuracy_change",
    } <= set(run.metrics)
    assert len(run.launches) == len(reference.launches) == 3
    pids = {side["pid"] for launch in run.launches for side in launch.values()}
    assert len(pids) == 2 * len(run.launches), "every launch has fresh processes"
    logs = [
        np.log(np.median(x["reference"]["seconds"]) / np.median(x["candidate"]["seconds"]))
        for x in run.launches
    ]
    speedup = run.metrics["speedup_latency"]
    assert speedup.value == pytest.approx(np.exp(np.mean(logs)))
    from scipy.stats import t

    half = t.ppf(0.975, len(logs) - 1) * np.std(logs, ddof=1) / np.sqrt(len(logs))
    assert speedup.high == pytest.approx(np.exp(np.mean(logs) + half), rel=1e-6)
    assert (home / run.artifact / "artifact.json").is_file()
    logits = store.logits(run.id)
    assert logits.shape == (run.metrics["accuracy"].n, 3)
    assert run.environment["cpu"]


def test_a_sweep_measures_each_point_once_and_keeps_what_is_impossible(at):
    home, model, task = at
    client = HttpClient(home)
    grid = {
        "techniques": [[], [{"name": "bf16"}]],
        "runtime": [{"name": "torch"}, {"name": "onnxruntime"}],
    }

    first = client.sweep(model, task, grid)
    again = client.sweep(str(home.parent / "hf"), task, grid, tune="linear")  # as first points do

    failed = [run for run in first if run.status == "failed"]
    assert len(first) == 4
    assert [run.error["value"] for run in failed] == ["runtime onnxruntime after bf16"]
    done = {run.id for run in first if run.status == "done"}
    assert {run.id for run in again if run.status == "done"} == done
    anew = client.run(model, task, Recipe(OnnxRuntime()))
    same = [run for run in first if run.recipe == anew.recipe]
    assert anew.id not in done
    assert {run.key for run in same} == {anew.key}


def test_bad_requests_are_refused_before_anything_is_queued(at):
    home, model, task = at
    client = HttpClient(home)
    before = client.jobs()
    for kind, request in (
        ("dance", {}),
        ("run", {"model": model, "task": task}),
        ("run", {"model": model, "task": task, "recipe": {"techniques": [{"name": "x"}]}}),
        ("run", {"model": model, "task": task, "recipe": QUICK, "more": 1}),
        ("run", {"model": model, "task": task, "recipe": QUICK, "split": "train"}),
        ("run", {"model": "nobody", "task": task, "recipe": QUICK}),
        ("run", {"model": model, "task": "nothing", "recipe": QUICK}),
        ("tune", {"model": model, "task": task, "mode": "half"}),
        ("sweep", {"model": model, "task": task, "grid": {"techniques": {}}}),
        ("run", {"model": model, "task": task, "recipe": QUICK, "timeout": -1}),
    ):
        with pytest.raises(BadInput):
            client.submit(kind, request)
    assert client.jobs() == before


def test_an_encoder_without_a_head_says_tune_it_first(at):
    home, _, task = at
    with pytest.raises(BadInput, match="tune it first: workbench tune --model all-MiniLM-L6-v2"):
        HttpClient(home).submit(
            "run", {"model": "all-MiniLM-L6-v2", "task": task, "recipe": QUICK}
        )


def test_a_cancelled_run_stops_soon_and_its_hosts_with_it(at):
    home, model, task = at
    client = HttpClient(home)
    job = client.submit("run", {"model": model, "task": task, "recipe": QUICK})
    until(lambda: hosts(home), PATIENCE_S)
    client.cancel(job.id)

    ended = client.wait(job)

    assert ended.status == "cancelled"
    assert hosts(home) == []
    assert [r.status for r in Store(home).runs()][-1] == "cancelled"


def test_only_who_holds_the_token_is_answered_and_no_web_page_ever(at):
    home, _, _ = at
    client = HttpClient(home)
    client.jobs()
    port = json.loads((home / "server.json").read_text())["port"]
    token = (home / "token").read_text().strip()
    url = f"http://127.0.0.1:{port}/jobs"
    good = {"Authorization": f"Bearer {token}"}

    assert httpx.get(url).status_code == 403
    assert httpx.get(url, headers={"Authorization": "Bearer x"}).status_code == 403
    assert httpx.get(url, headers={**good, "Origin": "http://evil"}).status_code == 403
    assert httpx.get(url, headers={**good, "Host": "evil.example"}).status_code == 403
    assert httpx.get(url, headers=good).status_code == 200
    assert (home / "token").stat().st_mode & 0o777 == 0o600
    assert token not in (home / "server.log").read_text(errors="replace")


def test_two_starters_get_one_server(tmp_path):
    code = (
        "from workbench.jobs.client import HttpClient; from workbench.core.home import home;"
        "c = HttpClient(home()); c.jobs(); print(c._where().url)"
    )
    environment = {**os.environ, "WORKBENCH_HOME": str(tmp_path)}
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code], env=environment, text=True, stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    urls = {process.communicate(timeout=60)[0] for process in both}

    assert len(urls) == 1
    pid = server_pid(tmp_path)
    os.kill(pid, signal.SIGTERM)
    gone = time.monotonic() + 10
    while psutil.pid_exists(pid) and time.monotonic() < gone:
        time.sleep(0.1)
    assert not psutil.pid_exists(pid)


def test_an_inline_client_does_the_work_here(at):
    _, model, task = at
    events = []
    client = workbench.connect(inline=True)
    client.follow(events.append)

    run = client.run(model, task, Recipe(OnnxRuntime()), verify=True)

    assert run.status == "done"
    assert run.split == "test"
    assert {"job", "run"} <= {event["type"] for event in events}
