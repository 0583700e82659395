"""The job server with real workers, hosts and models: submit, follow, cancel, crash, resume."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time

import httpx
import numpy as np
import psutil
import pytest
from fakes import checkpoint, small_task

import workbench
from workbench.core.errors import BadInput
from workbench.jobs.client import HttpClient
from workbench.recipes.recipe import Recipe
from workbench.runtimes import OnnxRuntime, Torch
from workbench.state.session import Session
from workbench.store import Store
from workbench.techniques import DynamicInt8, StructuredPruning

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


def server_pid(home):
    return json.loads((home / "server.json").read_text())["pid"]


def stop_server(home):
    try:
        process = psutil.Process(server_pid(home))
    except (OSError, psutil.NoSuchProcess):
        return
    family = [*process.children(recursive=True), process]
    process.terminate()
    psutil.wait_procs(family, timeout=15)


def test_a_run_holds_what_it_was_measured_from(at, monkeypatch):
    home, model, task = at
    monkeypatch.delenv("WORKBENCH_FAST")
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
    assert 3 <= len(run.launches) <= 12
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
    again = client.sweep(model, task, grid)

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
    threading.Timer(2.0, client.cancel, [job.id]).start()

    ended = client.wait(job)

    assert ended.status == "cancelled"
    hosts = [
        p
        for p in psutil.Process(server_pid(home)).children(recursive=True)
        if "workbench.measure.program" in " ".join(p.cmdline())
    ]
    assert hosts == []
    assert [r.status for r in Store(home).runs()][-1] == "cancelled"


def test_a_worker_that_dies_fails_its_run_only(at):
    home, model, task = at
    client = HttpClient(home)
    killed = []
    grid = {"techniques": [{"name": "magnitude_pruning", "amount": [0.3, 0.4]}]}
    job = client.submit("sweep", {"model": model, "task": task, "grid": grid})

    def heard(event):
        if event["type"] == "job" and event["job"]["stage"] == "launch" and not killed:
            for process in psutil.Process(server_pid(home)).children():
                killed.append(process.pid)
                process.kill()

    ended = client.wait(job, heard)

    runs = [r for r in Store(home).runs() if r.id in ended.result["runs"]]
    assert ended.status == "done"
    assert sorted(r.status for r in runs) == ["done", "failed"]
    failed = next(r for r in runs if r.status == "failed")
    assert "SIGKILL" in failed.error["value"]


def test_a_killed_server_resumes_the_sweep_without_repeating_what_is_saved(at):
    home, model, task = at
    client = HttpClient(home)
    grid = {"techniques": [{"name": "magnitude_pruning", "amount": [0.1, 0.2]}]}
    job = client.submit("sweep", {"model": model, "task": task, "grid": grid})
    pid = server_pid(home)
    killed = threading.Event()

    def heard(event):
        if event["type"] == "run" and event["run"]["status"] == "done" and not killed.is_set():
            killed.set()
            os.kill(pid, signal.SIGKILL)

    ended = client.wait(job, heard)

    assert killed.is_set()
    assert server_pid(home) != pid
    assert ended.status == "done"
    keys = [
        r.key
        for r in Store(home).runs()
        if r.status == "done"
        and r.reference
        and r.recipe["techniques"][:1]
        and r.recipe["techniques"][0].get("amount") in (0.1, 0.2)
    ]
    assert len(keys) == len(set(keys)) == 2


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


def test_a_visitor_sees_the_owners_runs_and_their_own_only(at):
    home, model, task = at
    one, other = (HttpClient(home, name * 32) for name in "ab")
    owned = len(HttpClient(home).runs())
    run = one.run(model, task, Recipe(Torch(), (StructuredPruning(ffn=0.25),)))

    assert run.id in {r.id for r in one.runs()}
    assert run.id not in {r.id for r in other.runs()}
    assert len(other.runs()) >= owned - 2
    with pytest.raises(BadInput):
        other.cancel(next(j.id for j in one.jobs() if j.client == one.id))
    linked = other.recorded(run.id)  # by a link that holds its id
    assert (linked.metrics, linked.client) == (run.metrics, "")
    assert other.why(run.id)["run"] == run.id
    with pytest.raises(BadInput, match="the id of a stored run"):
        other.recorded(run.id[:-1])


def test_a_link_shows_the_run_of_another_visitor(at):
    home, model, task = at
    one, other = (HttpClient(home, name * 32) for name in "cd")
    run = one.run(model, task, Recipe(Torch(), (StructuredPruning(ffn=0.5),)))
    session = Session(other, home, published=True)
    session.refresh()
    assert run.id not in {r.id for r in session.runs}

    session.fetch(run.id)
    session.refresh()
    assert [r.id for r in session.runs].count(run.id) == 1
    session.fetch("../" * 4 + "etc/passwd")
    assert "the id of a stored run" in session.trouble
    session.handle({"type": "ready"})  # the lists are read anew: why the link failed stays told
    assert "the id of a stored run" in session.trouble


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


def test_a_sweep_gives_way_to_others_between_its_points_and_repeats_none(at):
    home, model, task = at
    owner, visitor = HttpClient(home), HttpClient(home, "c" * 32)
    grid = {"techniques": [{"name": "magnitude_pruning", "amount": [0.6, 0.7, 0.8]}]}
    sweep = owner.submit("sweep", {"model": model, "task": task, "grid": grid})
    mine = visitor.submit("run", {"model": model, "task": task, "recipe": QUICK})

    ended = visitor.wait(mine)
    meanwhile = {job.id: job for job in owner.jobs()}[sweep.id]
    done = owner.wait(sweep)

    assert ended.status == "done"
    assert meanwhile.status in ("queued", "running"), "the visitor did not wait for the whole"
    runs = [r for r in Store(home).runs() if r.id in done.result["runs"]]
    assert [r.status for r in runs] == ["done"] * 3
    keys = [r.key for r in Store(home).runs() if r.key in {one.key for one in runs}]
    assert len(keys) == 3, "no point was measured twice"
