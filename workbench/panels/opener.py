"""Models and files that are not listed, and advice: the part of the choose panel that unfolds."""

from __future__ import annotations

from typing import Any

import ipywidgets as w

from workbench.panels.card import classed, options, trouble, visible
from workbench.panels.foreign import escape, short
from workbench.panels.web import Markup
from workbench.state.choose import ChooseState

EXAMPLES = 3  # rows shown of a file
BUDGETS = (("–", 0), ("25 MB", 25e6), ("50 MB", 50e6), ("100 MB", 100e6), ("500 MB", 500e6))


class Opener(w.VBox):
    """View over a ``ChooseState``: another model, a file of one's own, advice.

    A stranger sees the advice only: files of this machine are for whoever runs the page.
    """

    def __init__(self, state: ChooseState) -> None:
        self.state = state
        adviser = Adviser(state)
        own = () if state.session.public else (ModelOpener(state), FileOpener(state))
        parts = (*own, adviser)
        super().__init__(parts)
        self.add_class("wb-opener")


class ModelOpener(w.VBox):
    """A folder or a hub id."""

    def __init__(self, state: ChooseState) -> None:
        self.state = state
        self.path, self.load, self.note = w.Text(), w.Button(), Markup()
        super().__init__([_row(self.path, self.load), self.note])
        self.load.on_click(lambda _: state.open_model(self.path.value))
        state.observe(self._show, ["trouble"])
        state.session.observe(self._show, ["language"])
        self._show()

    def _show(self, _: Any = None) -> None:
        say = self.state.session.say
        self.path.description, self.path.placeholder = (
            say("choose.model"),
            say("choose.other_model"),
        )
        self.load.description = say("choose.open")
        self.note.html = trouble(self.state.trouble)


class FileOpener(w.VBox):
    """A data file: its columns, its first rows, what is wrong with others."""

    def __init__(self, state: ChooseState) -> None:
        self.state, self._showing = state, False
        self.path, self.load = w.Text(), w.Button()
        self.text, self.label = w.Dropdown(), w.Dropdown()
        self.test, self.more = (w.Text(continuous_update=False) for _ in range(2))
        self.header, self.use = w.Checkbox(value=True, indent=False), w.Button()
        self.note = Markup()
        self.details = w.VBox([self.text, self.label, self.header, self.test, self.more])
        super().__init__([_row(self.path, self.load), self.note, self.details, self.use])
        self.load.on_click(lambda _: state.look(self.path.value))
        self.use.on_click(lambda _: state.use_file())
        for name in ("text", "label", "header", "test", "more"):
            getattr(self, name).observe(self._changed, "value")
        state.observe(self._show, ["file", "columns", "preview", "file_trouble"])
        state.session.observe(self._show, ["language"])
        self._show()

    def _changed(self, _: Any) -> None:
        if not self._showing:
            self.state.change_file(
                text=self.text.value,
                label=self.label.value,
                header=self.header.value,
                test=self.test.value.strip(),
                unlabelled=self.more.value.strip(),
            )

    def _show(self, _: Any = None) -> None:
        self._showing = True
        try:
            self._words()
            self._copy()
        finally:
            self._showing = False

    def _words(self) -> None:
        say = self.state.session.say
        self.path.description, self.path.placeholder = say("choose.data"), say("choose.other_task")
        self.load.description, self.use.description = say("choose.open"), say("choose.use")
        self.text.description = say("choose.text_column")
        self.label.description = say("choose.label_column")
        self.header.description = say("choose.header")
        self.test.description, self.test.placeholder = say("choose.test"), say("choose.test_none")
        self.more.description = say("choose.unlabelled")
        self.more.placeholder = say("choose.unlabelled_none")

    def _copy(self) -> None:
        state, wish, shown = self.state, self.state.file, self.state.preview
        visible(self.details, bool(state.columns))
        visible(self.use, shown is not None)
        if wish is not None:
            self.header.value, self.test.value = wish.header, wish.test
            self.more.value = wish.unlabelled
        listed = [("–", None), *((name, name) for name in state.columns)]
        found = (shown.text_column, shown.label_column) if shown else (None, None)
        given = (wish.text, wish.label) if wish else (None, None)
        for dropdown, asked, guessed in zip((self.text, self.label), given, found, strict=True):
            options(dropdown, listed, guessed or asked)
        self.note.html = self._preview() + trouble(state.file_trouble)

    def _preview(self) -> str:
        shown, say = self.state.preview, self.state.session.say
        if shown is None:
            return ""
        line = say(
            "choose.preview",
            rows=f"{shown.rows:,}",
            classes=len(shown.classes),
            bad=f"{shown.bad:,}",
            text=short(shown.text_column),
            label=short(shown.label_column),
        )
        notices = [notice.told(self.state.session.language) for notice in shown.warnings]
        bad = [say("choose.bad_row", line=b.line, reason=b.reason) for b in shown.bad_rows]
        items = [f"{short(y)}: {short(x, 160)}" for x, y in shown.examples[:EXAMPLES]]
        rows = "".join(f"<li>{escape(item)}</li>" for item in (*items, *bad[:EXAMPLES]))
        told = "".join(f"<p>{escape(words)}</p>" for words in (line, *notices))
        return f'{told}<ul class="wb-examples">{rows}</ul>'


class Adviser(w.VBox):
    """Which model should I choose? One answer, with its reason, and a button that takes it."""

    def __init__(self, state: ChooseState) -> None:
        self.state = state
        self.language, self.budget = w.Dropdown(), w.Dropdown(options=BUDGETS)
        self.hardware, self.ask, self.take = w.Dropdown(), w.Button(), w.Button()
        self.said = Markup()
        super().__init__(
            [self.language, self.budget, self.hardware, self.ask, self.said, self.take]
        )
        self.ask.on_click(
            lambda _: state.ask_advice(
                self.language.value, self.budget.value or None, self.hardware.value == "gpu"
            )
        )
        self.take.on_click(lambda _: state.take_advice())
        state.observe(self._show, ["advice"])
        state.session.observe(self._show, ["language"])
        self._show()

    def _show(self, _: Any = None) -> None:
        say, advice = self.state.session.say, self.state.advice
        spoken = [(say(f"language.{code}"), code) for code in ("en", "zh")]
        options(self.language, spoken, self.language.value or "en")
        kinds = [(say(f"hardware.{kind}"), kind) for kind in ("cpu", "gpu")]
        options(self.hardware, kinds, self.hardware.value or "cpu")
        self.language.description = say("choose.language")
        self.budget.description = say("choose.budget")
        self.hardware.description = say("choose.hardware")
        self.ask.description, self.take.description = say("choose.recommend"), say("choose.take")
        said = advice.told(self.state.session.language) if advice else ""
        self.said.html = f"<p>{escape(said)}</p>" if said else ""
        visible(self.take, bool(advice and advice.card))


def _row(field: Any, button: Any) -> Any:
    return classed(w.HBox([field, button]), "wb-row", "wb-field")
