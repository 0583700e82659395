"""The card “where to run it”: throughput against the tail, under a ceiling that one moves."""

from __future__ import annotations

from typing import Any

import ipywidgets as w

from workbench.figures.operating import draw_operating, failure_words, setting
from workbench.i18n.numbers import significant
from workbench.panels.card import Card, visible
from workbench.panels.controls import name, slider
from workbench.panels.foreign import escape
from workbench.panels.tabled import TabledPlot
from workbench.panels.web import Markup
from workbench.state.operating import CEILING, OperatingState


class OperatingPanel(Card):
    """View over an ``OperatingState``; shown while a finished run is looked at."""

    def __init__(self, state: OperatingState) -> None:
        self.state = state
        self.told, self.plot = Markup(), TabledPlot()
        self.ceiling = slider(CEILING, state.ceiling_ms)
        self.button = w.Button()
        super().__init__("operating", [self.told, self.plot, self.ceiling, self.button])
        self.ceiling.observe(lambda change: state.set_trait("ceiling_ms", change.new), "value")
        self.button.on_click(lambda _: state.measure())
        state.observe(self._draw, ["ceiling_ms"])
        state.why.observe(self._draw, ["found"])
        state.session.observe(self._draw, ["language"])
        state.session.observe(self._show, ["selected", "runs", "jobs"])  # often: no picture
        self._draw()

    def _show(self, _: Any = None) -> None:
        state, say = self.state, self.state.session.say
        shown, points = state.why.run() is not None, state.points()
        visible(self, shown)
        self.title(say("operating.heading"))
        name(self.ceiling, say("operating.slider"))
        self.button.description = say("operating.again" if points else "operating.button")
        self.button.disabled = state.measuring()
        for widget in (self.plot, self.ceiling):
            visible(widget, bool(points))
        self.told.html = self._told() + self._failed() if shown else ""

    def _draw(self, _: Any = None) -> None:
        self._show()
        state, language = self.state, self.state.session.language
        if points := state.points():
            drawn = draw_operating(points, state.best(), state.ceiling_ms, language)
            self.plot.show(drawn, language, state.session.say("operating.heading"))

    def _told(self) -> str:
        state, say = self.state, self.state.session.say
        if state.measuring():
            return f'<p class="wb-soft" role="status">{escape(say("operating.busy"))}</p>'
        points, best = state.points(), state.best()
        if not points:
            return f'<p class="wb-soft">{escape(state.cost())}</p>'
        if best is None:
            words = say("operating.none", ceiling=state.ceiling_ms)
            return f"<p>{escape(words)}</p>"
        point = points[best]
        words = say(
            "operating.found",
            batch=point["batch"],
            setting=setting(point, state.session.language),
            rate=significant(point["throughput"]["value"], 3),
            tail=significant(1e3 * point["latency_p95"]["value"]),
            n=point["throughput"]["n"],
        )
        return f'<p aria-live="polite">{escape(words)}</p>'

    def _failed(self) -> str:
        """What could not be measured, and why."""
        state, language = self.state, self.state.session.language
        if state.measuring():
            return ""
        told = [failure_words(one, why, language) for one, why in state.failed()]
        items = "".join(f"<li>{escape(words)}</li>" for words in told)
        return f'<ul class="wb-examples">{items}</ul>' if told else ""
