"""What the card “why fast or slow” knows: causes, shares, layers, the distance to the ceiling."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from traitlets import Any as Anything
from traitlets import Bool, HasTraits, Unicode

from workbench.core.records import Job, Run
from workbench.i18n.why_words import (
    cause_words,
    floor_words,
    limit_words,
    split_words,
    stretch_words,
)
from workbench.state.explore import ExploreState
from workbench.state.later import later

METRICS = ("seconds", "size_bytes", "elements")  # of the layers


class WhyState(HasTraits):
    """The explanation of the run that is looked at.

    Args:
        explore: which run is looked at.
    """

    found = Anything(None, help="what ``Client.why`` gave, or None")
    busy = Bool(False)
    layers = Bool(False, help="whether the layers are shown")
    metric = Unicode("seconds")

    def __init__(self, explore: ExploreState) -> None:
        super().__init__()
        self.explore, self.session = explore, explore.session
        self._asked = ""
        self._ended: set[str] = set()
        self.session.observe(self._ask, ["selected"])
        self.session.observe(self._moved, ["runs", "jobs"])
        self._ask()

    def run(self) -> Run | None:
        """The run that is looked at, once it is finished."""
        run = self.explore.chosen()
        return run if run is not None and run.status == "done" else None

    def show(self, what: str, value: str) -> None:
        """Show or hide the layers, or another metric of them; anything else is passed over."""
        if what == "layers":
            self.layers = not self.layers
        elif what == "metric" and value in METRICS:
            self.metric = value
        elif what == "ceiling" and (run := self.run()) is not None:
            runtime = run.recipe["runtime"]
            threads, device = int(runtime.get("threads", 1)), runtime.get("device", "cpu")
            self.session.ask("ceiling", threads=threads, device=device)

    def part(self, name: str) -> Any:
        """What ``Client.why`` gave under a name, such as ``profile``; None without it."""
        return self.found.get(name) if isinstance(self.found, Mapping) else None

    def causes(self) -> list[str]:
        """One sentence per cause, the weightiest first."""
        return [cause_words(c, self.session.language) for c in self.part("causes") or ()]

    def split(self) -> str:
        """Where the time of one text goes, in one sentence; empty if that is not known."""
        profile, pace = self.part("profile"), self.part("pace")
        if pace:
            return stretch_words(pace, self.session.language)
        return split_words(profile, self.session.language) if profile else ""

    def limit(self) -> str:
        """How near the run is to what the machine could do; empty while that is not known."""
        if pace := self.part("pace"):
            return floor_words(self.part("least_s"), pace, self.session.language)
        run = self.run()
        latency = run.metrics.get("latency_mean") if run is not None else None
        return limit_words(self.part("least_s"), latency, self.session.language)

    def drawn(self) -> bool:
        """Whether the layers are to be drawn."""
        profile = self.part("profile")
        return bool(self.layers and profile and profile["layers"] and not self.untold())

    def untold(self) -> str:
        """Why the chosen metric of the layers cannot be drawn; empty if it can."""
        layers = (self.part("profile") or {}).get("layers", ())
        known = any(layer[self.metric] is not None for layer in layers)
        return "" if known or not layers else self.session.say("why.no_layer_times")

    def measuring(self) -> bool:
        """Whether a profile or the ceiling is on its way."""
        return any(job.stage == "profile" for job in self.session.active())

    def _ask(self, _: Any = None) -> None:
        run = self.run()
        self._asked = run.id if run is not None else ""
        self.found, self.busy = None, run is not None
        if run is not None:
            later(partial(self.session.client.why, run.id), partial(self._take, run.id))

    def _take(self, asked: str, answer: Any) -> None:
        if asked == self._asked:
            self.busy, self.found = False, answer if isinstance(answer, Mapping) else None

    def _moved(self, change: Any) -> None:
        """A profile comes after its run, a ceiling or a grid when it is measured: look then."""
        ended = {job.id for job in self.session.jobs if _over(job)}
        new, self._ended = ended - self._ended, ended
        run = self.run()
        grid = any(job.kind == "operating" for job in self.session.jobs if job.id in new)
        more = grid or (new and not self._complete())
        waiting = run is not None and (run.id != self._asked or more)
        if waiting and not (self.busy and run is not None and run.id == self._asked):
            self._ask()

    def _complete(self) -> bool:
        return self.known() and self.part("least_s") is not None

    def known(self) -> bool:
        """Whether there is anything to explain the run with."""
        return bool(self.part("profile") or self.part("pace"))


def _over(job: Job) -> bool:
    return job.status in ("done", "failed", "cancelled")
