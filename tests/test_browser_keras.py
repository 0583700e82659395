"""The panels with a Keras model in a real browser: chosen, pruned, measured in LiteRT."""

from __future__ import annotations

import pytest
from fakes import chromium, require, stop_server
from test_browser import Served, browser, points, readout, slider, wait

import workbench
from workbench.store import Store

pytestmark = pytest.mark.slow
__all__ = ["browser"]  # a fixture


@pytest.fixture
def digits(seeded, tmp_path_factory, monkeypatch):
    """A page whose owner has trained the network for pictures and measured it once."""
    require("tensorflow", "pip install 'llm-workbench[tf]'")
    chromium()
    home = seeded(tmp_path_factory.mktemp("digits"))
    monkeypatch.setenv("WORKBENCH_HOME", str(home))
    monkeypatch.setenv("WORKBENCH_FAST", "1")
    client = workbench.connect(inline=True)
    job = client.submit("tune", {"model": "keras-cnn", "task": "digits", "epochs": 4})
    model = client.wait(job).result["id"]
    client.sweep(model, "digits", {"techniques": [[]], "runtime": {"name": "tensorflow"}})
    served = Served("app", home)
    yield served, model
    served.stop()
    stop_server(home)


def test_a_keras_model_is_pruned_and_measured_on_the_page(browser, digits):
    served, model = digits
    store = Store(served.home)
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.goto(f"{served.url}?model={model}&task=digits")
    page.wait_for_selector(".wb-step-explore .wb-plot .main-svg", timeout=60_000)
    wait(lambda: len(points(page)) == 1, 60)

    words = page.inner_text(".wb-step-compress")
    assert "Gradual pruning" in words
    assert "Vocabulary" not in words, "what the model cannot have is not offered"
    page.locator(".wb-step-accelerate select").select_option(label="LiteRT")
    slider(page, "Pruning").focus()
    for _ in range(10):
        page.keyboard.press("PageUp")
    wait(lambda: float(readout(page, "Pruning")) >= 0.4, 20)
    page.get_by_role("button", name="Measure", exact=True).click()

    new = wait(lambda: [r for r in store.runs() if r.recipe["runtime"]["name"] == "litert"], 240)
    wait(lambda: store.run(new[0].id).status == "done", 240)
    run = store.run(new[0].id)
    shown = wait(lambda: points(page).get(run.id), 20)
    assert shown[1] == pytest.approx(100 * run.metrics["accuracy"].value, rel=1e-6)
    assert run.metrics["size"].value < 0.6 * store.run(run.reference).metrics["size"].value
    assert "LiteRT" in wait(lambda: page.inner_text(".wb-step-runs"), 10)
    page.close()
