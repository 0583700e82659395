"""Slider to read-out in Chromium under Voila, 50 moves, idle and while a run is measured.

Bar: p95 at most 150 ms. Run with ``make bench``, nothing else running.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

MOVE = """async ([step]) => {
  const rows = [...document.querySelectorAll('.wb-step-compress .widget-hslider')];
  const row = rows.find(r => /Pruning/.test(r.innerText));
  const handle = row.querySelector('.noUi-handle');
  const told = ['.wb-step-compress', '.wb-figures'];  // all but the row that is moved
  const shown = () => told.map(at => document.querySelector(at).innerText).join()
    .replace(row.innerText, '');
  const before = shown(), start = performance.now();
  handle.focus();
  handle.dispatchEvent(new KeyboardEvent('keydown', {key: step, bubbles: true}));
  while (shown() === before) {
    if (performance.now() - start > 5000) throw Error('nothing changed after ' + before);
    await new Promise(go => setTimeout(go, 1));
  }
  return performance.now() - start;
}"""


def moves(page, count: int = 50) -> np.ndarray:
    """Milliseconds per move of the pruning slider."""
    found = []
    for number in range(count):
        key = "ArrowRight" if number % 50 < 25 else "ArrowLeft"
        found.append(page.evaluate(MOVE, [key]))
        time.sleep(0.05)
    return np.array(found)


def main() -> None:
    """Print p50 and p95."""
    from playwright.sync_api import sync_playwright
    from test_browser import FLAGS, PLOT, Served

    served = Served("app", Path(tempfile.mkdtemp()))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        started = time.perf_counter()
        page.goto(served.url)
        page.wait_for_selector(".noUi-handle")
        print(f"first interactive widget after {time.perf_counter() - started:.1f} s")
        page.wait_for_selector(PLOT)
        time.sleep(3)
        for name in ("while the first points are measured", "idle"):
            ms = moves(page)
            p50, p95 = np.percentile(ms, [50, 95])
            print(f"{name}: p50 {p50:.0f} ms, p95 {p95:.0f} ms, n = {len(ms)} moves")
            page.wait_for_function(
                "document.querySelector('.wb-bar').innerText.includes('no jobs')", timeout=300_000
            )
        browser.close()
    served.stop()


if __name__ == "__main__":
    main()
