"""A home whose sweeps are killed at random moments, and what must hold of it afterwards."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from fakes import classifier, small_task

from workbench.formats import save
from workbench.jobs.client import HttpClient
from workbench.measure.family import MARK
from workbench.state.session import Session
from workbench.store import Store
from workbench.store.files import TEMPORARY
from workbench.store.processes import lives

TOYS = Path(__file__).parent / "toys"
KINDS = ("worker", "host", "server", "client")
WORDS = {"worker": "workbench.jobs.worker", "host": "workbench.measure.program"}
POINTS = 3
PATIENCE_S = 300.0  # machines that run tests are slow and shared


def until(condition: Callable[[], object], patience_s: float = 60.0) -> None:
    """Wait for something that takes well under a second when nothing else runs."""
    end = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


class Home:
    """A home and a tiny classifier; its processes know the toy runtime.

    Args:
        folder: where all of it goes.
        setenv: sets a variable of the environment.
        home: name of the home in it.
    """

    def __init__(
        self, folder: Path, setenv: Callable[[str, str], object], home: str = "home"
    ) -> None:
        self.home = (folder / home).resolve()
        self.home.mkdir(parents=True, exist_ok=True)
        paths = [str(TOYS), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
        setenv("WORKBENCH_HOME", str(self.home))
        setenv("WORKBENCH_FAST", "1")
        setenv("PYTHONPATH", os.pathsep.join(paths))
        self.client = HttpClient(self.home)
        self.task = small_task(folder)
        self.model = str(folder / "model")
        save(classifier(folder / "hf"), folder / "model")
        self._points = 0

    def grid(self, *numbers: int) -> dict:
        runtime = {"name": "toy", "number": list(numbers)}
        return {"schema": 1, "techniques": [], "runtime": runtime}

    def fresh(self, count: int = POINTS) -> dict:
        """A grid of points that were never asked for."""
        self._points += count
        return self.grid(*range(1000 + self._points - count, 1000 + self._points))

    def request(self, grid: dict) -> dict:
        return {"model": self.model, "task": self.task, "grid": grid}

    def server(self) -> psutil.Process:
        return psutil.Process(json.loads((self.home / "server.json").read_text())["pid"])

    def processes(self, kind: str = "") -> list[psutil.Process]:
        """What descends from this home's servers."""
        found = []
        for process in psutil.process_iter():
            try:
                ours = process.environ().get(MARK, "").startswith(f"{self.home}|")
                if ours and (not kind or WORDS[kind] in process.cmdline()):
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found

    def temporary(self) -> list[Path]:
        """Temporary files that belong to nobody who lives."""
        found = []
        for path in self.home.rglob(f"{TEMPORARY}*"):
            if not lives(path.name.removeprefix(TEMPORARY).rpartition("-")[0]):
                found.append(path)
        return found

    def stop(self) -> None:
        try:
            process = self.server()
        except (OSError, psutil.Error):
            return
        process.terminate()
        until(lambda: not self.processes() and _gone(process))


def _gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True


class Sweep:
    """One sweep, followed to its end whatever is killed; what a page saw of it is kept."""

    def __init__(self, place: Home, points: int = POINTS) -> None:
        self.place, self.grid = place, place.fresh(points)
        self.numbers = self.grid["runtime"]["number"]
        self.saved: dict[str, str] = {}  # what was told to be saved: run id to status
        self.page = Session(place.client, place.home)

    def submit(self):
        return self.place.client.submit("sweep", self.place.request(self.grid))

    def follow(self, job):
        """The job as it ended; its server is started again if it is killed."""

        def heard(event):
            self.page.handle(event)
            if event["type"] == "run" and event["run"]["status"] != "running":
                self.saved[event["run"]["id"]] = event["run"]["status"]

        return self.place.client.wait(job, heard)


