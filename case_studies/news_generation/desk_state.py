"""What the news page knows and can do: two sides write of one event, no widget in sight."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from traitlets import HasTraits, Tuple, Unicode

from case_studies.news_generation.desk_event import EventState
from case_studies.news_generation.desk_models import ModelState
from case_studies.news_generation.desk_session import DeskSession
from case_studies.news_generation.desk_sides import ORIGINAL, SIDES, WAYS, Side
from case_studies.news_generation.facts.check import checked
from case_studies.news_generation.tokens import prompt
from workbench.core.errors import BadInput
from workbench.core.records import Job
from workbench.state.session import ENDED

MODEL = "newsdesk-lm"
MODES = ("event", "free")
WARM_S = 90.0  # a model that nobody asks is closed after two minutes
WARM_UP = {"prompts": ["."], "sampling": {"tokens": 1}}


class DeskState(HasTraits):
    """An event, or a free prompt, and the two models that write of it.

    Args:
        session: the visit; its ``model`` is what writes.
        model: that writes briefs.
    """

    mode = Unicode("event", help="of MODES")
    prompt = Unicode("", help="the free prompt")
    sides = Tuple(help="Side of each side; replaced")
    trouble = Unicode("", help="empty, or why the last wish to write was refused")

    def __init__(self, session: DeskSession, model: str = MODEL) -> None:
        super().__init__()
        self.session, self.model = session, model
        self.event, self.models = EventState(session), ModelState(session)
        self.sides = tuple(Side(name, self._way(name)) for name in SIDES)
        self._asking = ""  # the side whose job has no id yet
        self._free_model = ""
        # model and way to when they were last asked for
        self._warmed: dict[tuple[str, str], float] = {}
        session.hear = self._hear
        session.observe(self._jobs_changed, ["jobs"])
        session.observe(self._forget, ["language"])
        self.event.observe(self._keep_warm, ["slots"])
        self.models.observe(self._keep_warm, ["way"])
        session.model = model

    @property
    def busy(self) -> bool:
        """Whether a side is under way."""
        return any(side.status == "busy" for side in self.sides)

    def choose_mode(self, mode: str) -> None:
        """Write from an event, or from a free prompt with any model that writes."""
        if mode in MODES and mode != self.mode:
            self.mode = mode
            self._forget()
            listed = [card.id for card in self.models.models]
            self._free_model = self._free_model or next(iter(listed), self.model)
            self.session.model = self.model if mode == "event" else self._free_model
            self.warm()

    def choose_model(self, model: str) -> None:
        """Another model for free prompts, of those that are listed."""
        if self.mode == "free" and self.models.knows(model):
            self.session.model = self._free_model = model
            self.warm()

    def open_model(self, name: str) -> None:
        """Another model for free prompts, a folder or ``hf:owner/name``."""
        self.choose_model(self.models.open(name))

    def warm(self) -> None:
        """Have both sides loaded before somebody clicks: one token, which nobody sees."""
        model, now = self.session.model, time.monotonic()
        for key in () if self.busy else self._keys():
            if now - self._warmed.get(key, -math.inf) > WARM_S:
                self._warmed[key] = now
                self.session.ask("generate", model=model, **WARM_UP, **WAYS[key[1]])
                self.session.trouble = ""  # nobody asked for it: if it cannot be, nothing is lost

    def _keys(self) -> list[tuple[str, str]]:
        """Model and way of each side, the same one once."""
        return list(dict.fromkeys((self.session.model, self._way(name)) for name in SIDES))

    def _keep_warm(self, _: Any) -> None:
        """Somebody is at work on an event: what was loaded is to be there at the click."""
        if any(model == self.session.model for model, _ in self._warmed):
            self.warm()

    def write(self) -> None:
        """Have both sides write; a refusal lands in ``trouble``."""
        record = self.event.record() if self.mode == "event" else None
        if self.busy or (self.mode == "event" and record is None):
            return
        before, self.event.fresh = self.sides, False
        self._warmed |= dict.fromkeys(self._keys(), time.monotonic())
        self.models.next_draw()
        self.sides = tuple(
            Side(name, self._way(name), "busy", record=record, prompt=self.prompt)
            for name in SIDES
        )
        given = self.prompt if record is None else prompt(record)
        self.trouble = self._ask(SIDES[0], given)
        if self.trouble:  # what is wrong with it is wrong with both
            self.sides = before
            return
        refused = self._ask(SIDES[1], given)
        if refused:
            self._change(SIDES[1], status="failed", trouble=refused)

    def stop(self) -> None:
        """Stop both sides; what was written stays."""
        for side in self.sides:
            if side.status == "busy" and side.job:
                self.session.cancel(side.job)

    def shown(self, place: int) -> Side:
        """A side as it is shown: an empty one as it would be made now."""
        side: Side = self.sides[place]
        return replace(side, way=self._way(side.name)) if side.status == "empty" else side

    def _way(self, name: str) -> str:
        return "torch" if name == SIDES[0] else self.models.way

    def _ask(self, name: str, given: str) -> str:
        """Ask for one side's text; why that was refused, or nothing."""
        how = ORIGINAL if name == SIDES[0] else WAYS[self.models.way]
        sampling = asdict(self.models.sampling)
        request = {"model": self.session.model, "prompts": [given], "sampling": sampling}
        self._asking = name
        job = self.session.ask("generate", **request, **how)
        self._asking, refused = "", self.session.trouble
        if job is None:
            self.session.trouble = ""
            return refused
        self._change(name, job=job.id)
        self._jobs_changed()
        return ""

    def _hear(self, event: Mapping[str, Any]) -> None:
        """A piece of text has come; where work is done at once, before its job has an id here."""
        known = {side.job: side.name for side in self.sides if side.status == "busy" and side.job}
        name = known.get(event["job"], self._asking)
        if name:
            self._written(name, self._side(name).text + "".join(event["pieces"][:1]))

    def _jobs_changed(self, _: Any = None) -> None:
        jobs = {job.id: job for job in self.session.jobs}
        for side in self.sides:
            if side.status == "busy" and side.job in jobs:
                self._follow(side, jobs[side.job])

    def _follow(self, side: Side, job: Job) -> None:
        if job.status not in ENDED:
            stage = job.stage if job.status == "running" else "queued"
            if (stage, job.ahead) != (side.stage, side.ahead):
                self._change(side.name, stage=stage, ahead=job.ahead)
        elif job.status == "cancelled":
            self._change(side.name, status="stopped")
        elif job.error:
            self._change(*(side.name, "failed"), trouble=self.session.told(BadInput(**job.error)))
        else:
            self._end(side.name, job.result or {})

    def _end(self, name: str, result: Mapping[str, Any]) -> None:
        """A side has written everything; what was lost on the way is in the result."""
        if result:
            self._written(name, result["texts"][0])
        timed = {x: result.get(x) for x in ("first_s", "seconds")}
        self._change(name, "done", tokens=sum(result.get("tokens", ())), **timed)

    def _written(self, name: str, text: str) -> None:
        side = replace(self._side(name), text=text)
        told = None if side.record is None else checked(side.record, side.whole)
        self._change(name, text=text, told=told)

    def _side(self, name: str) -> Side:
        return self.shown(SIDES.index(name))

    def _change(self, name: str, status: str = "", **changes: Any) -> None:
        if status:
            changes["status"] = status
        changed = replace(self._side(name), **changes)
        self.sides = tuple(changed if old.name == name else old for old in self.sides)

    def _forget(self, _: Any = None) -> None:
        """Sentences of another moment or language go."""
        self.trouble = self.models.trouble = ""
