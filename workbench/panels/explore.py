"""The explore panel: the plot, the table of runs, the run that is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ipywidgets as w

from workbench.core.records import Run
from workbench.figures.limits import with_limits
from workbench.figures.tradeoff import Look, draw_tradeoff, tradeoff_info
from workbench.i18n.table import TEXTS
from workbench.panels.card import Card, classed, trouble
from workbench.panels.foreign import CODE, escape
from workbench.panels.tabled import TabledPlot
from workbench.panels.web import Markup
from workbench.state.explore import ExploreState, Row

HEADS = ("recipe", "accuracy", "change", "quality", "latency", "speed", "size", "split")


class ExplorePanel(Card):
    """View over an ``ExploreState``: any metric against any other, live."""

    def __init__(self, state: ExploreState) -> None:
        self.state = state
        self.plot = TabledPlot(state.select)
        self.x, self.y = w.Dropdown(), w.Dropdown()
        self.log_axis = w.Checkbox(value=state.log, indent=False)
        self._showing = False
        axes = classed(w.HBox([self.x, self.y, self.log_axis]), "wb-axes")
        super().__init__("explore", [self.plot, axes])
        for trait, widget in (("x", self.x), ("y", self.y), ("log", self.log_axis)):
            widget.observe(lambda change, name=trait: self._chosen(name, change.new), "value")
        state.observe(self._show, ["x", "y", "log"])
        state.observe(self._draw, ["limits"])
        state.compress.observe(self._draw, ["info"])
        state.session.observe(self._draw, ["selected", "runs"])
        state.session.observe(self._wait, ["jobs"])
        state.session.observe(self._show, ["language"])
        self._show()

    def _chosen(self, name: str, value: Any) -> None:
        if not self._showing and value is not None:
            setattr(self.state, name, value)

    def _show(self, _: Any = None) -> None:
        self._showing = True
        say = self.state.session.say
        self.title(say("explore.heading"))
        options = [(say(f"metric.{metric}"), metric) for metric in self.state.metrics()]
        for widget, trait in ((self.x, "x"), (self.y, "y")):
            widget.options = options
            widget.value = getattr(self.state, trait)
            widget.description = say(f"explore.{trait}")
        self.log_axis.description = say("explore.log")
        self.log_axis.value = self.state.log
        self._showing = False
        self._draw()

    def _wait(self, _: Any) -> None:
        if not self.state.points():  # an empty plot says whether something is on its way
            self._draw()

    def _draw(self, _: Any = None) -> None:
        say = self.state.session.say
        short = f"short.{self.state.x}"
        shown = say(short) if short in TEXTS else ""
        language = self.state.session.language
        self.plot.show(self._figure(), language, say("explore.heading"), shown)

    def _figure(self) -> dict[str, Any]:
        state, session = self.state, self.state.session
        info = tradeoff_info(
            state.points(),
            state.x,
            state.y,
            state.name,
            language=session.language,
            expected=state.promise(),
            result=state.result(),
            selected=session.selected,
        )
        empty = "explore.first" if session.expecting() else "explore.empty"
        look = Look(session.language, state.log, empty)
        return with_limits(draw_tradeoff(info, look), info, state.limits, look)


class RunsPanel(Card):
    """View over an ``ExploreState``: the runs as a table."""

    def __init__(self, state: ExploreState) -> None:
        self.state = state
        self.table = Markup(self._act)
        super().__init__("runs", [self.table])
        state.session.observe(self._show, ["runs", "selected", "language", "model", "task"])
        state.session.observe(self._wait, ["jobs"])
        self._show()

    def _wait(self, _: Any) -> None:
        if not self.state.rows():
            self._show()

    def _act(self, act: str, value: str) -> None:
        if act == "select":
            self.state.select(value)

    def _show(self, _: Any = None) -> None:
        say = self.state.session.say
        self.title(say("explore.runs"))
        rows = self.state.rows()
        if not rows:
            words = "explore.first" if self.state.session.expecting() else "explore.no_runs"
            self.table.html = f'<p class="wb-soft">{escape(say(words))}</p>'
            return
        keys = {head: f"table.{head}" for head in HEADS}
        keys |= {"accuracy": f"expect.{self.state.session.judged}"}
        heads = "".join(f"<th>{escape(say(keys[head]))}</th>" for head in HEADS)
        body = "".join(self._row(row) for row in rows)
        table = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
        self.table.html = f'<div class="wb-scroll" tabindex="0">{table}</div>'

    def _row(self, row: Row) -> str:
        quality, speed = (self._chip(*told) for told in (row.quality, row.speed))
        cells = (escape(row.recipe), row.accuracy, row.change, quality, row.latency, speed)
        inner = "".join(f"<td>{cell}</td>" for cell in (*cells, row.size, escape(row.split)))
        chosen = ' class="wb-selected"' if row.selected else ""
        key = escape(row.id)
        return (
            f'<tr data-act="select" data-value="{key}" data-key="run-{key}" tabindex="0"{chosen}>'
            f"{inner}</tr>"
        )

    def _chip(self, verdict: str, words: str) -> str:
        label = escape(self.state.session.say(f"verdict.{verdict}"))
        if words and verdict in ("faster", "slower"):
            label = escape(words.split(" (")[0].split("（")[0])
        kind = escape(verdict.replace(" ", "-"))
        return f'<span class="wb-chip wb-{kind}" title="{escape(words)}">{label}</span>'


class DetailsPanel(Card):
    """View over an ``ExploreState``: the chosen run's numbers and its code."""

    def __init__(self, state: ExploreState) -> None:
        self.state = state
        self.body = Markup(self._act, escapes=True)
        super().__init__("details", [self.body])
        state.session.observe(self._show, ["selected", "runs", "language"])
        self._show()

    def _act(self, act: str, value: str) -> None:
        if act in ("close", "escape"):
            self.state.select("")
        elif act == "load" and (run := self.state.chosen()) is not None:
            self.state.compress.load(run.recipe)

    def _show(self, _: Any = None) -> None:
        run = self.state.chosen()
        self.layout.display = None if run is not None else "none"
        self.title(self.state.session.say("details.heading"))
        self.body.html = self._details(run) if run is not None else ""

    def _details(self, run: Run) -> str:
        say, row = self.state.session.say, self.state.row(run)
        head = (
            f'<div class="wb-details-head"><b>{escape(row.recipe)}</b><span>'
            f'<button class="wb-link" data-act="load">{escape(say("details.load"))}</button>'
            f'<button class="wb-link" data-act="close">{escape(say("details.close"))}</button>'
            "</span></div>"
        )
        told = "".join(
            f"<p>{escape(say(f'details.{what}', words=words))}</p>"
            for what, (_, words) in (("speed", row.speed), ("quality", row.quality))
            if words
        )
        if run.status == "failed":
            told = trouble(row.speed[1])
        alone = run.reference is None and run.status == "done"
        kind = "details.launches_alone" if alone else "details.launches"
        launches = escape(say(kind, n=len(run.launches)))
        numbers = "".join(
            f"<div><span>{escape(name)}</span><span><b>{escape(value)}</b> "
            f'<small class="wb-soft">{escape(ends)}</small></span></div>'
            for name, value, ends in self.state.numbers(run)
        )
        code = escape(self.state.code(run), CODE)
        return (
            f'{head}{told}<div class="wb-numbers">{numbers}</div>'
            f'<p class="wb-soft">{launches} · {escape(_machine(run.environment))}</p>'
            f'<div class="wb-details-head"><h2>{escape(say("details.code"))}</h2>'
            f'<button class="wb-link" data-act="copy">{escape(say("details.copy"))}</button></div>'
            f"<pre>{code}</pre>"
        )


def _machine(environment: Mapping[str, Any]) -> str:
    sets = ", ".join(environment.get("instructions", ()))
    threads = environment.get("threads", environment.get("cores", "?"))
    return f"{environment.get('cpu', '?')} × {threads} ({sets})"
