"""Whether there is room is said before the work, not by a kill in the middle of it."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from test_disk_full import disk  # noqa: F401  (a fixture)

import workbench
from workbench import models
from workbench.core.errors import BadInput
from workbench.core.home import home as own_home
from workbench.formats import save
from workbench.formats.torch import new_classifier
from workbench.jobs import room
from workbench.measure.host import Host
from workbench.recipes.plan import plan
from workbench.recipes.recipe import Recipe
from workbench.runtimes import OnnxRuntime, Torch
from workbench.techniques import Distillation, DynamicInt8, StructuredPruning

CUT = StructuredPruning(layers=0.5)


@pytest.fixture
def anatomy():
    return models.anatomy(models.folder("all-MiniLM-L6-v2", own_home()))


def need(anatomy, runtime, *techniques):
    recipe = Recipe(runtime, techniques)
    return room.of_recipe(plan(recipe, anatomy), anatomy, recipe)


def test_more_work_needs_more_room(anatomy):
    plain = need(anatomy, Torch())
    pruned = need(anatomy, Torch(), CUT)
    quantised = need(anatomy, OnnxRuntime(), CUT, DynamicInt8())
    large = replace(anatomy, parts=anatomy.parts * 100)

    assert plain.disk == 0, "nothing is made"
    assert 0 < pruned.disk < quantised.disk
    assert plain.memory > 2 * anatomy.size_bytes
    taught, untaught = (need(large, Torch(), CUT, *more) for more in ([Distillation()], []))
    assert taught.memory > untaught.memory > 200 * anatomy.size_bytes
    assert room.of_tuning(10**9, "full").memory > room.of_tuning(10**9, "linear").memory > 10**9


def test_a_host_takes_about_what_is_estimated(anatomy, tmp_path):
    source = models.folder("all-MiniLM-L6-v2", own_home())
    save(new_classifier(source, ("a", "b"), 16), tmp_path / "model")
    host = Host("candidate", 1, lambda: False)
    try:
        host.ask(do="open", folder=str(tmp_path / "model"), runtime={"name": "torch"})
        host.ask(do="texts", texts=["hello"])
        held = host.ask(do="memory")["bytes"]
    finally:
        host.close()

    assert room.PROCESS / 2 < held - anatomy.size_bytes < 1.5 * room.PROCESS


def test_too_little_memory_is_told_before_the_work(monkeypatch, anatomy, tmp_path):
    monkeypatch.setattr(room, "free_memory", lambda: 10**6)

    with pytest.raises(BadInput, match=r"bytes of memory .* 1,000,000 bytes that are free"):
        room.check(need(anatomy, Torch(), CUT), tmp_path)


def test_too_little_memory_of_a_gpu_is_told_before_the_work(monkeypatch, anatomy, tmp_path):
    planned = plan(Recipe(Torch()), anatomy)
    wanted = room.of_recipe(planned, anatomy, Recipe(Torch(device="cuda")))
    assert wanted.gpu > 2 * anatomy.size_bytes
    assert need(anatomy, Torch()).gpu == 0
    monkeypatch.setattr(room, "gpu_memory", lambda: 10**6)

    with pytest.raises(BadInput, match=r"GPU's memory .* 1,000,000 bytes that it has"):
        room.check(wanted, tmp_path)
    monkeypatch.setattr(room, "gpu_memory", lambda: 10**12)
    room.check(wanted, tmp_path)


def test_a_containers_limit_counts_and_its_file_cache_does_not(monkeypatch, tmp_path):
    import psutil

    own = psutil.Process().memory_info().rss
    (tmp_path / "memory.max").write_text("5000000000\n")
    (tmp_path / "memory.current").write_text("4900000000\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 4800000000\n")
    monkeypatch.setattr(room, "CGROUP", tmp_path)
    assert room.free_memory() == pytest.approx(4_900_000_000 + own, rel=0.05)
    (tmp_path / "memory.max").write_text("max\n")
    assert room.free_memory() == pytest.approx(psutil.virtual_memory().available + own, rel=0.2)


def test_a_small_disk_is_told_before_the_work(disk, monkeypatch):  # noqa: F811
    monkeypatch.setenv("WORKBENCH_HOME", str(disk.path))
    client = workbench.connect(inline=True)
    job = client.wait(
        client.submit("tune", {"model": "all-MiniLM-L6-v2", "task": "shopdesk", "mode": "linear"})
    )

    assert job.status == "failed"
    assert "bytes on disk" in job.error["value"]
    assert not list((disk.path / "models").glob("*")), "nothing half-written"
    assert shutil.disk_usage(disk.path).free > 5_000_000
