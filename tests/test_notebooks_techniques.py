"""Notebooks about techniques and engines run top to bottom, on a model that is tuned already."""

from __future__ import annotations

import pytest
from fakes import stop_server
from test_notebooks import TECHNIQUES, run_all

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tuned(seeded, tmp_path_factory):
    home = seeded(tmp_path_factory.mktemp("techniques"))
    yield home
    stop_server(home)


@pytest.mark.parametrize("path", TECHNIQUES, ids=lambda path: path.stem)
def test_a_notebook_runs_top_to_bottom(path, tuned, monkeypatch):
    run_all(path, tuned, monkeypatch)
