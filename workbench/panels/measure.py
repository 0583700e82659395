"""The measure panel: what is expected, the one primary button, verification, the jobs."""

from __future__ import annotations

from typing import Any

import ipywidgets as w

from workbench.i18n.numbers import figure, interval
from workbench.i18n.recipe_words import recipe_words
from workbench.panels.card import Card, classed, trouble
from workbench.panels.foreign import escape
from workbench.panels.web import Markup
from workbench.state.measure import JobLine, MeasureState

SHOWN = ("latency_mean", "size", "memory")


class MeasurePanel(Card):
    """View over a ``MeasureState``: expectation and buttons."""

    def __init__(self, state: MeasureState) -> None:
        self.state = state
        self.figures, self.note = Markup(), Markup()
        self.button, self.verify = classed(w.Button(), "wb-primary"), w.Button()
        buttons = classed(w.HBox([self.button, self.verify]), "wb-row")
        super().__init__("measure", [self.figures, buttons, self.note])
        self.button.on_click(lambda _: state.measure())
        self.verify.on_click(lambda _: state.measure("test"))
        state.compress.observe(self._show, ["info"])
        state.session.observe(self._show, ["language", "jobs", "trouble"])
        self._show()

    def _show(self, _: Any = None) -> None:
        say = self.state.session.say
        self.title(say("expect.heading"))
        self.button.description = say("measure.button")
        self.verify.description = say("measure.verify")
        self.verify.tooltip = say("measure.looks", n=self.state.looks())
        self.button.disabled = self.verify.disabled = not self.state.ready()
        self.figures.html = self._figures()
        self.note.html = self._untuned() + self._near() + trouble(self.state.session.trouble)

    def _figures(self) -> str:
        info, session = self.state.compress.info, self.state.session
        cells = []
        for metric in (self.state.session.judged, *SHOWN):
            estimate = info.expected.metrics.get(metric) if info else None
            head = f"<span>{escape(session.say(f'expect.{metric}'))}</span>"
            if estimate is None:
                unknown = escape(session.say("expect.unknown"))
                cells.append(f'<div>{head}<b class="wb-unknown">{unknown}</b></div>')
                continue
            sure = estimate.kind == "exact" or (info is not None and info.expected.same)
            kind = "" if sure else ' class="wb-promise"'
            value = escape(figure(metric, estimate))
            ends = escape(interval(metric, estimate, session.language))
            cells.append(f"<div>{head}<b{kind}>{value}</b><small>{ends}</small></div>")
        return f'<div class="wb-figures">{"".join(cells)}</div>'

    def _untuned(self) -> str:
        info = self.state.compress.info
        if info is None or not info.untuned:
            return ""
        return f"<p>{escape(self.state.session.say('choose.no_head'))}</p>"

    def _near(self) -> str:
        info, session = self.state.compress.info, self.state.session
        if info is None or info.expected.near is None:
            return ""
        recipe = info.expected.near.recipe
        words = recipe_words(recipe, session.language, self.state.compress.anatomy)
        key = "expect.same" if info.expected.same else "expect.near"
        return f'<p class="wb-soft">{escape(session.say(key, recipe=words))}</p>'


class JobsPanel(Card):
    """View over the jobs of a ``MeasureState``, with cancel always there."""

    def __init__(self, state: MeasureState) -> None:
        self.state = state
        self.lines = Markup(self._act)
        super().__init__("jobs", [self.lines])
        state.session.observe(self._show, ["jobs", "language"])
        self._show()

    def _act(self, act: str, value: str) -> None:
        if act == "cancel" and any(job.id == value for job in self.state.session.jobs):
            self.state.session.cancel(value)

    def _show(self, _: Any = None) -> None:
        say = self.state.session.say
        self.title(say("jobs.heading"))
        lines = "".join(self._line(line) for line in self.state.lines())
        empty = f'<p class="wb-soft">{escape(say("jobs.empty"))}</p>'
        self.lines.html = f'<div aria-live="polite">{lines or empty}</div>'

    def _line(self, line: JobLine) -> str:
        cancel, progress = "", ""
        if line.active:
            words = escape(self.state.session.say("jobs.cancel"))
            key = escape(line.id)
            cancel = (
                f'<button class="wb-link" data-act="cancel" data-value="{key}" '
                f'data-key="cancel-{key}">{words}</button>'
            )
            progress = _bar(line.share, line.title)
        kind = ' class="wb-bad-text"' if line.failed else ' class="wb-soft"'
        head = f"<span>{escape(line.title)} · <span{kind}>{escape(line.note)}</span></span>"
        return f'<div class="wb-job">{head}<span>{cancel}</span>{progress}</div>'


def _bar(share: float | None, name: str) -> str:
    label = f'role="progressbar" aria-label="{escape(name)}"'
    if share is None:
        return f'<div class="wb-progress wb-unsure" {label}><i></i></div>'
    percent = round(100 * min(1.0, max(0.0, share)))
    return (
        f'<div class="wb-progress" {label} aria-valuenow="{percent}">'
        f'<i style="width:{percent}%"></i></div>'
    )
