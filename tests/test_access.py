"""Whoever uses a keyboard, a screen reader or weak eyes: axe-core, and keys alone, in Chromium."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files

import pytest
from fakes import chromium, require, stop_server
from test_browser import PLOT, Served, browser, readout, wait  # noqa: F401 (a fixture)

from workbench.core.errors import BadInput
from workbench.core.records import Estimate, Verdict
from workbench.recipes.recipe import Recipe
from workbench.runtimes import OnnxRuntime, Sklearn
from workbench.store import Store
from workbench.techniques import StructuredPruning

pytestmark = pytest.mark.slow
SERIOUS = """async () => {
  const found = await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'best-practice']});
  return found.violations
    .filter(v => v.impact === 'serious' || v.impact === 'critical')
    .map(v => [v.id, v.nodes.slice(0, 3).map(
      n => n.html.slice(0, 160) + ' ' + (n.any[0]?.message || ''))]);
}"""
FOCUSED = """() => {
  const at = document.activeElement, style = getComputedStyle(at);
  return [at.getAttribute('aria-label') || at.innerText || at.title || at.tagName,
          style.outlineStyle !== 'none' || style.boxShadow !== 'none'];
}"""


@pytest.fixture
def axe():
    require("axe_playwright_python", "pip install axe-playwright-python")
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def app(tmp_path_factory, request):
    """A page with a run of every kind, explained; no job runs while it is looked at."""
    chromium()
    home = request.getfixturevalue("seeded")(tmp_path_factory.mktemp("access"))
    several(Store(home))
    served = Served("app", home)
    yield served
    served.stop()
    stop_server(home)


def several(store):
    """Beside the reference one run of each verdict, one that failed, and the plain baseline."""
    (plain,) = store.runs()
    faster = Estimate(3.0, 2.5, 3.5, 3, "1")
    change = Estimate(-0.01, -0.02, 0.0, plain.metrics["accuracy"].n, "1")
    told = {**plain.metrics, "speedup_latency": faster, "accuracy_change": change}
    error = BadInput("a host", "a process that lives", "try a smaller model").to_json()
    store.save(replace(plain, id="d" * 32, key="d", status="failed", metrics={}, error=error))
    recipe = Recipe(Sklearn()).to_json()
    store.save(replace(plain, id="e" * 32, key="e", recipe=recipe, model="tfidf"))
    for name, speed, quality in (
        ("a", "cannot tell", "cannot tell"),
        ("b", "slower", "better"),
        ("c", "faster", "worse"),  # the newest is the first row
    ):
        said = {"speedup_latency": Verdict(speed), "accuracy": Verdict(quality, 900)}
        recipe = Recipe(OnnxRuntime(), (StructuredPruning(ffn=0.25),)).to_json()
        made = replace(plain, id=name * 32, key=name, recipe=recipe, reference=plain.id)
        store.save(replace(made, metrics=told, verdicts=said), store.logits(plain.id))
        store.attach(made.id, "profile", store.attached(plain.id, "profile"))


@pytest.fixture(scope="module", params=["light", "dark"])
def page(request, browser, app):  # noqa: F811
    opened = browser.new_page(viewport={"width": 1400, "height": 1000})
    opened.goto(app.url + ("?dark=1" if request.param == "dark" else "?dark=0"))
    opened.wait_for_selector(PLOT, timeout=60_000)
    wait(lambda: opened.locator(".wb-step-runs tbody tr").count() == 5, 60)
    yield opened
    opened.close()


def test_every_slider_and_button_is_reached_by_tab_and_its_focus_is_seen(page):
    seen = {}
    for _ in range(60):
        page.keyboard.press("Tab")
        name, visible = page.evaluate(FOCUSED)
        seen[name.strip().split("\n")[0]] = visible
    wanted = {"Compression rate", "Pruning", "Measure", "Verify on test", "INT8, dynamic"}

    assert wanted <= set(seen)
    assert all(seen[name] for name in wanted), "focus is seen"


def test_arrows_move_the_focused_slider(page):
    handle = page.locator(".wb [role=slider][aria-label='Pruning']")
    handle.focus()
    before = readout(page, "Pruning")
    page.keyboard.press("ArrowRight")

    wait(lambda: readout(page, "Pruning") != before, 10)


def test_axe_finds_nothing_serious_with_everything_open(page, axe):
    page.get_by_role("button", name="Other models").click()
    page.get_by_role("button", name="As a table").first.click()
    page.locator(".wb-step-runs tbody tr").first.click()
    page.wait_for_selector(".wb-step-details pre", timeout=20_000)
    page.locator(".wb-step-why [data-act=layers]").click(timeout=20_000)
    page.wait_for_selector(".wb-step-why .main-svg", timeout=20_000)
    page.get_by_role("button", name="Measure", exact=True).click()
    page.wait_for_selector(".wb-step-jobs [role=progressbar]", timeout=20_000)
    page.evaluate(axe)

    assert page.evaluate(SERIOUS) == []
    page.locator(".wb-step-jobs button").first.click()  # cancel
