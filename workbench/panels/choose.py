"""The choose panel: model, task, a file's preview, tuning, a recommendation."""

from __future__ import annotations

from typing import Any

import ipywidgets as w

from workbench.figures.loss import draw_loss, loss_info
from workbench.i18n.numbers import THIN, significant
from workbench.i18n.table import TEXTS
from workbench.panels.card import Card, classed, options, trouble, visible
from workbench.panels.foreign import escape
from workbench.panels.opener import Opener
from workbench.panels.tabled import TabledPlot
from workbench.panels.web import Markup
from workbench.state.choose import ChooseState


class ChoosePanel(Card):
    """View over a ``ChooseState``."""

    def __init__(self, state: ChooseState) -> None:
        self.state = state
        self._showing = False
        self.model, self.task = w.Dropdown(), w.Dropdown()
        self.about = Markup()
        self.ways = {mode: w.Button() for mode in ("linear", "full", "lora")}
        self.tuning = classed(w.HBox([*self.ways.values()]), "wb-row", "wb-step-tune")
        self.loss = TabledPlot()
        self.loss_box = classed(w.VBox([self.loss]), "wb-loss")
        self.more = w.ToggleButton(icon="")
        self.inner = Opener(state)
        children = [self.model, self.task, self.about, self.tuning, self.loss_box]
        super().__init__("choose", [*children, self.more, self.inner])
        self._wire()
        self._show()

    def _wire(self) -> None:
        self.model.observe(lambda change: self._chosen(self.state.choose_model, change), "value")
        self.task.observe(lambda change: self._chosen(self.state.choose_task, change), "value")
        for mode, button in self.ways.items():
            button.on_click(lambda _, mode=mode: self.state.tune(mode))
        self.more.observe(lambda change: visible(self.inner, change.new), "value")
        session = self.state.session
        self.state.observe(self._show, ["models", "tasks", "trouble"])
        session.observe(self._show, ["model", "task", "language", "jobs"])
        session.observe(self._show_loss, ["losses", "language"])

    def _chosen(self, choose: Any, change: Any) -> None:
        if not self._showing and change.new:
            choose(change.new)

    def _show(self, _: Any = None) -> None:
        self._showing = True
        try:
            self._copy()
        finally:
            self._showing = False

    def _copy(self) -> None:
        session, state = self.state.session, self.state
        self.title(session.say("choose.heading"))
        shown = [c for c in state.models if c in state.able() or c.id == session.model]
        models = [("", ""), *((card.title, card.id) for card in shown)]
        options(self.model, models, session.model)
        options(self.task, [(task.title, task.id) for task in state.tasks], session.task)
        self.model.description = session.say("choose.model")
        self.task.description = session.say("choose.task")
        self.more.description = session.say("choose.more")
        self.about.html = self._about() + trouble(session.trouble)
        busy = any(job.kind == "tune" for job in session.active())
        offered = state.ways()
        for mode, button in self.ways.items():
            button.description = session.say(f"choose.tune_{mode}")
            button.tooltip = session.say(f"choose.tune_{mode}_help")
            button.disabled = busy
            visible(button, mode in offered)
        card = state.card()
        visible(self.tuning, card is not None)
        visible(self.inner, self.more.value)
        self._show_loss()

    def _about(self) -> str:
        card, session = self.state.card(), self.state.session
        if card is None:
            return ""
        say = session.say
        if not card.parameters:
            return f"<p>{escape(say('choose.untrained'))}</p>"
        facts = say(
            "choose.card",
            parameters=say("choose.millions", n=significant(card.parameters / 1e6, 3)),
            size=f"{card.size_bytes / 1e6:.1f}{THIN}MB",
            license=escape(card.license),
            languages=", ".join(escape(self._spoken(code)) for code in card.languages) or "?",
        )
        source = escape(say("choose.tuned_here", base=card.base) if card.base else card.source)
        lines = [f'<p class="wb-soft">{facts}</p>', f'<p class="wb-soft wb-source">{source}</p>']
        if not self.state.fits():
            lines.append(f"<p>{escape(say('choose.no_head'))}</p>")
        return "".join(lines)

    def _spoken(self, code: str) -> str:
        key = f"language.{code}"
        return self.state.session.say(key) if key in TEXTS else code

    def _show_loss(self, _: Any = None) -> None:
        session = self.state.session
        visible(self.loss_box, bool(session.losses))
        if session.losses:
            self.loss.show(
                draw_loss(loss_info(session.losses), session.language),
                session.language,
                session.say("loss.heading"),
            )
