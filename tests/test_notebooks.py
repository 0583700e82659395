"""Every notebook is stored clean, holds no logic, and runs top to bottom."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from fakes import require, stop_server

FOLDER = Path(__file__).parents[1] / "notebooks"
EVERY = sorted(FOLDER.glob("*.ipynb"))
TECHNIQUES = [
    path for path in EVERY if path.stem[:2] in ("03", "04", "06")
]  # in a file of their own
MAIN = [path for path in EVERY if path not in TECHNIQUES]


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_outputs_or_widget_state(path):
    data = json.loads(path.read_text(encoding="utf-8"))

    assert "widgets" not in data["metadata"]
    assert data["metadata"]["kernelspec"]["name"] == "python3"
    for cell in data["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_a_notebook_tells_a_story_and_holds_no_logic(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        if cell["cell_type"] == "code":
            tree = ast.parse("".join(cell["source"]))
            kinds = (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)
            assert not [node for node in tree.body if isinstance(node, kinds)]
    assert any(cell["cell_type"] == "markdown" for cell in cells)


def test_the_page_is_a_notebook_of_three_cells():
    assert len(json.loads((FOLDER / "app.ipynb").read_text())["cells"]) == 3


@pytest.fixture(scope="module")
def one_home(tmp_path_factory):
    """A home for all of them, as a reader has it: what one has tuned the next one finds."""
    home = tmp_path_factory.mktemp("notebooks")
    yield home
    stop_server(home)


@pytest.mark.slow
@pytest.mark.parametrize("path", MAIN, ids=lambda path: path.stem)
def test_a_notebook_runs_top_to_bottom(path, one_home, monkeypatch):
    """From nothing: the first one tunes and measures in an empty home."""
    run_all(path, one_home, monkeypatch)


def run_all(path, home, monkeypatch):
    """Run a notebook in a home; an error in a cell is one here, and a widget must be shown."""
    monkeypatch.setenv("WORKBENCH_HOME", str(home))
    monkeypatch.setenv("WORKBENCH_FAST", "1")
    monkeypatch.setenv("WORKBENCH_IDLE", "120")  # one server for all notebooks
    nbformat = require("nbformat", "pip install nbformat")
    nbclient = require("nbclient", "pip install nbclient")
    book = nbformat.read(path, 4)

    nbclient.NotebookClient(
        book, timeout=300, resources={"metadata": {"path": str(FOLDER)}}
    ).execute()

    shown = [
        o
        for c in book.cells
        for o in c.get("outputs", [])
        if o.output_type == "display_data" or o.output_type == "execute_result"
    ]
    assert any("application/vnd.jupyter.widget-view+json" in o.data for o in shown)
