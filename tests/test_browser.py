"""The page in a real browser, published by Voila."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from fakes import chromium, require, stop_server

from workbench.jobs.client import ENDED, HttpClient
from workbench.store import Store

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]


def command(process):
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it has ended meanwhile
        return ""


class Served:
    """``workbench app`` or ``workbench lab`` as a user starts it."""

    def __init__(self, command: str, home: Path):
        self.home = home
        environment = {**os.environ, "WORKBENCH_HOME": str(home), "WORKBENCH_FAST": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "workbench", command, "--port", "0", "--no-browser"],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        line = self.process.stdout.readline()
        self.url = re.search(r"http\S+", line).group()

    def stop(self):
        """SIGTERM, as a supervisor would; what was started by it must be gone."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        kernels = [p for p in family if "ipykernel" in command(p)]
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        return kernels


@pytest.fixture(scope="module")
def browser():
    path = chromium()
    api = require("playwright.sync_api", "pip install playwright")
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def app(tmp_path_factory, request):
    """A page that nobody has seen yet; its model was tuned before."""
    chromium()
    home = request.getfixturevalue("seeded")(tmp_path_factory.mktemp("app"), runs=False)
    served = Served("app", home)
    yield served
    kernels = served.stop()
    stop_server(home)
    assert kernels, "a page has a kernel"
    alive = [p for p in kernels if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
    assert not alive, "kernels outlived the app"


@pytest.fixture
def page(browser, app):
    opened = browser.new_page(viewport={"width": 1400, "height": 1000})
    opened.outside = []
    opened.on(
        "request",
        lambda r: (
            None
            if r.url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:"))
            else opened.outside.append(r.url)
        ),
    )
    opened.goto(app.url)
    opened.wait_for_selector(PLOT, timeout=60_000)
    yield opened
    assert opened.outside == [], "a request left the machine"
    opened.close()


SHOWN = """() => {
  const plot = document.querySelector('.wb-step-explore .wb-plot');
  const traces = ((plot && plot.data) || []).filter(t => t.customdata);
  return Object.fromEntries(
    traces.flatMap(t => t.customdata.map((id, i) => [id, [t.x[i], t.y[i]]])));
}"""
UNNAMED = """() => [...document.querySelectorAll(
  '.wb button, .wb select, .wb input, .wb [role=slider]')].filter(e => e.role === 'slider'
    ? !e.ariaLabel
    : !(e.innerText || e.title || e.ariaLabel || e.closest('.jupyter-widgets')?.innerText)
).map(e => e.outerHTML.slice(0, 200))"""
PLOT = ".wb-step-explore .wb-plot .main-svg"


def points(page):
    """Ids to (x, y) of what the plot shows."""
    return page.evaluate(SHOWN)


def wait(condition, seconds=480):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.3)
    raise AssertionError("waited in vain")


def settled(read, seconds=30):
    """What ``read`` gives, once it gives the same for two seconds."""
    until, last, same = time.monotonic() + seconds, None, 0
    while same < 8 and time.monotonic() < until:
        time.sleep(0.25)
        now = read()
        last, same = now, same + 1 if now == last else 0
    return last


def pruned(run):
    """The share of units that a run's recipe removes, in hundredths."""
    return next((round(100 * t["ffn"]) for t in run.recipe["techniques"] if "ffn" in t), 0)


def slider(page, label):
    return page.locator(".widget-hslider", has_text=label).first.locator(".noUi-handle")


def readout(page, label):
    return (
        page.locator(".widget-hslider", has_text=label)
        .first.locator(".widget-readout")
        .inner_text()
    )


