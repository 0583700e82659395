"""What all tests share: a home of their own, one thread, no hub."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import suppress
from itertools import count

import pytest
from fakes import weights_hash

import workbench
from workbench.core.errors import BadInput
from workbench.core.home import home as home_folder

collect_ignore = ["benchmarks", "torture"]  # `make torture` names its folder
os.environ.setdefault("OMP_NUM_THREADS", "1")
# training uses all cores; waiting for one that a neighbour has, a thread must not burn another:
# a tiny model was tuned in 3 s of processor time instead of 24
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("WORKBENCH_IDLE", "20")
NUMBERS = count()  # of the tests' homes

LONG = (
    *("browser", "notebooks", "notebooks_techniques", "jobs", "visitors", "lab"),
    *("every_technique", "engines", "crashes", "jobs_queue", "foreign_text_browser", "cli"),
    *("safety", "access", "operating", "keras", "keras_files"),
    *("news_page", "generation", "writer_training", "parallel"),
)


def pytest_collection_modifyitems(items):
    """The longest files first: each is one process's, and none should be left for the end."""
    first = {f"test_{name}.py": place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: first.get(item.path.name, len(LONG)))


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """``once(name, make)``: the folder that ``make(folder)`` fills, once for all processes."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "once"
    shared.mkdir(exist_ok=True)

    def made(name, make):
        place, half = shared / name, shared / f"{name}.half"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not place.is_dir():
                shutil.rmtree(half, ignore_errors=True)
                half.mkdir()
                make(half)
                half.rename(place)
        return place

    return made


@pytest.fixture(scope="session")
def tuned_home(once):
    """A home with the built-in model tuned on shopdesk and its reference's run: not to touch."""

    def make(folder):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("WORKBENCH_HOME", str(folder))
            patch.setenv("WORKBENCH_FAST", "1")
            client = workbench.connect(inline=True)
            plain = {"techniques": [[]], "runtime": {"name": "torch"}}
            client.sweep(client.tune("all-MiniLM-L6-v2", "shopdesk"), "shopdesk", plain)

    return once("tuned_home", make)


@pytest.fixture(scope="session")
def seeded(tuned_home):
    """``seeded(home)``: begin a home with that model and, unless ``runs=False``, that run."""

    def seed(home, runs=True):
        shutil.copytree(tuned_home / "models", home / "models", copy_function=os.link)
        if runs:  # the index knows where it lies: every home makes its own
            shutil.copytree(tuned_home / "runs", home / "runs")
        return home

    return seed


@pytest.fixture(scope="session")
def exported(once):
    """``exported(artifact, format, workspace)``: as the export gives it, from one made before.

    Each family of ``fakes.classifier`` is exported once for all processes: its weights are always
    the same, and whoever asks for the file of others is told so.
    """
    from workbench.core.artifact import Artifact, Context
    from workbench.recipes.registry import EXPORTS

    def export(artifact, target, workspace):
        weights = weights_hash(artifact)

        def make(folder):
            EXPORTS["torch", target](artifact, Context(folder))
            assert weights_hash(artifact) == weights, "the export touched its original"
            (folder / "weights").write_text(weights)

        place = once(f"{artifact.payload.about.family}-{target}", make)
        assert (place / "weights").read_text() == weights, "another model's file"
        folder = shutil.copytree(place / target, workspace / target)
        return Artifact(target, folder, artifact.labels)

    return export


@pytest.fixture(scope="session")
def _hashes(tmp_path_factory):
    """What a home remembers of the built-in weights, so that no test's home hashes 90 MB."""
    from workbench.models.catalogue import built_in_folder

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("hashes")))
        folder = home_folder() / "cache" / "hashes"
        folder.mkdir(parents=True)
        with suppress(BadInput):  # tests/gpu may run where its package is not
            built_in_folder()
        return folder


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory, monkeypatch, request, _hashes):
    """Every test has a ``WORKBENCH_HOME`` of its own, unless a fixture sets one."""
    if "WORKBENCH_HOME" not in os.environ or "shared_home" not in request.fixturenames:
        folder = tmp_path_factory.getbasetemp() / "homes" / str(next(NUMBERS))
        shutil.copytree(_hashes, folder / "cache" / "hashes")
        monkeypatch.setenv("WORKBENCH_HOME", str(folder))


@pytest.fixture
def home():
    return home_folder()


@pytest.fixture(scope="session", autouse=True)
def _tables():
    from workbench.jobs.setup import register

    register()
