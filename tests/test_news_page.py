"""The news page in a real browser, published as strangers see it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from fakes import chromium, require, stop_server
from news_desk import model
from test_access import SERIOUS, axe
from test_browser import FLAGS

import workbench.apps

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
SHARE = Path(workbench.apps.__file__).parent / "share"
FLAGS_OF_VOILA = (
    *("--no-browser", "--template=workbench", "--theme=light", "--strip_sources=True"),
    *("--preheat_kernel=True", "--pool_size=1", "--VoilaExecutor.iopub_timeout=120"),
)
EVIL = (
    '<img src=x onerror="window.__hacked = 1"><b>Bold</b> & <script>window.__hacked = 2</script>'
)
ODD = ".nd-brief img, .nd-brief b, .nd-brief script, .nd-facts img"
NAMELESS = """() => [...document.querySelectorAll('.wb :is(button, select, input, textarea)')]
  .filter(e => e.offsetParent && !e.ariaLabel && !(e.labels?.[0] || e).innerText.trim())
  .map(e => e.outerHTML.slice(0, 200))"""
READY_S = 240


@pytest.fixture(scope="module")
def browser():
    path = chromium()
    api = require("playwright.sync_api", "pip install playwright")
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The page's own notebook, on a tiny model, behind the gate of published pages."""
    chromium()
    folder, home = tmp_path_factory.mktemp("news"), tmp_path_factory.mktemp("news-home")
    notebook = json.loads((ROOT / "notebooks" / "news.ipynb").read_text(encoding="utf-8"))
    last = notebook["cells"][-1]
    assert last["source"] == "news()"
    last["source"] = f"page = news(model={str(model(folder / 'lm'))!r})\n"
    last["source"] += (
        "page.state.models.way = 'torch'\npage.state.models.set_sampling(tokens=200)\n"
    )
    last["source"] += "page"
    (folder / "news.ipynb").write_text(json.dumps(notebook))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = {"WORKBENCH_HOME": str(home), "WORKBENCH_VISITORS": "1"}
    environment |= {"WORKBENCH_PLOTLY_SERVED": "1", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "workbench.apps.published", "news.ipynb"),
            *(f"--port={port}", "--Voila.ip=127.0.0.1", *FLAGS_OF_VOILA),
        ],
        cwd=folder,
        env={**os.environ, **environment, "JUPYTER_PATH": str(SHARE)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield answering(f"http://127.0.0.1:{port}/", process)
    finally:
        process.terminate()
        process.wait(30)
        stop_server(home)


def answering(address, process, seconds=120):
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        try:
            httpx.get(f"{address}static/", timeout=5)
            return address
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError("the page did not answer")


@pytest.fixture
def opened(browser, address):
    """``opened(query, width)``: a page that writes down what it should not do."""
    pages = []

    def open_page(query="", width=1400):
        page = browser.new_page(viewport={"width": width, "height": 900})
        pages.append(page)
        page.odd = []
        ours = ("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")
        page.on("request", lambda r: None if r.url.startswith(ours) else page.odd.append(r.url))
        page.on("pageerror", lambda error: page.odd.append(str(error)))
        page.on("dialog", lambda d: (page.odd.append(d.message), d.dismiss()))
        page.set_default_timeout(60_000)
        page.goto(address + query, timeout=120_000)
        page.wait_for_selector(".nd-empty", timeout=120_000)
        return page

    yield open_page
    for page in pages:
        assert page.odd == []
        page.close()


def wait(condition, seconds=READY_S):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError("waited in vain")


def written(page, place):
    return page.locator(".nd-side").nth(place).locator(".nd-brief").inner_text().strip()


def finished(page):
    """Whether both sides have told how long they took."""
    lines = page.locator(".nd-side .nd-status").all_inner_texts()
    return sum(bool(re.search(r"tokens in|用时", line)) for line in lines) == 2


__all__ = ["axe"]  # a fixture


def test_an_event_is_picked_and_written_of_with_the_keyboard_alone(opened, axe):
    page = opened()
    page.get_by_label("Type").select_option("Earthquake")
    wait(lambda: page.get_by_label("Magnitude").is_visible(), 20)
    page.get_by_label("Place").fill("Ostmere")
    assert page.locator(".nd-badge").count() == 0, "nothing is written yet"

    page.get_by_role("button", name="Write the brief").focus()
    page.keyboard.press("Enter")
    early = wait(lambda: page.locator(".nd-brief").count() and written(page, 0))
    wait(lambda: finished(page))

    assert written(page, 0).startswith(early[:8])
    for place in (0, 1):
        side = page.locator(".nd-side").nth(place)
        assert side.locator(".nd-badge").inner_text() == "machine-written"
        assert re.search(r"[\d.]+\nTo the first token", side.locator(".nd-figures").inner_text())
        rows = side.locator(".nd-facts tbody tr").all_inner_texts()
        facts = [row.split("\t") for row in rows]
        assert [x.strip() for x in facts[0][:2]] == ["Place", "Ostmere"]
        assert all(re.search("told|missing|wrong|invented", row) for row in rows)
        assert re.search(r"\d of \d told", side.locator(".nd-sums").inner_text())
    assert wait(lambda: "event=earthquake" in page.url, 20)
    assert page.evaluate(NAMELESS) == []
    page.evaluate(axe)
    assert page.evaluate(SERIOUS) == []


def test_a_prompt_of_markup_stays_text_and_one_of_control_characters_is_refused(opened):
    page = opened()
    page.get_by_role("button", name="A free prompt").click()
    prompt = page.get_by_label("Prompt", exact=True)
    prompt.fill("a\x07b")
    page.wait_for_timeout(500)
    page.get_by_role("button", name="Continue the prompt").click()
    alert = page.locator(".wb-step-news [role=alert]")
    wait(lambda: alert.count() and "plain text" in alert.inner_text(), 30)

    prompt.fill(EVIL)
    page.wait_for_timeout(500)
    page.get_by_role("button", name="Continue the prompt").click()
    wait(lambda: page.locator(".nd-prompt").count() == 2, 30)
    assert page.locator(".nd-prompt").first.inner_text() == EVIL
    wait(lambda: finished(page))
    assert page.locator(ODD).count() == 0
    assert page.evaluate("typeof window.__hacked") == "undefined"
    assert page.locator(".nd-facts").count() == 0


def test_a_wrong_slot_is_told_in_the_panel_in_both_languages(opened):
    page = opened("?event=earthquake")
    wait(lambda: page.get_by_label("Magnitude").is_visible(), 20)
    page.get_by_label("Magnitude").fill("<b>9</b>")
    page.wait_for_timeout(500)
    page.get_by_role("button", name="Write the brief").click()

    alert = page.locator(".wb-step-news [role=alert]")
    said = wait(lambda: alert.count() and alert.inner_text(), 20)
    assert said == "Magnitude = '<b>9</b>': expected a number from 3.6 to 8.4; correct it."
    page.get_by_role("button", name="switch the page to Chinese").click()
    wait(lambda: "介于 3.6 与 8.4 之间的数" in alert.inner_text(), 20)
    assert page.get_by_role("button", name="撰写简讯").is_enabled()
    page.get_by_role("button", name="换一个事件").click()
    wait(lambda: alert.count() == 0, 20)
    page.get_by_role("button", name="撤销").click()
    wait(lambda: page.get_by_label("震级").input_value() == "<b>9</b>", 20)


def test_a_chinese_visitor_on_a_dark_narrow_page(opened):
    page = opened("?lang=zh&dark=1", width=480)
    page.wait_for_timeout(500)

    assert page.get_by_label("简讯语言").input_value() == "中文"
    assert page.evaluate("document.documentElement.scrollWidth") <= 480
    sides = [page.locator(".nd-side").nth(place).bounding_box() for place in (0, 1)]
    assert sides[0]["y"] + sides[0]["height"] <= sides[1]["y"]
    assert sides[0]["y"] > page.locator(".wb-step-news").bounding_box()["y"]
    card = "getComputedStyle(document.querySelector('.nd-side')).backgroundColor"
    assert max(int(x) for x in re.findall(r"\d+", page.evaluate(card))[:3]) < 80
    page.get_by_role("button", name="撰写简讯").click()
    page.get_by_role("button", name="停止").click()
    wait(lambda: page.get_by_role("button", name="撰写简讯").is_enabled())
    lines = page.locator(".nd-side .nd-status").all_inner_texts()
    assert len(lines) == 2
    assert "已停止" in lines[1], "the first may have been written before the click"
    assert page.evaluate("document.documentElement.scrollWidth") <= 480
