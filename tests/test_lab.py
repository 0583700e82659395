"""The tour in JupyterLab, in a real browser."""

from __future__ import annotations

import pytest
from fakes import stop_server
from test_browser import PLOT, Served, browser, points, wait  # noqa: F401 (a fixture)

from workbench.store import Store

pytestmark = pytest.mark.slow


def at_the_top(lab):
    """Scrolled to its first cells: JupyterLab follows the run and takes out what is far away."""
    lab.evaluate(
        "document.querySelectorAll('.jp-WindowedPanel-outer').forEach(e => e.scrollTop = 0)"
    )
    return lab


def run_all(lab):
    """Run all cells, as a reader does: asked again where the kernel was not there yet.

    JupyterLab then runs nothing, or asks which kernel it should be.
    """
    lab.wait_for_selector(".jp-KernelName:has-text('Python 3')", timeout=60_000)
    lab.locator(".jp-Notebook .jp-MarkdownOutput").first.click()
    first = lab.locator(".jp-CodeCell .jp-InputPrompt").first
    for _ in range(6):
        if (dialog := lab.locator(".jp-Dialog .jp-mod-accept")).count():
            dialog.first.click()
        lab.click(".lm-MenuBar-itemLabel:text('Run')")
        lab.click(".lm-Menu-itemLabel:text('Run All Cells')")
        for _ in range(50):
            lab.wait_for_timeout(300)
            if at_the_top(lab) and first.inner_text().strip() != "[ ]:":
                return
    raise AssertionError("JupyterLab did not run the notebook")


def test_jupyterlab_runs_the_tour(browser, seeded, tmp_path):  # noqa: F811
    served = Served("lab", seeded(tmp_path))
    try:
        lab = browser.new_page(viewport={"width": 1400, "height": 1000})
        lab.goto(served.url)
        lab.wait_for_selector(".jp-Notebook", timeout=60_000)
        lab.wait_for_selector(
            ".jp-Notebook-ExecutionIndicator[data-status='idle']", timeout=60_000
        )
        run_all(lab)
        wait(lambda: at_the_top(lab).locator(PLOT).count())
        store = Store(tmp_path)
        run = wait(lambda: [r for r in store.runs() if r.reference and r.status == "done"], 480)[0]
        shown = wait(lambda: points(at_the_top(lab)).get(run.id), 180)
        assert shown[1] == pytest.approx(100 * run.metrics["accuracy"].value, rel=1e-6)
        assert lab.locator(".jp-RenderedText[data-mime-type*='error']").count() == 0
    finally:
        served.stop()
        stop_server(tmp_path)
