from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from workbench.core.errors import Cancelled
from workbench.measure import HostFailed, Side, alone, compare

HERE = Path(__file__).parent
TEXTS = ["one", "two words", "three whole words"] * 4


@pytest.fixture(autouse=True)
def _toy_runtime_can_be_imported(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(HERE))


@pytest.fixture
def toy(tmp_path):
    def make(name: str, **does) -> Side:
        (tmp_path / name).mkdir()
        (tmp_path / name / "toy.json").write_text(json.dumps(does))
        return Side(tmp_path / name, {"name": "toy", "threads": 1})

    return make


def hosts() -> list[psutil.Process]:
    """Host processes under this one."""
    found = []
    for child in psutil.Process().children(recursive=True):
        try:
            if "workbench.measure.program" in child.cmdline():
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_host_that_ends_tells_its_side_exit_code_and_last_words(toy):
    with pytest.raises(HostFailed, match="candidate host") as caught:
        compare(toy("good"), toy("bad", open="exit"), TEXTS, module="measure_toy")

    assert "exit code 7: the toy broke" in str(caught.value)
    assert hosts() == []


def test_a_killed_host_is_probably_out_of_memory(toy):
    with pytest.raises(HostFailed, match=r"reference host \(signal 9, probably out of memory"):
        compare(toy("bad", predict="killed"), toy("good"), TEXTS, module="measure_toy")

    assert hosts() == []


def test_what_a_runtime_refuses_keeps_its_own_words(toy):
    with pytest.raises(HostFailed) as caught:
        alone(toy("bad", open="refuse"), TEXTS, module="measure_toy")

    assert str(caught.value) == "candidate host (toy.json): expected a better toy; buy one."


def test_an_unforeseen_error_inside_names_itself(toy, tmp_path):
    side = toy("broken")
    (side.folder / "toy.json").unlink()

    with pytest.raises(HostFailed, match="FileNotFoundError"):
        alone(side, TEXTS, module="measure_toy")


def test_cancel_ends_both_hosts_even_while_they_are_busy(toy):
    def cancelled() -> bool:
        return len(hosts()) == 2

    with pytest.raises(Cancelled):
        compare(
            toy("one", open="hang"),
            toy("two", open="hang"),
            TEXTS,
            cancelled=cancelled,
            module="measure_toy",
        )

    assert hosts() == []


@pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")
@pytest.mark.parametrize("busy", [False, True], ids=["starting", "busy"])
def test_hosts_end_when_their_parent_is_killed(toy, busy):
    side = toy("one", open="hang")
    code = (
        "import sys, pathlib; from workbench.measure import Side, alone\n"
        f"side = Side(pathlib.Path({str(side.folder)!r}), {{'name': 'toy', 'threads': 1}})\n"
        "alone(side, ['a'], module='measure_toy')"
    )
    parent = subprocess.Popen([sys.executable, "-c", code])
    until(lambda: hosts() and (not busy or (side.folder / "opening").exists()))
    host = hosts()[0].pid

    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()

    until(lambda: gone(host))


def until(condition: Callable[[], object]) -> None:
    """Wait for something that takes well under a second; fail after twenty."""
    for _ in range(400):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to pass")


def test_a_host_waits_as_it_would_for_everybody(monkeypatch):
    """A worker's threads sleep while they wait; what is timed keeps the library's own way."""
    from workbench.measure.host import SLEEPY, _environment

    for name, value in SLEEPY.items():
        monkeypatch.setenv(name, value)
    assert not set(SLEEPY) & set(_environment(1))
    monkeypatch.delenv("WORKBENCH_SLEEPY")
    assert _environment(1)["OMP_WAIT_POLICY"] == "PASSIVE", "the user's own wish"


def test_what_a_host_leaves_out_comes_back_where_an_import_needs_it():
    """Older versions of transformers import scikit-learn, and so scipy, with every model."""
    asked = (
        "import sys\n"
        "from workbench.measure import spare\n"
        "spare.leave_out()\n"
        "from transformers.utils import is_scipy_available as before\n"
        "def make():\n"
        "    import sklearn.metrics\n"
        "    return sklearn.metrics.__name__\n"
        "print(before(), spare.with_them_if_need_be(make))\n"
        "from transformers.utils import is_scipy_available as after\n"
        "print(after(), sys.modules['openvino_telemetry'])\n"
        "def never():\n"
        "    import no_such_package\n"
        "try:\n"
        "    spare.with_them_if_need_be(never)\n"
        "except ImportError as err:\n"
        "    print(err.name)\n"
    )
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True)
    assert told.stdout.split() == [
        *("False", "sklearn.metrics", "True"),
        *("None", "no_such_package"),  # telemetry stays away
    ], told
