"""The card “why fast or slow”: causes in sentences, the layers on demand, the ceiling."""

from __future__ import annotations

from typing import Any

from workbench.figures.layers import METRICS, draw_layers, layers_info
from workbench.panels.card import Card, classed, visible
from workbench.panels.foreign import escape
from workbench.panels.tabled import TabledPlot
from workbench.panels.web import Markup
from workbench.state.why import WhyState


class WhyPanel(Card):
    """View over a ``WhyState``; shown while a finished run is looked at."""

    def __init__(self, state: WhyState) -> None:
        self.state = state
        self.body, self.plot = Markup(state.show), classed(TabledPlot(), "wb-layers")
        super().__init__("why", [self.body, self.plot])
        state.observe(self._show)
        state.session.observe(self._show, ["language", "selected", "runs", "jobs"])
        self._show()

    def _show(self, _: Any = None) -> None:
        state, say = self.state, self.state.session.say
        shown = state.run() is not None
        visible(self, shown)
        self.title(say("why.heading"))
        drawn = shown and state.drawn()
        visible(self.plot, drawn)
        self.body.html = self._told() if shown else ""
        if drawn:
            info = layers_info(state.part("profile"), state.part("reference"), state.metric)
            language = state.session.language
            self.plot.show(draw_layers(info, language), language, say("why.layers"))

    def _told(self) -> str:
        state, say = self.state, self.state.session.say
        profile = state.part("profile")
        if not state.known():
            words = "why.coming" if state.measuring() else "why.none"
            return f'<p class="wb-soft">{escape(say("why.busy" if state.busy else words))}</p>'
        causes = state.causes() or [say("why.no_cause")]
        listed = "".join(f"<li>{escape(words)}</li>" for words in causes)
        return (
            f"<ul>{listed}</ul>"
            f'<p class="wb-soft">{escape(state.split())}</p>{self._limit()}{self._layers(profile)}'
        )

    def _limit(self) -> str:
        say, words = self.state.session.say, self.state.limit()
        if words:
            return f"<p>{escape(words)}</p>"
        if any(job.kind == "ceiling" for job in self.state.session.active()):
            return f'<p class="wb-soft" role="status">{escape(say("stage.ceiling"))}</p>'
        button = _button("ceiling", "", say("why.measure_limit"))
        return f'<p class="wb-soft">{escape(say("why.no_limit"))} {button}</p>'

    def _layers(self, profile: Any) -> str:
        if not profile or not profile["layers"]:
            return ""
        say, state = self.state.session.say, self.state
        made = _button("layers", "", say("why.no_layers" if state.layers else "why.layers"))
        if state.layers:
            for metric in METRICS:
                words = say(f"layers.{metric}")
                made += _button("metric", metric, words, metric == state.metric)
        untold = state.untold() if state.layers else ""
        told = f'<p class="wb-soft" role="status">{escape(untold)}</p>' if untold else ""
        return f"<div>{made}</div>{told}"


def _button(act: str, value: str, words: str, on: bool = False) -> str:
    now = " wb-now" if on else ""
    pressed = f' aria-pressed="{"true" if on else "false"}"' if act == "metric" else ""
    return (
        f'<button class="wb-link{now}" data-act="{act}" data-value="{value}" '
        f'data-key="{act}-{value}"{pressed}>{escape(words)}</button>'
    )
