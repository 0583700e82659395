"""Ten visitors at once during a sweep, then fifty visits: live pages, light kernels, no growth."""

from __future__ import annotations

import re
import time
from pathlib import Path

import psutil
import pytest
from fakes import chromium, require
from test_browser import FLAGS
from visiting import Published, Stranger

from workbench.jobs.client import HttpClient

VISITORS, VISITS, MOVES, GIVEN_UP_MS = 10, 50, 20, 10_000
HEAVY = re.compile(r"libtorch|onnxruntime|tensorflow|openvino")
# the answer is waited for without asking: a loop that reads the page would load ten browsers
MOVE = """
async (moves) => {
  const row = [...document.querySelectorAll('.widget-hslider')]
    .find((e) => e.innerText.includes('Pruning'));
  const handle = row.querySelector('.noUi-handle');
  const told = () => document.querySelector('.wb-formulas')?.textContent;
  const changed = (before) => new Promise((go) => {
    const done = () => { seen.disconnect(); clearTimeout(late); go(); };
    const seen = new MutationObserver(() => { if (told() !== before) done(); });
    const late = setTimeout(done, 10000);
    seen.observe(document.querySelector('.wb-step-compress'), { childList: true, subtree: true });
  });
  const found = [];
  for (let i = 0; i < moves; i++) {
    await new Promise((go) => setTimeout(go, 1000 + 2000 * Math.random()));
    const start = performance.now(), answer = changed(told());
    const key = i % 2 ? 'PageDown' : 'PageUp';
    handle.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    await answer;
    found.push(performance.now() - start);
  }
  return found;
}
"""
START = "() => { window.found = null; (%s)(%d).then((x) => { window.found = x; }); }"
GRID = {
    "techniques": [
        [{"name": "structured_pruning", "ffn": ffn, "heads": heads}, {"name": "dynamic_int8"}]
        for ffn in (0.1, 0.2, 0.3, 0.4)
        for heads in (0.25, 0.5)
    ],
    "runtime": {"name": "onnxruntime"},
}


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    chromium()
    page = Published(tmp_path_factory.mktemp("many"))
    yield page
    page.stop()


def settle(page, most=2):
    """Wait until only the kernels kept ready are left."""
    until = time.monotonic() + 180
    while len(page.kernels()) > most and time.monotonic() < until:
        time.sleep(0.5)
    time.sleep(5)
    return len(page.kernels())


def memory(page) -> int:
    """Bytes of the page's server and of the kernels kept ready."""
    family = psutil.Process(page.process.pid).children(recursive=True)
    served = [p for p in family if "workbench.apps.published" in p.cmdline()]
    sizes = [process.memory_info().rss for process in (*served, *page.kernels())]
    print("\nMB:", *(round(size / 1e6) for size in sizes), end="")
    return sum(sizes)


def arrive(browser, url):
    """All visitors open the page together; the pages and the seconds until the last one lives."""
    pages = [browser.new_context().new_page() for _ in range(VISITORS)]
    began = time.monotonic()
    for page in pages:
        page.goto(url, timeout=240_000, wait_until="commit")
    for page in pages:
        page.wait_for_selector(".wb-step-explore", timeout=240_000)
    return pages, time.monotonic() - began


def start_sweep(owner):
    """A sweep of the model that the first points were made with."""
    until = time.monotonic() + 600
    while not any(run.reference for run in owner.runs()) and time.monotonic() < until:
        time.sleep(1)
    model = next(run.model for run in owner.runs() if run.reference)
    owner.submit("sweep", {"model": model, "task": "shopdesk", "grid": GRID})


def move_all(pages):
    """Everybody moves the slider at the same time; milliseconds from key to answer, by page."""
    for page in pages:
        page.evaluate(START % (MOVE, MOVES))
    for page in pages:
        page.wait_for_function("window.found !== null", timeout=300_000)
    return {page: page.evaluate("window.found") for page in pages}


def test_ten_visitors_at_once_during_a_sweep(published):
    api = require("playwright.sync_api", "pip install playwright")
    owner = HttpClient(published.home)
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        pages, came = arrive(browser, published.url)
        start_sweep(owner)
        moved = move_all(pages)
        for page, found in moved.items():
            if max(found) >= GIVEN_UP_MS:
                print("\nwithout an answer:", found, page.inner_text("body"))
        busy = [job for job in owner.jobs() if job.status == "running"]
        kernels = published.kernels()
        sizes = [process.memory_info().rss / 1e6 for process in kernels]
        loaded = [p.pid for p in kernels if HEAVY.search(Path(f"/proc/{p.pid}/maps").read_text())]
        texts = [page.inner_text(".wb-bar") for page in pages]
        browser.close()
    times = sorted(x for found in moved.values() for x in found)
    p50, p95 = (times[round(share * (len(times) - 1))] for share in (0.5, 0.95))
    print(
        f"\n{VISITORS} pages in {came:.1f} s; slider p50 {p50:.0f} ms, p95 {p95:.0f} ms, ", end=""
    )
    print(f"n {len(times)}; {len(kernels)} kernels of {min(sizes):.0f} to {max(sizes):.0f} MB")

    assert busy, "a sweep was under way"
    assert all("running" in text for text in texts), "every page is live"
    assert loaded == []
    assert settle(published) <= 2
    assert p95 <= 400


def test_fifty_visits_leave_nothing_behind(published):
    for job in HttpClient(published.home).jobs():
        HttpClient(published.home).cancel(job.id)

    def visit():
        stranger = Stranger(published.url)
        stranger.states()
        stranger.leave()

    for _ in range(5):
        visit()
    settle(published)
    before = memory(published)
    for _ in range(VISITS):
        visit()
        while len(published.kernels()) > 12:
            time.sleep(0.5)
    settle(published)
    after = memory(published)
    print(f"\nafter 5 visits {before / 1e6:.0f} MB, after {VISITS} more {after / 1e6:.0f} MB")

    assert after <= 1.05 * before
