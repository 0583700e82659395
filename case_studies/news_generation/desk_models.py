"""Which model writes on the news page, and how tokens are chosen."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from traitlets import Any as AnyTrait
from traitlets import HasTraits, Int, Tuple, Unicode

from case_studies.news_generation.desk_session import DeskSession
from case_studies.news_generation.desk_sides import WAYS, first_usable, unusable
from case_studies.news_generation.scores import LONGEST
from workbench.core.errors import BadInput
from workbench.core.knobs import Span, check, knobs
from workbench.runtimes.decoder import Sampling
from workbench.state.public import unlisted

WRITES = "generation"  # the kind of a model that writes


class ModelState(HasTraits):
    """The models that write, the compressed one's making, and the sampling.

    Args:
        session: the visit; its ``model`` is what writes.
    """

    models = Tuple(help="Card of every model that writes")
    longest = Int(LONGEST, help="tokens that the chosen model can hold")
    way = Unicode("", help="of WAYS: how the right side is made")
    sampling = AnyTrait(help="a frozen Sampling")
    trouble = Unicode("", help="empty, or why the last wish was refused")

    def __init__(self, session: DeskSession) -> None:
        super().__init__(sampling=Sampling(tokens=LONGEST), way=first_usable())
        self.session = session
        self._opened: dict[str, Any] = {}
        session.observe(self._model_changed, ["model"])
        self.refresh()

    def refresh(self) -> None:
        """Read the catalogue anew."""
        from workbench import models

        known = {c.id: c for c in models.catalogue(self.session.home) if WRITES in c.kinds}
        self.models = tuple({**known, **self._opened}.values())

    def knows(self, model: str) -> bool:
        """Whether a model is listed."""
        return any(card.id == model for card in self.models)

    def open(self, name: str) -> str:
        """Take in a model that is not listed: a folder, or ``hf:owner/name``.

        Returns:
            Its id; empty if it was refused.
        """
        from workbench import models

        try:
            if self.session.public and not self.knows(name):
                raise unlisted(name)
            card = models.find(name.strip(), self.session.home)
            if WRITES not in card.kinds:
                wanted = "a causal language model of the type gpt2, llama, mistral, qwen or gemma"
                raise BadInput(f"model {card.id}", wanted, "choose another model")
        except BadInput as err:
            self.trouble = self.session.told(err)
            return ""
        self.trouble = ""
        self._opened[card.id] = card
        self.refresh()
        return str(card.id)

    def set_sampling(self, **settings: Any) -> None:
        """Other settings of how tokens are chosen."""
        try:
            changed = replace(self.sampling, **settings)
            check(changed)
        except BadInput as err:
            self.trouble = self.session.told(err)
        else:
            self.sampling = changed

    def next_draw(self) -> None:
        """Where tokens are drawn, the next text is another one."""
        if self.sampling.temperature:
            self.set_sampling(seed=(self.sampling.seed + 1) % 2**31)

    def span(self, knob: str) -> Span:
        """The domain of a setting, as far as the chosen model can hold it."""
        found = domain(knob)
        return replace(found, high=self.longest) if knob == "tokens" else found

    def choose_way(self, way: str) -> None:
        """How the right side is made; one that cannot be is passed over."""
        if way in WAYS and not unusable(way):
            self.way = way

    def why_not(self, way: str) -> str:
        """Why a way cannot be taken, as a sentence; empty if it can."""
        why = unusable(way)
        return self.session.told(why) if isinstance(why, BadInput) else why

    def _model_changed(self, _: Any) -> None:
        from workbench import models

        longest = 0
        with suppress(BadInput, OSError):  # an unknown model is told of when it is asked
            longest = models.find(self.session.model, self.session.home).max_length
        self.longest = min(longest or LONGEST, int(domain("tokens").high))
        if self.sampling.tokens > self.longest:
            self.set_sampling(tokens=self.longest)


def domain(knob: str) -> Span:
    """The domain of a setting of ``Sampling``, all of which are spans."""
    found = next(k.domain for k in knobs(Sampling) if k.name == knob)
    assert isinstance(found, Span)
    return found
