"""What all tests share: a home of their own, one thread, no hub."""

from __future__ import annotations

import os

import pytest

collect_ignore = ["benchmarks", "torture"]  # `make torture` names its folder
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("WORKBENCH_IDLE", "20")


LONG = ("test_browser.py", "test_notebooks.py", "test_jobs.py", "test_access.py")


def pytest_collection_modifyitems(items):
    """The longest files first: each is one process's, and none should be left for the end."""
    first = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: first.get(item.path.name, len(LONG)))


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory, monkeypatch, request):
    """Every test has a ``WORKBENCH_HOME`` of its own, unless a fixture sets one."""
    if "WORKBENCH_HOME" not in os.environ or "shared_home" not in request.fixturenames:
        monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def home():
    from workbench.core.home import home

    return home()


@pytest.fixture(scope="session", autouse=True)
def _tables():
    from workbench.jobs.setup import register

    register()
