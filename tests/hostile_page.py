"""Texts that want to be markup, and a page whose every place shows them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from workbench.core.errors import BadInput
from workbench.core.records import Estimate, Job, Run, Verdict
from workbench.figures.tradeoff import Look, draw_tradeoff, tradeoff_info
from workbench.models.card import Card
from workbench.models.catalogue import BUILT_IN
from workbench.models.recommend import Recommendation
from workbench.panels.bar import Bar
from workbench.panels.choose import ChoosePanel
from workbench.panels.compress import CompressPanel
from workbench.panels.explore import DetailsPanel, ExplorePanel, RunsPanel
from workbench.panels.measure import JobsPanel, MeasurePanel
from workbench.panels.web import PlotView
from workbench.recipes.recipe import Recipe
from workbench.state.choose import ChooseState, FileWish
from workbench.state.compress import CompressState
from workbench.state.explore import ExploreState
from workbench.state.measure import MeasureState
from workbench.state.session import Session
from workbench.tasks.labels import Notice
from workbench.tasks.preview import BadRow, Preview
from workbench.tasks.task import Task

JS = "window.__hacked=1"
PAYLOADS = [
    f"<script>{JS}</script>",
    f"<ScRiPt src=//example.org/x.js>{JS}</sCrIpT >",
    f"</script><script>{JS}</script>",
    f"<!--<script>{JS}//",
    f"--><script>{JS}</script><!--",
    f"]]><script>{JS}</script>",
    f"</title><script>{JS}</script>",
    f"</style><script>{JS}</script>",
    f"</textarea></pre><script>{JS}</script>",
    f"<img src=x onerror={JS}>",
    f'<img src="x" onerror="{JS};alert(1)">',
    f"<img/src/onerror={JS}>",
    f"<image src=x onerror={JS}>",
    "<img src=http://example.org/pixel.png>",
    f"<svg onload={JS}>",
    f"<svg><script>{JS}</script></svg>",
    f"<svg><animate onbegin={JS} attributeName=x dur=1s>",
    f"<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img onerror={JS}>'>",
    f"<iframe srcdoc='<script>parent.{JS}</script>'></iframe>",
    f"<iframe src=javascript:parent.{JS}></iframe>",
    f"<object data=javascript:{JS}></object>",
    f"<embed src=javascript:{JS}>",
    f"<video><source onerror={JS}></video>",
    f"<details open ontoggle={JS}>x</details>",
    f"<input autofocus onfocus={JS}>",
    f"<body onload={JS}>",
    f"<form action=javascript:{JS}><button>go</button></form>",
    f"<a href=javascript:{JS}>click</a>",
    "<a href='http://example.org/'>plotly link</a><b>bold</b><br><i>i</i><sub>s</sub>",
    "<span style='fill:red;background:url(http://example.org/c.png)'>s</span>",
    "<style>@import 'http://example.org/x.css';*{display:none}</style>",
    "<link rel=stylesheet href=http://example.org/x.css>",
    "<meta http-equiv=refresh content='0;url=http://example.org/'>",
    "<base href=http://example.org/>",
    f"&lt;img src=x onerror={JS}&gt;",
    f"&amp;lt;script&amp;gt;{JS}&amp;lt;/script&amp;gt;",
    f"&#60;img src=x onerror={JS}&#62;&#x3c;b&#x3e;",
    f"\\u003cimg src=x onerror={JS}\\u003e \\x3cb\\x3e",
    f'" onmouseover="{JS}" x="',
    f"' onfocus='{JS}' autofocus='",
    f"x onmouseover={JS} style=position:fixed",
    f"`-{JS}-`${{{JS}}}",
    f"{{{{constructor.constructor('{JS}')()}}}} {{0.__class__}} {{value}} %{{x}} %(x)s",
    f"javascript:{JS}",
    f"java\tscript:{JS}",
    f"data:text/html,<script>{JS}</script>",
    r"$\href{javascript:window.__hacked=1}{x}$ \(\frac{1}{2}\) $$x^2$$",
    r"\unicode{x3c}script\unicode{x3e} \text{<img src=x onerror=window.__hacked=1>}",
    "url(http://example.org/u.png) expression(alert(1)) } body { display:none",
    f"\u202e>{JS}=rorrene gmi<\u202c \u2066x\u2069 \u200f",
    f"\uff1cscript\uff1e{JS}\uff1c/script\uff1e \u2039b\u203a",
    f"<\u0000img src=x onerror={JS}>",
    f"\ufeff<\u00adscript>{JS}",
    "\u001b]0;title\u0007\u001b[2J\u009b2J",
    "line one\r\nline two\u2028three\u2029four\u0085five",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "=cmd|'/c calc'!A1",
    "Z\u0351\u0352\u0353" * 60,
    "W" * 100_000,
    "<b>" * 20_000,
    "\U000e0041\U000e0042 tags \ue000 private",
]


class Client:
    """Shows what it was given and does nothing."""

    id = "me"

    def __init__(self, jobs=(), runs=()):
        self._jobs, self._runs = tuple(jobs), tuple(runs)

    def jobs(self):
        return self._jobs

    def runs(self):
        return self._runs

    def follow(self, listener):
        return lambda: None


def estimate(value, unit="1"):
    return Estimate(value, value * 0.9, value * 1.1, 3, unit)


def run(i, word, status, task):
    """A run with the word wherever a run has text."""
    return Run(
        word if status == "done" else f"f{i}",
        word,
        status,
        BUILT_IN,
        task,
        "validation",
        {"techniques": [], "runtime": {"name": "torch", "threads": 1}},
        {"cpu": word, "cores": word, "instructions": (word, word)},
        reference="ref",
        metrics={
            "accuracy": estimate(0.5 + i / 200),
            "latency_mean": estimate(0.001 * 1.05**i, "s"),
            "speedup_latency": estimate(2.0),
            "accuracy_change": estimate(0.01),
        },
        verdicts={"speedup_latency": Verdict("faster"), "accuracy": Verdict("cannot tell", 9)},
        error={"value": word, "expected": word, "remedy": word} if status == "failed" else None,
    )


def job(i, word, status):
    """A job with the word wherever a job has text."""
    error = {"value": word, "expected": word, "remedy": word} if status == "failed" else None
    ask = {"model": word, "task": word}
    return Job(f"{i}{word}", "run", word, ask, status, stage=word, done=1, total=2, error=error)


def card(word):
    return Card(
        word, word, (word,), (word, word), 10**6, 10**7, word, word, word, (word,), note=word
    )


def seen(word):
    """A preview with the word in every cell."""
    return Preview(
        path=word,
        columns=(word, f"{word}2"),
        text_column=word,
        label_column=f"{word}2",
        rows=9,
        classes={word: 9},
        bad_rows=(BadRow(3, word),),
        bad=1,
        examples=((word, word),),
        encoding=word,
        warnings=(Notice("preview.look_alikes", {"labels": word}),),
    )


def named(words):
    """A figure in which every word is the name of a point on the frontier, shown and hovered."""
    runs = [replace(run(i, word, "done", word), recipe={"n": i}) for i, word in enumerate(words)]
    info = tradeoff_info(runs, "latency_mean", "accuracy", lambda recipe: words[recipe["n"]])
    return draw_tradeoff(info, Look())


def look(choose, words):
    """A file is being looked at, and advice was given."""
    first = words[0]
    choose.file, choose.columns = FileWish(first, test=first), tuple(words)
    choose.preview = seen(first)
    advice = {"model": first, "kind": first, "language": first, "size": first}
    choose.advice = Recommendation(None, "recommend.fits", advice)


def panels(words, home: Path):
    """Every panel, fed with the words wherever text from elsewhere is shown."""
    first = words[0]
    runs = [run(i, word, s, first) for i, word in enumerate(words) for s in ("failed", "done")]
    jobs = [job(i, word, s) for i, word in enumerate(words) for s in ("failed", "running")]
    session = Session(Client(jobs, runs), home)
    session.start()
    compress = CompressState(session, Recipe.from_json({}))
    choose, again = ChooseState(session), ChooseState(session)
    session.task, session.model = first, BUILT_IN
    session.jobs, session.selected = tuple(jobs), first
    told = str(BadInput(first, first, first))
    session.trouble = compress.trouble = again.trouble = again.file_trouble = told
    for state in (choose, again):
        state.models = tuple(card(word) for word in words)
        state.tasks = tuple(
            Task(word, word, (word, "b"), (word,), "f", lambda _: None) for word in words
        )
    session.model = first
    look(choose, words)
    explore, measure = ExploreState(compress), MeasureState(compress)
    made = [Bar(session), ChoosePanel(choose), ChoosePanel(again), CompressPanel(compress)]
    session.model = BUILT_IN
    made += [MeasurePanel(measure), ExplorePanel(explore), RunsPanel(explore)]
    made += [DetailsPanel(explore), JobsPanel(measure)]
    plot = PlotView()
    plot.show(named(words), first, first)
    return [*made, plot]


def page(home: Path):
    """All of it as one widget, for a notebook."""
    import ipywidgets as w

    from workbench.panels.web import shared

    box = w.VBox([shared(), *panels(PAYLOADS, home)])
    box.add_class("wb")
    for opened in box.children:
        if hasattr(opened, "more"):
            opened.more.value = True
    return box
