"""Whoever uses a keyboard, a screen reader or weak eyes: axe-core, and keys alone, in Chromium."""

from __future__ import annotations

from importlib.resources import files

import pytest
from fakes import require
from test_browser import PLOT, app, browser, readout, wait  # noqa: F401 (fixtures)

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


@pytest.fixture(params=["light", "dark"])
def page(request, browser, app):  # noqa: F811
    opened = browser.new_page(viewport={"width": 1400, "height": 1000})
    opened.goto(app.url + ("?dark=1" if request.param == "dark" else "?dark=0"))
    opened.wait_for_selector(PLOT, timeout=60_000)
    yield opened
    opened.close()


def test_axe_finds_nothing_serious_with_everything_open(page, axe):
    wait(lambda: page.locator(".wb-step-runs tbody tr").count() >= 1)
    page.get_by_role("button", name="Other models").click()
    page.get_by_role("button", name="As a table").first.click()
    page.locator(".wb-step-runs tbody tr").first.click()
    page.wait_for_selector(".wb-step-details pre", timeout=20_000)
    page.evaluate(axe)

    assert page.evaluate(SERIOUS) == []


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
