"""Click to the first token in Chromium, on the page of ``workbench app --case news``.

Bar: at most 1 s on both sides. Run with ``make bench``, nothing else running.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

CLICK = """async () => {
  const shown = () => [...document.querySelectorAll('.nd-side')].map(
    side => side.querySelector('.nd-brief')?.innerText.trim() ?? '');
  const button = [...document.querySelectorAll('button')].find(
    one => one.innerText.includes('Write the brief'));
  const before = shown(), start = performance.now(), found = [0, 0];
  button.click();
  while (found.includes(0)) {
    const now = performance.now() - start;
    if (now > 120000) throw Error('no text after two minutes');
    shown().forEach((text, i) => {
      if (!found[i] && text && text !== before[i]) found[i] = now;
    });
    await new Promise(go => setTimeout(go, 1));
  }
  return found;
}"""
DONE = """() => [...document.querySelectorAll('.nd-side .nd-status')]
  .filter(line => line.innerText.includes('tokens in')).length == 2"""


def clicks(url: str, count: int) -> np.ndarray:
    """Milliseconds to the first token of both sides, (count, 2)."""
    from playwright.sync_api import sync_playwright
    from test_browser import FLAGS

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(240_000)
        started = time.perf_counter()
        page.goto(url)
        page.wait_for_selector(".nd-empty")
        print(f"page after {time.perf_counter() - started:.1f} s")
        time.sleep(20)  # a reader fills in the form; both sides are loaded meanwhile
        found = []
        for _ in range(count):
            found.append(page.evaluate(CLICK))
            page.wait_for_function(DONE)
            time.sleep(0.5)
        browser.close()
    return np.array(found)


def main() -> None:
    """Print the first click, p50 and p95 of the others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clicks", type=int, default=20)
    asked = parser.parse_args()
    served = subprocess.Popen(
        [sys.executable, "-m", "workbench", "app", "--case=news", "--port=0", "--no-browser"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "WORKBENCH_HOME": tempfile.mkdtemp()},
    )
    ms = clicks(re.search(r"http\S+", served.stdout.readline()).group(), asked.clicks)
    served.send_signal(signal.SIGTERM)
    served.wait(20)
    for name, (first, *others) in zip(("original", "compressed"), ms.T, strict=True):
        p50, p95 = np.percentile(others, [50, 95])
        print(
            f"{name}: first click {first:.0f} ms, others p50 {p50:.0f} ms, p95 {p95:.0f} ms, "
            f"n = {len(others)} clicks"
        )


if __name__ == "__main__":
    main()
