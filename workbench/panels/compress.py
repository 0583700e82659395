"""The compress panel: two promises, toggles, knobs, and the three formulas with live numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import ipywidgets as w

from workbench.core.knobs import Choice, Knob, Span, knobs
from workbench.i18n.numbers import THIN, digits_for
from workbench.i18n.recipe_words import recipe_words
from workbench.panels.card import Card, classed, options, trouble, visible
from workbench.panels.controls import control, name, put, same, slider, worded
from workbench.panels.foreign import escape
from workbench.panels.web import Markup
from workbench.recipes.rate import PRUNING, TOLERANCE
from workbench.recipes.recipe import Recipe
from workbench.recipes.registry import RUNTIMES, TECHNIQUES
from workbench.state.compress import CompressInfo, CompressState

MOVED = ("ffn", "heads")  # knobs of pruning that its one slider moves together


class CompressPanel(Card):
    """View over a ``CompressState``."""

    def __init__(self, state: CompressState) -> None:
        self.state = state
        self._showing = False
        self.rate = slider(Span(0.1, 1.0, 0.01), 1.0)
        self.pruning = slider(Span(0.0, 1.0, 0.01), 0.0)
        self.toggles = {technique: w.ToggleButton() for technique in TECHNIQUES}
        self.runtime = classed(w.Dropdown(options=list(RUNTIMES)), "wb-step-accelerate")
        self.knobs: dict[tuple[str, str], Any] = {}
        self._choices: dict[tuple[str, str], Choice] = {}
        self.below = classed(w.VBox(), "wb-knobs")
        self.formulas, self.note = Markup(), Markup()
        toggles = classed(w.HBox(list(self.toggles.values())), "wb-toggles")
        super().__init__(
            "compress",
            [self.rate, self.pruning, toggles, self.runtime, self.below, self.note, self.formulas],
        )
        self._wire()
        for knob in knobs(TECHNIQUES[PRUNING].config_type):  # what a slider brings must be there
            if knob.name not in MOVED:
                self._control(PRUNING, knob)
        self._show()

    def _control(self, owner: str, knob: Knob) -> Any:
        """The control of a declared knob, made when it is first shown.

        A page of all of them would have the browser ask for twice as many widgets.
        """
        if (owner, knob.name) not in self.knobs:
            made = control(knob, knob.default, self.state.session.say)
            name(made, self.state.session.say(f"knob.{knob.name}"))
            self._on(made, partial(self._turned, owner, knob.name))
            self.knobs[owner, knob.name] = made
            if isinstance(knob.domain, Choice):
                self._choices[owner, knob.name] = knob.domain
        return self.knobs[owner, knob.name]

    def _wire(self) -> None:
        self._on(self.rate, self.state.set_rate)
        self._on(self.pruning, self.state.set_pruning)
        self._on(self.runtime, self.state.set_runtime)
        for technique, toggle in self.toggles.items():
            self._on(toggle, partial(self.state.toggle, technique))
        self.state.observe(self._show, ["info", "trouble"])
        self.state.session.observe(self._show, ["language", "losses"])

    def _turned(self, owner: str, knob: str, value: Any) -> None:
        change = self.state.set_knobs if owner in TECHNIQUES else self.state.set_runtime
        change(owner, **{knob: value})

    def _on(self, widget: Any, act: Callable[[Any], None]) -> None:
        def heard(change: Any) -> None:
            if not self._showing and not same(change.old, change.new):
                act(change.new)

        widget.observe(heard, "value")

    def _show(self, _: Any = None) -> None:
        self._showing = True
        try:
            self._words()
            info = self.state.info
            for widget in (self.rate, self.pruning, self.runtime, *self.toggles.values()):
                widget.disabled = info is None
            if info is not None:
                self._copy(info)
            else:  # nothing of the model before it may stay on screen
                self.note.html = trouble(self.state.trouble)
                self.formulas.html = ""
        finally:
            self._showing = False

    def _words(self) -> None:
        say = self.state.session.say
        self.title(say("recipe.heading"))
        name(self.rate, say("recipe.rate"))
        name(self.pruning, say("recipe.pruning"))
        name(self.runtime, say("recipe.runtime"))
        shown = [
            (say(f"runtime.{key}") + (" ✕" if self.state.unusable(key) else ""), key)
            for key in RUNTIMES
            if self.state.offered(key) or key == self.state.recipe.runtime.name
        ]
        options(self.runtime, shown, self.state.recipe.runtime.name)
        for technique, toggle in self.toggles.items():
            reason = self.state.unusable(technique)
            toggle.description = say(f"technique.{technique}")
            toggle.tooltip = reason or toggle.description
        for (_, knob), widget in self.knobs.items():
            name(widget, say(f"knob.{knob}"))
        for key, domain in self._choices.items():
            options(self.knobs[key], worded(domain, say), self.knobs[key].value)

    def _copy(self, info: CompressInfo) -> None:
        recipe = self.state.recipe
        floor = math.floor(info.floor / self.rate.step) * self.rate.step
        if not same(self.rate.min, floor):
            self.rate.min = round(floor, 2)
        if abs(self.rate.value / info.rate - 1) > TOLERANCE:
            put(self.rate, info.rate)
        put(self.pruning, info.pruning)
        for technique, toggle in self.toggles.items():
            toggle.value = self.state.has(technique)
            toggle.disabled = bool(self.state.unusable(technique))
            visible(toggle, self.state.offered(technique) or toggle.value)
        self.runtime.value = recipe.runtime.name
        self._knobs(recipe)
        self.note.html = self._note(info)
        self.formulas.html = self._formulas(info)

    def _knobs(self, recipe: Recipe) -> None:
        """Show the knobs of a recipe, at its values; the others stay, out of sight.

        A knob taken out of the page and put back would be built anew by the browser, at each
        move of a slider that brings a technique in and out.
        """
        shown: dict[tuple[str, str], Any] = {}
        for config in (*recipe.techniques, recipe.runtime):
            for knob in knobs(type(config)):
                if not (config.name == PRUNING and knob.name in MOVED):
                    self._control(config.name, knob)
                    shown[config.name, knob.name] = getattr(config, knob.name)
        owners = [*TECHNIQUES, *RUNTIMES]
        made = sorted(self.knobs, key=lambda key: owners.index(key[0]))
        children = tuple(self.knobs[key] for key in made)
        if self.below.children != children:
            self.below.children = children
        for key, widget in self.knobs.items():
            visible(widget, key in shown)
            if key in shown:
                put(widget, shown[key])

    def _note(self, info: CompressInfo) -> str:
        say, session = self.state.session.say, self.state.session
        words = recipe_words(self.state.recipe.to_json(), session.language, self.state.anatomy)
        lines = [f'<p class="wb-soft">{escape(say("recipe.uses", recipe=words))}</p>']
        if self.state.has("magnitude_pruning"):
            lines.append(f"<p>{escape(say('technique.magnitude_pruning.note'))}</p>")
        if info.unpruned is not None:
            hint = say("recipe.unpruned", rate=f"{info.unpruned:.2f}")
            lines.append(f'<p class="wb-soft">{escape(hint)}</p>')
        if info.impossible:
            lines.append(trouble(say("measure.impossible", why=info.impossible)))
        return "".join(lines) + trouble(self.state.trouble)

    def _formulas(self, info: CompressInfo) -> str:
        say = self.state.session.say
        size = say(
            "recipe.size_formula",
            before=_megabytes(info.size_before),
            rate=f"{info.rate:.2f}",
            after=_megabytes(info.size_after),
        )
        losses = [loss for _, loss, accuracy in self.state.session.losses if accuracy is None]
        tuning = say("recipe.loss_unknown")
        if losses:
            tuning = say("recipe.loss_formula", loss=f"{losses[-1]:.2f}")
        lines = (size, self._time(info), tuning)
        return '<div class="wb-formulas">' + "".join(f"<p>{x}</p>" for x in lines) + "</div>"

    def _time(self, info: CompressInfo) -> str:
        say = self.state.session.say
        before = info.reference_s
        speedup = info.expected.metrics.get("speedup_latency")
        if before is None or speedup is None:
            return say("recipe.time_unknown")
        return say(
            "recipe.time_formula",
            before=_milliseconds(before),
            speedup=digits_for("speedup", speedup.value),
            after=_milliseconds(before / speedup.value),
        )


def _milliseconds(seconds: float) -> str:
    return f"{digits_for('latency_p50', seconds * 1e3)}{THIN}ms"


def _megabytes(size: float) -> str:
    return f"{digits_for('size', size / 1e6)}{THIN}MB"
