"""One side of the desk: which model writes there, how far it is, what it wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from case_studies.news_generation.events import Record
from case_studies.news_generation.facts.check import Checked
from case_studies.news_generation.tokens import BODY, parsed
from workbench.core.errors import BadInput

SIDES = ("original", "compressed")
ORIGINAL: Mapping[str, Any] = {"runtime": {"name": "torch"}}


def _recipe(runtime: str, bits: int = 0) -> Mapping[str, Any]:
    """What a request says: weights of so many bits, or whole, on one thread."""
    techniques = [{"name": "weight_only", "bits": bits}] if bits else []
    runs_on = {"name": runtime, "threads": 1}
    return {"recipe": {"schema": 1, "techniques": techniques, "runtime": runs_on}}


# how the right side may be made: what a request to write says. The first that can be used is the
# default, so those that know every type of model come before the faster ones that do not
WAYS: Mapping[str, Mapping[str, Any]] = {
    "openvino_int8": _recipe("openvino", 8),
    "openvino_int4": _recipe("openvino", 4),
    "genai_int8": _recipe("onnxruntime", 8),
    "genai_int4": _recipe("onnxruntime", 4),
    "openvino": _recipe("openvino"),
    "torch": ORIGINAL,
}


@dataclass(frozen=True)
class Side:
    """What a card shows; replaced, never changed.

    Args:
        name: of ``SIDES``.
        way: of ``WAYS``, as it was when it was asked.
        status: ``empty``, ``busy``, ``done``, ``stopped`` or ``failed``.
        job: id of its job.
        stage: of the job, a key of the text table.
        ahead: jobs that go first.
        record: what the text should tell, or None for a free prompt.
        prompt: a free prompt.
        text: what was written so far.
        told: the text held against the record, or None.
        tokens: written in all; 0 while unknown.
        first_s: seconds to the first token, by the job's own clock.
        seconds: of the whole writing.
        trouble: empty, or why it failed, as a sentence.
    """

    name: str
    way: str = "torch"
    status: str = "empty"
    job: str = ""
    stage: str = ""
    ahead: int = 0
    record: Record | None = None
    prompt: str = ""
    text: str = ""
    told: Checked | None = None
    tokens: int = 0
    first_s: float | None = None
    seconds: float | None = None
    trouble: str = ""

    @property
    def rate(self) -> float | None:
        """Tokens ÷ seconds of the whole writing, or None while unknown."""
        return self.tokens / self.seconds if self.tokens and self.seconds else None

    @property
    def whole(self) -> str:
        """The text of a brief, its headline on a line of its own; a free text as it is.

        The spans of ``told`` are places in it.
        """
        if self.record is None:
            return self.text
        brief = parsed(self.text if BODY in self.text else self.text.replace("\n", BODY, 1))
        return f"{brief.headline}\n{brief.body}" if brief.body else brief.headline


@cache
def unusable(way: str) -> BadInput | str:
    """Why a way cannot be taken here: an error, or a reason in words; empty if it can."""
    from workbench.recipes.recipe import Recipe
    from workbench.recipes.registry import RUNTIMES, TECHNIQUES, missing
    from workbench.runtimes.writers import checked

    wish = WAYS[way].get("recipe")
    if wish is None:
        return ""
    for name in [technique["name"] for technique in wish["techniques"]]:
        if why := missing(TECHNIQUES[name]):
            return why
    try:
        if why := missing(RUNTIMES[wish["runtime"]["name"]]):
            return why
        checked(wish["runtime"])
        Recipe.from_json(wish)
    except BadInput as err:
        return err
    return ""


def first_usable() -> str:
    """The way that the right side takes unless another one is chosen."""
    return next(way for way in WAYS if not unusable(way))
