"""What the compress panel knows and can do: one recipe, two promises, the knobs below them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from traitlets import Any as AnyTrait
from traitlets import HasTraits, Unicode

from workbench.core.anatomy import Anatomy
from workbench.core.errors import BadInput
from workbench.core.knobs import build, check
from workbench.recipes.plan import NARROWING, plan, reachable, ways, with_runtime
from workbench.recipes.rate import (
    PRUNING,
    TOLERANCE,
    lowest_rate,
    rate_of,
    recipe_for_rate,
    unpruned_below,
)
from workbench.recipes.recipe import Recipe
from workbench.recipes.registry import RUNTIMES, TECHNIQUES, missing
from workbench.state.expect import Expectation, expect
from workbench.state.session import Session


@dataclass(frozen=True)
class CompressInfo:
    """What the panel shows.

    Args:
        rate: size after ÷ size before.
        floor: lowest rate that this model can reach.
        size_before: bytes.
        size_after: bytes, exact.
        pruning: share of heads and units removed, the larger of the two.
        untuned: whether the model has no head for the task yet.
        unpruned: rate that a narrower precision reaches without this pruning, or None.
        impossible: empty, or why the recipe cannot run.
        expected: metrics before measuring.
        reference_s: median latency of the reference as it was timed beside the run that the
            expectation comes from, or None while there is none.
    """

    rate: float
    floor: float
    size_before: int
    size_after: int
    pruning: float
    untuned: bool
    unpruned: float | None
    impossible: str
    expected: Expectation
    reference_s: float | None


class CompressState(HasTraits):
    """The recipe on screen; replaced, never changed in place.

    Args:
        session: the visit.
        recipe: to start with.
    """

    recipe = AnyTrait(help="a frozen Recipe")
    anatomy = AnyTrait(None, allow_none=True, help="of the chosen model; None if it has none")
    info = AnyTrait(None, allow_none=True, help="CompressInfo, or None without a model")
    trouble = Unicode("", help="empty, or why the last move was refused")

    def __init__(self, session: Session, recipe: Recipe) -> None:
        super().__init__(recipe=recipe)
        self.session = session
        session.observe(self._model_changed, ["model", "task"])
        session.observe(self._work_out, ["runs", "language"])
        self.observe(self._work_out, ["recipe", "anatomy"])
        self._model_changed()

    def set_rate(self, rate: float) -> None:
        """Propose the recipe that reaches a compression rate with the least pruning."""
        if self.anatomy is None or not math.isfinite(rate):
            return
        try:
            asked = min(max(rate, lowest_rate(self.anatomy, self.recipe)), 1.0)
            self._accept(recipe_for_rate(asked, self.anatomy, self.recipe))
            self._tell_gap(asked, rate_of(self.recipe, self.anatomy))
        except BadInput as err:
            self.trouble = self.session.told(err)

    def _tell_gap(self, asked: float, reached: float) -> None:
        """Between two precisions lie rates that nothing reaches: say so, never move silently."""
        if abs(reached / asked - 1) > TOLERANCE:
            gap = BadInput(
                f"compression rate {asked:.2f}",
                "a rate that whole heads, units and layers can reach",
                f"take {reached:.2f}, the nearest",
            )
            self.trouble = self.session.told(gap)

    def set_pruning(self, share: float) -> None:
        """Remove this share of heads and of feed-forward units."""
        self.set_knobs(PRUNING, ffn=share, heads=share)

    def set_knobs(self, name: str, **settings: Any) -> None:
        """Set knobs of a technique, which joins the recipe if it is not in it."""
        try:
            current = self._config(name) or TECHNIQUES[name].config_type()
            changed = replace(current, **settings)
            check(changed)
            others = tuple(c for c in self.recipe.techniques if c.name != name)
            idle = name == PRUNING and not (changed.layers or changed.ffn or changed.heads)
            chain = others if idle else (*others, changed)
            self._accept(self._runnable(replace(self.recipe, techniques=_ordered(chain))))
        except BadInput as err:
            self.trouble = self.session.told(err)

    def toggle(self, name: str, on: bool) -> None:
        """Put a technique into the recipe or take it out.

        One that cannot follow another takes that other's place.
        """
        others = tuple(c for c in self.recipe.techniques if c.name != name)
        if not on:
            self._accept(self._runnable(replace(self.recipe, techniques=others)))
            return
        config = _first_setting(name)
        chains: list[tuple[Any, ...]] = [(*others, config)]
        chains += [(*(c for c in others if c is not left), config) for left in others]
        for chain in chains:
            wanted = replace(self.recipe, techniques=_ordered(chain))
            found = self._runnable(wanted)
            if not self._impossible(found):
                break
        else:  # say why, with everything that was wished for
            found = self._runnable(replace(self.recipe, techniques=_ordered(chains[0])))
        self._accept(found)

    def set_runtime(self, name: str, **settings: Any) -> None:
        """Run on another runtime, or with other settings of it."""
        try:
            same = self.recipe.runtime.name == name
            threads = {"threads": self.recipe.runtime.threads}
            base = vars(self.recipe.runtime) if same else threads
            config: Any = build(RUNTIMES[name].config_type, {**base, **settings})
            self._accept(replace(self.recipe, runtime=config))
        except BadInput as err:
            self.trouble = self.session.told(err)

    def load(self, recipe: Mapping[str, Any]) -> None:
        """Put a run's recipe on the sliders."""
        self._accept(Recipe.from_json(recipe))

    def has(self, name: str) -> bool:
        """Whether a technique is in the recipe."""
        return self._config(name) is not None

    def unusable(self, name: str) -> str:
        """Why a technique or runtime cannot be used here; empty if it can."""
        source = "" if self.anatomy is None else self.anatomy.format
        return missing(TECHNIQUES.get(name) or RUNTIMES[name], source)

    def offered(self, name: str) -> bool:
        """Whether a technique or runtime is one for models of the chosen one's format."""
        model = self.anatomy
        return model is None or name in reachable(model.format, model.writes)

    def _config(self, name: str) -> Any:
        return next((c for c in self.recipe.techniques if c.name == name), None)

    def _accept(self, recipe: Recipe) -> None:
        self.trouble = ""
        self.recipe = recipe

    def _runnable(self, recipe: Recipe) -> Recipe:
        if self.anatomy is None:
            return recipe
        try:
            return with_runtime(recipe, self.anatomy)
        except BadInput:
            return recipe

    def _impossible(self, recipe: Recipe) -> str:
        try:
            plan(recipe, self.anatomy)
        except BadInput as err:
            return self.session.told(err)
        return ""

    def _model_changed(self, _: Any = None) -> None:
        from workbench import models, tasks

        self.anatomy, self._untuned = None, True
        session = self.session
        if session.model:
            try:
                self.anatomy = models.anatomy(models.folder(session.model, session.home))
                card, task = models.find(session.model, session.home), tasks.find(session.task)
                writes = task.kind == "generation" and task.kind in card.kinds
                self._untuned = not writes and sorted(card.labels) != sorted(task.classes)
            except BadInput as err:
                self.trouble = self.session.told(err) if session.task else ""
        self._follow_format()
        self._work_out()

    def _follow_format(self) -> None:
        """A model of another kind begins plain, on the runtime of its own format."""
        able = all(self.offered(config.name) for config in self.recipe.techniques)
        plain = replace(self.recipe, techniques=())
        if self.anatomy is None or (able and not self._impossible(plain)):
            return
        format = self.anatomy.format
        own = next(x for x in RUNTIMES.values() if x.format == format and self.offered(x.name))
        self.recipe = Recipe(own.config_type())

    def _work_out(self, _: Any = None) -> None:
        anatomy: Anatomy | None = self.anatomy
        self.info = None if anatomy is None else self._worked_out(anatomy)

    def _worked_out(self, anatomy: Anatomy) -> CompressInfo:
        impossible, recipe = self._impossible(self.recipe), self.recipe
        if impossible:  # then it may have no size
            recipe = replace(recipe, techniques=_sized(recipe, anatomy))
        rate = rate_of(recipe, anatomy)
        size = round(rate * anatomy.size_bytes)
        pruning = self._config(PRUNING)
        expected = expect(self.recipe, size, self.session.here("validation"))
        return CompressInfo(
            rate=rate,
            floor=lowest_rate(anatomy, recipe),
            size_before=anatomy.size_bytes,
            size_after=size,
            pruning=max(pruning.ffn, pruning.heads) if pruning else 0.0,
            untuned=self._untuned,
            unpruned=unpruned_below(recipe, anatomy),
            impossible=impossible,
            expected=expected,
            reference_s=expected.reference_s,
        )


def _sized(recipe: Recipe, anatomy: Anatomy) -> tuple[Any, ...]:
    """The techniques whose effect on the size can be told."""

    def told_of(config: Any, entry: Any) -> bool:
        try:
            entry.resize(anatomy, config)
        except BadInput:
            return False
        return True

    pairs = zip(recipe.techniques, ways(recipe, anatomy.format), strict=True)
    return tuple(config for config, entry in pairs if told_of(config, entry))


def _ordered(chain: tuple[Any, ...]) -> tuple[Any, ...]:
    """Techniques in the order in which they can follow each other."""

    def place(config: Any) -> tuple[bool, ...]:
        entry = TECHNIQUES[config.name]
        later = config.name in NARROWING, entry.format != "torch"
        return *later, bool(entry.stays), bool(entry.follows)

    return tuple(sorted(chain, key=place))


def _first_setting(name: str) -> Any:
    """A technique's defaults; pruning starts where something is pruned."""
    config_type = TECHNIQUES[name].config_type
    return config_type(ffn=0.5, heads=0.5) if name == PRUNING else config_type()
