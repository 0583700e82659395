"""The same payloads in a real browser: nothing runs, nothing is asked for, nothing appears."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import nbformat
import pytest
from fakes import chromium, require
from hostile_page import PAYLOADS
from test_browser import FLAGS
from test_foreign_text import paged

import workbench.apps

pytestmark = pytest.mark.slow
SHARE = Path(workbench.apps.__file__).parent / "share"
CELL = f"""import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from workbench.jobs.setup import register
register()
from workbench.core.home import home
import hostile_page
hostile_page.page(home())"""
NEVER = (
    "script, img, image, iframe, object, embed, form, link, meta, base, style, video, source, "
    "math, a, details, textarea, animate, foreignObject, mjx-container, .MathJax"
)
ODD = """never => [...document.querySelectorAll('.wb, .plot, h2, td, p')]
  .flatMap(e => [...e.querySelectorAll(never)]).map(e => e.outerHTML.slice(0, 200))"""
NAMES = "[...document.querySelectorAll('.wb .textpoint')].map(t => t.textContent).join(' ')"
HANDLERS = """() => [...document.querySelectorAll('.wb *, .plot *, td, h2')].flatMap(e =>
  [...e.attributes].filter(a => /^on/i.test(a.name) || /javascript:/i.test(a.name)
    || (/^(href|src|action|data|xlink:href)$/i.test(a.name) && !/^#/.test(a.value))
  ).map(a => e.tagName + ' ' + a.name + '=' + a.value.slice(0, 80)))"""


@pytest.fixture(scope="module")
def browser():
    path = chromium()
    api = require("playwright.sync_api", "pip install playwright")
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser):
    """A page that writes down every dialogue and every request that leaves the machine."""
    opened = browser.new_page(viewport={"width": 1400, "height": 1000})
    opened.odd = []
    ours = ("http://127.0.0.1", "ws://127.0.0.1", "file:", "data:", "blob:")
    opened.on("request", lambda r: None if r.url.startswith(ours) else opened.odd.append(r.url))
    opened.on("dialog", lambda d: (opened.odd.append(d.message), d.dismiss()))
    opened.on("popup", lambda p: opened.odd.append("popup"))
    yield opened
    opened.close()


@pytest.fixture
def published(tmp_path):
    """A notebook that shows every panel, published by Voila; its address."""
    chromium()
    cells = [nbformat.v4.new_code_cell(CELL)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, tmp_path / "page.ipynb")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "voila", "page.ipynb", f"--port={port}", "--no-browser"]
    command += ["--template=workbench", "--Voila.ip=127.0.0.1", "--strip_sources=True"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**os.environ, "JUPYTER_PATH": str(SHARE)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield waited(f"http://127.0.0.1:{port}/", process)
    finally:
        process.terminate()
        process.wait(30)


def waited(address, process, seconds=120):
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        try:
            httpx.get(f"{address}static/", timeout=5)
            return address
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError("voila did not answer")


def unharmed(page):
    assert page.evaluate("typeof window.__hacked") == "undefined"
    assert page.odd == []
    assert page.evaluate(HANDLERS) == []
    assert page.evaluate(ODD, NEVER) == []


HOVER = """async (plots) => {
  const api = globalThis.__wbPlotly || globalThis.Plotly;
  const labels = [];
  for (const plot of [...document.querySelectorAll(plots)].filter(plot => plot.data)) {
    plot.scrollIntoView();
    const marked = plot.data.findIndex(trace => trace.hovertext);
    for (let point = 0; marked >= 0 && point < plot.data[marked].x.length; point++) {
      api.Fx.hover(plot, [{ curveNumber: marked, pointNumber: point }]);
      await new Promise(go => setTimeout(go, 70));
      labels.push(...[...plot.querySelectorAll('.hovertext')].map(e => e.textContent));
    }
  }
  return labels;
}"""


def test_every_panel_shows_payloads_as_text(page, published):
    page.goto(published)
    page.wait_for_selector(".wb-plot .main-svg .textpoint", timeout=120_000, state="attached")
    page.wait_for_selector(".wb-step-jobs .wb-job", timeout=60_000, state="attached")
    page.wait_for_selector(".wb-step-runs td", timeout=60_000, state="attached")

    options = page.evaluate("[...document.querySelectorAll('.wb option')].map(o => o.text)")
    assert sum("__hacked" in words for words in options) > 100
    assert page.locator(".wb-step-runs tbody tr").count() == 2 * len(PAYLOADS)
    assert sum("__hacked" in label for label in page.evaluate(HOVER, ".wb-plot")) > 30
    unharmed(page)
    drawn = " ".join(
        page.evaluate("[...document.querySelectorAll('.wb .textpoint')].map(t => t.textContent)")
    )
    assert "<img src=x onerror=window.__hacked=1>" in drawn
    assert "&lt;img src=x" in drawn
    assert "$x^2$" in drawn


def test_the_report_shows_payloads_as_text(page, tmp_path):
    path = tmp_path / "report.html"
    some = PAYLOADS[::2]  # a plot each takes time; the elements are compared for all of them
    path.write_text(paged(some), encoding="utf-8")

    page.goto(path.as_uri())
    page.locator(".plot .main-svg").nth(2 * len(some) - 1).wait_for(state="attached")

    assert page.locator("h2").count() == len(some)
    assert sum("__hacked" in label for label in page.evaluate(HOVER, ".plot")) > 15
    unharmed(page)
    blocked = page.evaluate(
        """async () => {
          const image = document.body.appendChild(document.createElement('img'));
          const answer = new Promise(done => { image.onerror = () => done('blocked'); });
          image.src = 'https://example.org/x.png';
          document.body.insertAdjacentHTML('beforeend', '<svg onload="window.__hacked=1">');
          return answer;
        }"""
    )
    assert blocked == "blocked"
    assert page.evaluate("typeof window.__hacked") == "undefined"