def by_command(place: Home, sweep: Sweep) -> subprocess.Popen:
    """The same sweep asked by the command, as a process that can be killed."""
    words = ["sweep", "--model", place.model, "--task", place.task]
    words += ["--grid", json.dumps(sweep.grid), "--json"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    # as a shell starts it in the foreground, whoever started the tests: a job in the background
    # is deaf to Ctrl+C, and so is all that it starts
    quiet["preexec_fn"] = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    return subprocess.Popen([sys.executable, "-m", "workbench", *words], **quiet)


def kill(place: Home, kind: str, client: subprocess.Popen | None) -> bool:
    """Kill -9 one process of a kind; False if there is none just now."""
    if kind == "client":
        client.kill()
        return client.wait() == -signal.SIGKILL
    try:
        victims = [place.server()] if kind == "server" else place.processes(kind)
        victim = random.choice(victims)
        victim.kill()
        until(lambda: _gone(victim))  # it first gives its memory back: until then it lives
    except (IndexError, OSError, ValueError, psutil.Error):
        return False
    return True


def crash(place: Home, kind: str, within_s: float, points: int = POINTS) -> dict:
    """A sweep during which a process is killed at a random moment; checks all promises.

    Without a kind nothing is killed.

    Returns what happened: ``{"killed", "told", "failed", "open_s"}``.
    """
    sweep = Sweep(place, points)
    command = by_command(place, sweep) if kind == "client" else None
    job = sweep.submit() if command is None else _asked_by(place, sweep, command)
    killed = []
    killer = threading.Thread(target=_strike, args=(place, kind, command, within_s, killed))
    if kind:
        killer.start()
    ended = sweep.follow(job)
    if kind:
        killer.join()
    assert ended.status == "done", ended.error
    return {"killed": bool(killed), "told": len(sweep.saved), **check(place, sweep, ended, kind)}


def _asked_by(place: Home, sweep: Sweep, command: subprocess.Popen):
    """The job that the command has submitted."""
    found = []

    def there():
        asked = [job for job in place.client.jobs() if job.request.get("grid") == sweep.grid]
        found.extend(asked)
        return found or command.poll() is not None

    until(there, PATIENCE_S)
    return found[0]


def _strike(place, kind, command, within_s, killed) -> None:
    time.sleep(random.uniform(0, within_s))
    for _ in range(400):
        if kill(place, kind, command):
            killed.append(True)
            return
        if not any(job.status == "running" for job in place.client.jobs()):
            return
        time.sleep(0.01)


def check(place: Home, sweep: Sweep, ended, kind: str) -> dict:
    """All that must hold after a crash, once the sweep has ended."""
    start = time.monotonic()
    store = Store(place.home)
    listed = store.listed()
    open_s = time.monotonic() - start
    by_id = {run.id: run for run in store.runs()}
    mine = [r for r in by_id.values() if r.recipe["runtime"].get("number") in sweep.numbers]
    lost = {i: s for i, s in sweep.saved.items() if i not in by_id or by_id[i].status != s}
    assert not lost, "what was told to be saved is there, as it was told"
    numbers = sorted(run.recipe["runtime"]["number"] for run in mine)
    assert numbers == sweep.numbers, "every point once: none lost, none twice"
    assert {run.id for run in mine} == set(ended.result["runs"])
    failed = [run for run in mine if run.status == "failed"]
    assert len(failed) <= (kind in ("worker", "host")), [run.error for run in failed]
    for run in by_id.values():
        assert run.status in ("done", "failed", "cancelled")
        if run.status == "done":
            assert run.launches
            assert store.logits(run.id).shape[1] == 3
    assert {run.id for run in listed} == set(by_id)
    assert not [job for job in place.client.jobs() if job.status == "running"]
    assert not [run for run in sweep.page.runs if run.status == "running"]
    until(lambda: not place.processes("host"))
    until(lambda: len(place.processes()) <= 1)  # the worker waits for the next job
    assert place.temporary() == []
    return {"failed": len(failed), "open_s": open_s}
