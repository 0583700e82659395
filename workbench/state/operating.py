"""What the card “where to run it” knows: the points of a run, and the best under a ceiling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traitlets import HasTraits, Int

from workbench.core.errors import BadInput
from workbench.core.knobs import Span
from workbench.i18n.numbers import duration
from workbench.recipes.operating import Grid, suggested
from workbench.state.session import Session
from workbench.state.why import WhyState
from workbench.stats.fastest import fastest_within

CEILING = Span(1, 1000, 1, "95 of 100 batches must be answered within this time", "ms")


class OperatingState(HasTraits):
    """Batch × threads × streams of the run that is looked at.

    Args:
        why: which run that is, and what is known of it.
    """

    ceiling_ms = Int(100)

    def __init__(self, why: WhyState) -> None:
        super().__init__()
        self.why = why
        self.session: Session = why.session

    def points(self) -> list[Mapping[str, Any]]:
        """Plain data of the measured points; empty while there are none."""
        return list(self.why.part("operating") or ())

    def failed(self) -> list[tuple[Mapping[str, Any], str]]:
        """Settings that could not be measured, each with why, in one sentence."""
        found = self.why.part("operating_failed") or ()
        return [(one, self.session.told(BadInput(**one["error"]))) for one in found]

    def best(self) -> int | None:
        """Place of the point with the highest throughput whose p95 is within the ceiling."""
        points = self.points()
        rates = [point["throughput"]["value"] for point in points]
        tails = [point["latency_p95"]["value"] for point in points]
        return fastest_within(rates, tails, self.ceiling_ms / 1e3)

    def grid(self) -> Grid | None:
        """What would be measured; None while no finished run is looked at."""
        run = self.why.run()
        if run is None:
            return None
        return suggested(run.recipe["runtime"], int(run.environment.get("threads", 1)))

    def cost(self) -> str:
        """How many points that is and how long it takes, in one sentence."""
        grid, run = self.grid(), self.why.run()
        if grid is None or run is None or "latency_mean" not in run.metrics:
            return ""
        seconds = grid.seconds(run.metrics["latency_mean"].value)
        return self.session.say("operating.cost", n=grid.points, time=duration(seconds))

    def measuring(self) -> bool:
        """Whether the points of some run are on their way."""
        return any(job.kind == "operating" for job in self.session.active())

    def measure(self) -> None:
        """Ask for the points of the run that is looked at."""
        run, grid = self.why.run(), self.grid()
        if run is not None and grid is not None and not self.measuring():
            self.session.ask("operating", run=run.id, grid=grid.to_json())