def test_the_first_page_fills_itself_and_a_moved_slider_becomes_a_measured_point(page, app):
    """It is moved while the page still fills: whoever waits at a slider goes first."""
    store = Store(app.home)
    was = readout(page, "Pruning")

    slider(page, "Pruning").focus()
    page.keyboard.press("Shift+ArrowRight")
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    assert (was, readout(page, "Pruning")) == ("0.00", "0.16")
    wait(lambda: "10 heads" in page.inner_text(".wb-step-compress"), 30)  # 84 % of 12 stay
    promised = settled(lambda: page.inner_text(".wb-figures"))
    page.get_by_role("button", name="Measure", exact=True).click()

    new = wait(lambda: [r for r in store.runs() if r.status == "done" and pruned(r) == 16])[0]
    shown = wait(lambda: points(page).get(new.id), 20)
    assert shown[0] == pytest.approx(1e3 * new.metrics["latency_mean"].value, rel=1e-6)
    assert shown[1] == pytest.approx(100 * new.metrics["accuracy"].value, rel=1e-6)
    assert f"{new.metrics['size'].value / 1e6:.1f}" in promised, "the size was known before"
    wait(
        lambda: f"{100 * new.metrics['accuracy'].value:.1f}" in page.inner_text(".wb-figures"), 20
    )
    wait(lambda: len(points(page)) >= 2 and any(r.reference for r in store.runs()))
    owner = HttpClient(app.home)
    for job in owner.jobs():
        if job.status not in ENDED:
            owner.cancel(job.id)  # nobody below waits for the rest of the first points


LATE = """AbortSignal.timeout = () => {
  const given_up = new AbortController();
  queueMicrotask(() => given_up.abort());
  return given_up.signal;
}"""


def test_a_page_lives_where_its_modules_came_too_late(browser, app):
    late = browser.new_page(viewport={"width": 1400, "height": 1000})
    late.add_init_script(LATE)  # what anywidget waits for is never there in time
    late.goto(app.url)
    late.wait_for_selector(PLOT, timeout=60_000)
    formulas = late.inner_text(".wb-formulas")

    slider(late, "Pruning").focus()
    late.keyboard.press("PageUp")
    wait(lambda: late.inner_text(".wb-formulas") != formulas, 20)
    late.get_by_role("button", name="switch the page to Chinese").click()
    wait(lambda: "准确率与速度" in late.inner_text(".wb-step-explore"), 20)
    late.close()


def test_a_click_on_a_row_opens_details_with_code_and_esc_closes_them(page):
    wait(lambda: page.locator(".wb-step-runs tbody tr").count() >= 1)
    page.locator(".wb-step-runs tbody tr").first.click()

    code = wait(
        lambda: (
            page.locator(".wb-step-details pre").count()
            and page.inner_text(".wb-step-details pre")
        ),
        10,
    )
    assert "client.run(" in code
    assert "run=" in wait(lambda: "run=" in page.url and page.url, 10)
    page.keyboard.press("Escape")
    page.wait_for_selector(".wb-step-details", state="hidden", timeout=10_000)


def test_the_language_switch_acts_at_once(page):
    page.get_by_role("button", name="switch the page to Chinese").click()
    wait(lambda: "准确率与速度" in page.inner_text(".wb-step-explore"), 10)

    words = page.inner_text(".wb-grid")
    assert "压缩率" in words
    assert "Compression rate" not in words
    assert "lang=zh" in wait(lambda: "lang=" in page.url and page.url, 20)


def test_dark_and_narrow_pages_stay_readable(browser, app):
    narrow = browser.new_page(viewport={"width": 480, "height": 900})
    narrow.goto(app.url + "?dark=1")
    narrow.wait_for_selector(PLOT, timeout=60_000)
    narrow.wait_for_timeout(500)

    assert narrow.evaluate("document.documentElement.scrollWidth") <= 480
    first = narrow.locator(".wb-step-explore").bounding_box()["y"]
    assert first < narrow.locator(".wb-step-compress").bounding_box()["y"]
    card = "getComputedStyle(document.querySelector('.wb-card')).backgroundColor"
    background = narrow.evaluate(card)
    assert max(map(int, re.findall(r"\d+", background)[:3])) < 80
    narrow.close()


def test_every_control_has_a_name_for_screen_readers(page):
    wait(lambda: page.evaluate(UNNAMED) == [], 10)
    assert slider(page, "Pruning").get_attribute("aria-label") == "Pruning"
    assert page.locator('.wb [title="null"]').count() == 0


def test_a_visitor_cannot_make_the_kernel_run_code(page, app):
    from urllib.parse import urlparse

    import httpx

    base = f"http://{urlparse(app.url).netloc}"
    assert httpx.post(f"{base}/api/kernels", json={"name": "python3"}).status_code in (
        403,
        404,
        405,
    )
    assert httpx.get(f"{base}/api/contents").status_code in (302, 403, 404)
    assert httpx.get(f"{base}/voila/files/app.ipynb").status_code in (403, 404)
