"""The choose panel: model, task, a file's preview, tuning, a recommendation."""

from __future__ import annotations

from html import escape
from typing import Any

import ipywidgets as w

from workbench.figures.loss import draw_loss, loss_info
from workbench.i18n.numbers import THIN, significant
from workbench.i18n.table import TEXTS
from workbench.panels.card import Card, classed, trouble, visible
from workbench.panels.web import Markup, PlotView
from workbench.state.choose import ChooseState

EXAMPLES = 3  # rows shown of a file
BUDGETS = (("–", None), ("25 MB", 25e6), ("50 MB", 50e6), ("100 MB", 100e6), ("500 MB", 500e6))


class ChoosePanel(Card):
    """View over a ``ChooseState``."""

    def __init__(self, state: ChooseState) -> None:
        self.state = state
        self._showing = False
        self.model, self.task = w.Dropdown(), w.Dropdown()
        self.about = Markup()
        self.linear, self.full = w.Button(), w.Button()
        self.tuning = classed(w.HBox([self.linear, self.full]), "wb-row", "wb-step-tune")
        self.loss = PlotView()
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
        self.linear.on_click(lambda _: self.state.tune("linear"))
        self.full.on_click(lambda _: self.state.tune("full"))
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
        options = [("", ""), *((card.title, card.id) for card in state.models)]
        _options(self.model, options, session.model)
        _options(self.task, [(task.title, task.id) for task in state.tasks], session.task)
        self.model.description = session.say("choose.model")
        self.task.description = session.say("choose.task")
        self.linear.description = session.say("choose.tune_linear")
        self.full.description = session.say("choose.tune_full")
        self.linear.tooltip = session.say("choose.tune_linear_help")
        self.full.tooltip = session.say("choose.tune_full_help")
        self.more.description = session.say("choose.more")
        self.about.html = self._about() + trouble(session.trouble)
        busy = any(job.kind == "tune" for job in session.active())
        self.linear.disabled = self.full.disabled = busy
        visible(self.tuning, state.card() is not None)
        visible(self.inner, self.more.value)
        self._show_loss()

    def _about(self) -> str:
        card, session = self.state.card(), self.state.session
        if card is None:
            return ""
        say = session.say
        facts = say(
            "choose.card",
            parameters=say("choose.millions", n=significant(card.parameters / 1e6, 3)),
            size=f"{card.size_bytes / 1e6:.1f}{THIN}MB",
            license=escape(card.license),
            languages=", ".join(escape(self._spoken(code)) for code in card.languages) or "?",
        )
        source = escape(say("choose.from", source=card.source))
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
                draw_loss(loss_info(session.losses), session.language), session.say("loss.heading")
            )


class Opener(w.VBox):
    """Models and files that are not listed, and advice."""

    def __init__(self, state: ChooseState) -> None:
        self.state = state
        self.path, self.load = w.Text(), w.Button()
        self.file, self.look = w.Text(), w.Button()
        self.text_column, self.label_column = w.Dropdown(), w.Dropdown()
        self.use = w.Button()
        self.columns = w.VBox([self.text_column, self.label_column, self.use])
        self.language, self.budget = w.Dropdown(), w.Dropdown(options=BUDGETS)
        self.hardware = w.Dropdown()
        self.advise = w.Button()
        self.preview, self.advice = Markup(), Markup()
        rows = [_row(self.path, self.load), _row(self.file, self.look), self.preview, self.columns]
        wishes = [self.language, self.budget, self.hardware, self.advise, self.advice]
        super().__init__([*rows, *wishes])
        self.add_class("wb-opener")
        self._showing = False
        self.load.on_click(lambda _: self.state.open_model(self.path.value))
        self.look.on_click(lambda _: self.state.look(self.file.value))
        self.use.on_click(lambda _: self.state.use_file())
        for column in (self.text_column, self.label_column):
            column.observe(self._columns_changed, "value")
        self.advise.on_click(
            lambda _: self.state.ask_advice(
                self.language.value, self.budget.value, self.hardware.value == "gpu"
            )
        )
        state.observe(self._show, ["preview", "advice", "trouble"])
        state.session.observe(self._show, ["language"])
        self._show()

    def _columns_changed(self, _: Any) -> None:
        if not self._showing and self.state.preview is not None:
            chosen = self.text_column.value, self.label_column.value
            self.state.look(self.state.preview.path, *chosen)

    def _show(self, _: Any = None) -> None:
        self._showing = True
        say = self.state.session.say
        for widget, key in (
            (self.path, "choose.model"),
            (self.load, "choose.open"),
            (self.file, "choose.task"),
            (self.look, "choose.open"),
            (self.use, "choose.use"),
            (self.text_column, "choose.text_column"),
            (self.label_column, "choose.label_column"),
            (self.language, "choose.language"),
            (self.budget, "choose.budget"),
            (self.hardware, "choose.hardware"),
            (self.advise, "choose.recommend"),
        ):
            widget.description = say(key)
        self.path.placeholder = say("choose.other_model")
        self.file.placeholder = say("choose.other_task")
        spoken = [(say(f"language.{code}"), code) for code in ("en", "zh")]
        _options(self.language, spoken, self.language.value or "en")
        kinds = [(say(f"hardware.{kind}"), kind) for kind in ("cpu", "gpu")]
        _options(self.hardware, kinds, self.hardware.value or "cpu")
        self._show_preview()
        advice = self.state.advice
        said = advice.told(self.state.session.language) if advice else ""
        self.advice.html = f"<p>{escape(said)}</p>" if said else ""
        self._showing = False

    def _show_preview(self) -> None:
        shown, say = self.state.preview, self.state.session.say
        visible(self.columns, shown is not None)
        if shown is None:
            self.preview.html = trouble(self.state.trouble)
            return
        for dropdown, column in (
            (self.text_column, shown.text_column),
            (self.label_column, shown.label_column),
        ):
            _options(dropdown, [(name, name) for name in shown.columns], column)
        line = say(
            "choose.preview",
            rows=f"{shown.rows:,}",
            classes=len(shown.classes),
            bad=len(shown.bad_rows),
            text=shown.text_column,
            label=shown.label_column,
        )
        bad = [say("choose.bad_row", line=b.line, reason=b.reason) for b in shown.bad_rows]
        items = [f"{label}: {words[:160]}" for words, label in shown.examples[:EXAMPLES]]
        listed = "".join(f"<li>{escape(item)}</li>" for item in (*items, *bad[:EXAMPLES]))
        self.preview.html = f'<p>{escape(line)}</p><ul class="wb-examples">{listed}</ul>'


def _row(field: Any, button: Any) -> Any:
    return classed(w.HBox([field, button]), "wb-row", "wb-field")


def _options(dropdown: Any, options: list[tuple[str, Any]], value: Any) -> None:
    """Set options and value together, and only what changed."""
    if tuple(dropdown.options) != tuple(options):
        dropdown.options = options
    if any(value == known for _, known in options) and dropdown.value != value:
        dropdown.value = value
