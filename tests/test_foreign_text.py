"""Text from files and models reaches a page as text, never as markup."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import hostile_page
import ipywidgets as w
import pytest
from hostile_page import PAYLOADS

from workbench.apps import report
from workbench.cli import output
from workbench.core.errors import visible

PLAIN = "word"
NAMES = [f"{i}-{re.sub('[^a-z]+', '-', word[:200])[:24]}" for i, word in enumerate(PAYLOADS)]
every_payload = pytest.mark.parametrize("word", PAYLOADS, ids=NAMES)


class Skeleton(HTMLParser):
    """Elements with the names of their attributes, and the values that could do something."""

    def __init__(self, markup):
        super().__init__()
        self.elements, self.words, self.scripts = [], [], []
        self._inside = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag, attrs):
        risky = [v for n, v in attrs if n.startswith("on") or n in ("style", "href", "src")]
        self.elements.append((tag, [name for name, _ in attrs], risky))
        self._inside = tag

    def handle_endtag(self, tag):
        self.elements.append(("/" + tag,))
        self._inside = ""

    def handle_decl(self, decl):
        self.elements.append(("!" + decl,))

    def handle_comment(self, data):
        self.elements.append(("--",))

    def handle_data(self, data):
        (self.scripts if self._inside == "script" else self.words).append(data)


def widgets(root):
    """A widget and all that it holds."""
    yield root
    for child in getattr(root, "children", ()):
        yield from widgets(child)


def markup_of(panels):
    return [x.html for panel in panels for x in widgets(panel) if hasattr(x, "html")]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def plain(home):
    return hostile_page.panels([PLAIN], home)


def test_there_are_enough_payloads_and_the_plain_word_is_shown_everywhere(plain):
    assert len(set(PAYLOADS)) >= 40
    shown = [markup for markup in markup_of(plain) if PLAIN in markup]
    assert len(shown) >= 8


@every_payload
def test_nothing_of_a_payload_becomes_an_element_of_a_panel_and_controls_show_text(
    word, plain, home
):
    fed = hostile_page.panels([word], home)

    for markup, usual in zip(markup_of(fed), markup_of(plain), strict=True):
        assert Skeleton(markup).elements == Skeleton(usual).elements
        assert re.sub("[\n\u202f]", "", markup).isprintable()
        assert len(markup) < 100_000
    for widget in (x for panel in fed for x in widgets(panel)):
        assert not isinstance(widget, (w.HTML, w.HTMLMath, w.Label))
        assert not getattr(widget, "description_allow_html", False)
        for label in getattr(widget, "_options_labels", ()):
            assert len(label) <= 100
            assert visible(label) == label


@every_payload
def test_plotly_finds_no_markup_and_no_formula_in_a_name(word):
    figure = hostile_page.named([word])
    for trace in figure["data"]:
        for told in (*trace.get("text", ()), *trace.get("hovertext", ())):
            assert set(re.findall("<[^>]*>?", told)) <= {"<b>", "</b>", "<br>"}
            assert told.count("<b>") <= 1
            assert "$" not in told
            assert len(told) < 2000
    assert "$" not in figure["data"][-1]["text"][0]


def paged(words):
    """The report over runs whose every text is one of the words."""
    runs = []
    for i, word in enumerate(words):
        recipe = {"techniques": [{"name": word}], "runtime": {"name": word}}
        made = hostile_page.run(i, word, "done", word)
        runs.append(hostile_page.replace(made, recipe=recipe, model=word, split=word))
    return report._page(runs)


@pytest.fixture
def _light(monkeypatch):
    monkeypatch.setattr(report, "plotly_script", lambda: "plotly")


@every_payload
@pytest.mark.usefixtures("_light")
def test_the_report_has_the_same_elements_whatever_its_runs_are_called(word):
    found, usual = Skeleton(paged([word])), Skeleton(paged([PLAIN]))

    assert found.elements == usual.elements
    drawn = found.scripts[-1]
    assert "<" not in drawn
    assert json.loads(drawn.split(".forEach")[0])[0]["data"]


def test_only_the_reports_own_scripts_are_allowed():
    page = paged(PAYLOADS[:5])
    found = Skeleton(page)
    policy = re.search('Content-Security-Policy" content="([^"]*)"', page).group(1)
    hashes = set(re.findall("'sha256-([^']+)'", policy))

    assert {b64encode(sha256(x.encode()).digest()).decode() for x in found.scripts} == hashes
    assert "default-src 'none'" in policy


@every_payload
def test_a_terminal_gets_one_line_of_visible_characters(word, capsys):
    output.table(("id", "model"), [(word, word), ("a", "b")])
    output.say(f"warning: {word}")
    output.describe(hostile_page.run(0, word, "failed", word))
    out = capsys.readouterr().out

    assert len(out.splitlines()) == len(out.split("\n")) - 1 == 3 + 1 + 2 + 4 + 2
    assert re.sub("[\n\u202f\u200d]", "", out).isprintable()
    assert len(out) < 12_000
    output.as_json({"word": word})
    out = capsys.readouterr().out
    assert out.replace("\n", "").isprintable()
    assert json.loads(out) == {"word": word}
