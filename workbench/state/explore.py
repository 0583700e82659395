"""What the explore panel knows: axes, the run that is looked at, rows of the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from traitlets import Bool, Dict, HasTraits, Unicode, validate

from workbench.core.errors import BadInput
from workbench.core.records import Estimate, Run
from workbench.i18n.numbers import (
    METRICS,
    POINTS,
    QUALITY,
    change_words,
    figure,
    interval,
    quality_of,
    speed_words,
)
from workbench.i18n.recipe_words import recipe_words
from workbench.recipes.recipe import Recipe
from workbench.state.compress import CompressState
from workbench.state.later import later


class Row(NamedTuple):
    """A run in the table; verdicts are (word, sentence)."""

    id: str
    recipe: str
    split: str
    accuracy: str
    change: str
    quality: tuple[str, str]
    latency: str
    speed: tuple[str, str]
    size: str
    selected: bool


class ExploreState(HasTraits):
    """Which metrics are drawn, and what is looked at.

    Args:
        compress: the recipe on screen, with its session: its promise is drawn too.
    """

    x = Unicode("latency_mean")
    y = Unicode("accuracy")
    log = Bool(True)
    limits = Dict(help="run id to the least seconds that the machine allows it")

    def __init__(self, compress: CompressState) -> None:
        super().__init__()
        self.compress, self.session = compress, compress.session
        self._known: frozenset[str] = frozenset()
        self._asked = False
        self.session.observe(self._look_again, ["runs", "jobs"])
        self.session.observe(self._follow_task, ["judged"])

    def _follow_task(self, _: Any) -> None:
        """A task of another kind is judged by another number."""
        if self.y in QUALITY:
            self.y = self.session.judged

    def metrics(self) -> tuple[str, ...]:
        """What the axes can show: whatever some run here has, and what they show now."""
        some = {name for run in self.points() for name in run.metrics}
        if not some:
            return METRICS
        return tuple(name for name in METRICS if name in {*some, self.x, self.y})

    def _look_again(self, _: Any) -> None:
        """Ask for the machine's limits anew when a job has ended."""
        ended = frozenset(job.id for job in self.session.jobs if job.status == "done")
        if ended != self._known or (self.session.runs and not self._asked):
            self._known, self._asked = ended, True
            later(lambda: self.session.client.limits(), self._take)

    def _take(self, answer: Any) -> None:
        if isinstance(answer, Mapping):
            self.limits = dict(answer)

    @validate("x", "y")
    def _known(self, proposal: Mapping[str, Any]) -> str:
        if proposal["value"] not in METRICS:
            raise BadInput(
                str(proposal["value"])[:40], "the name of a metric", "choose one listed"
            )
        return str(proposal["value"])

    def name(self, recipe: Mapping[str, Any]) -> str:
        """A recipe in words."""
        return recipe_words(recipe, self.session.language, self.compress.anatomy)

    def points(self) -> list[Run]:
        """The runs of the plot: looked at on validation, done or with a first estimate.

        The plain baseline is among them, whatever model is chosen. Against another model it was
        compared with it has no change and no speed-up: on such axes it is left out.
        """
        here = [run for run in self.session.here("validation") if run.status != "failed"]
        known = {run.id for run in here}
        found = [run for run in self.session.baselines() if run.id not in known]
        mine = [run for run in found if run.reference in known]
        absolute = not any(a.startswith(("speedup", "accuracy_change")) for a in (self.x, self.y))
        return [*here, *(mine or (found if absolute else []))[-1:]]

    def promise(self) -> Mapping[str, Estimate]:
        """What the sliders promise; once that is measured, what they promised before."""
        info = self.compress.info
        if info is None:
            return {}
        recipe, now = self.compress.recipe.to_json(), info.expected
        made: list[Mapping[str, Estimate]] = [] if now.same else [now.metrics]
        made += [metrics for of, metrics in self.session.promised if now.same and of == recipe]
        return made[-1] if made else {}

    def result(self) -> str:
        """Id of the run that the promise became, or empty while it is a promise."""
        info = self.compress.info
        same = info is not None and info.expected.same and info.expected.near is not None
        return info.expected.near.id if same else ""

    def select(self, run_id: str) -> None:
        """Look at a run; anything that is none of ours is passed over."""
        known = run_id == "" or any(run.id == run_id for run in self.session.runs)
        if known:
            self.session.selected = run_id

    def chosen(self) -> Run | None:
        """The run that is looked at."""
        found = [run for run in self.session.runs if run.id == self.session.selected]
        return found[0] if found else None

    def rows(self) -> list[Row]:
        """Runs of this model and task, newest first."""
        return [self.row(run) for run in reversed(self.session.here())]

    def code(self, run: Run) -> str:
        """Python that makes and measures the run again."""
        return Recipe.from_json(run.recipe).as_code(run.model, run.task, run.split == "test")

    def numbers(self, run: Run) -> list[tuple[str, str, str]]:
        """(metric, value, interval) of everything that was measured."""
        language = self.session.language
        return [
            (
                self.session.say(f"metric.{name}"),
                figure(name, value, language),
                interval(name, value, language),
            )
            for name in METRICS
            if (value := run.metrics.get(name)) is not None
        ]

    def row(self, run: Run) -> Row:
        """One run as the table shows it."""
        language, found = self.session.language, run.metrics

        def shown(metric: str) -> str:
            return figure(metric, found[metric]) if metric in found else "–"

        return Row(
            id=run.id,
            recipe=self.name(run.recipe),
            split=self.session.say(f"split.{run.split}"),
            accuracy=shown(quality_of(found)),
            change=_change(run),
            quality=self._verdict(run, quality_of(found), language),
            latency=shown("latency_mean"),
            speed=self._verdict(run, "speedup_latency", language),
            size=shown("size"),
            selected=run.id == self.session.selected,
        )

    def _verdict(self, run: Run, metric: str, language: str) -> tuple[str, str]:
        if run.status != "done":
            error = run.error or {}
            return run.status, self.session.say("error.sentence", **error) if error else ""
        if run.reference is None:
            return "reference", ""
        verdict = run.verdicts.get(metric)
        if verdict is None:
            return "cannot tell", ""
        name = f"{metric}_change" if metric in QUALITY else metric
        if name not in run.metrics:
            return verdict.verdict, ""
        words = change_words if metric in QUALITY else speed_words
        return verdict.verdict, words(run.metrics[name], verdict, language)


def _change(run: Run) -> str:
    """``−1.1 ± 0.7``: points against the reference, with half the width of the interval."""
    name = f"{quality_of(run.metrics)}_change"
    change = run.metrics.get(name)
    if change is None:
        return "–"
    if name not in POINTS:
        return f"{change.value:+.3f} ± {(change.high - change.low) / 2:.3f}".replace("-", "−")
    half = 50 * (change.high - change.low)
    return f"{100 * change.value:+.1f} ± {half:.1f}".replace("-", "−")
