"""Why a run is fast or slow: read off its profile and its reference's, never off a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workbench.core.records import Record
from workbench.measure.profile import Profile

# A cause is named when removing it would change the time by more than the few per cent that two
# launches differ by, and its share is beyond what a sound run shows: measured on MiniLM-L6 (torch,
# ONNX Runtime, INT8) tokenising took 2 to 8 %, conversions 0 to 4 %, overhead 3 to 25 %.
TOKENISING = 0.20  # of the time from the string
OVERHEAD = 0.30
ATTENTION = 0.30
OTHER = 0.40  # norms, activations, residuals: a fifth to a third is usual
LINEAR = 0.50  # usual, and told as where the time goes
CONVERTING = 0.10
FLOAT_LEFT = 0.10  # of the time, in float products of a model that also has narrow ones
ZEROS = 0.30  # of the weights; half of dense weights rounded to INT8 are not zero
SMALL_BATCH = 1.5  # times as many texts a second in a larger batch
COMPILE_S = 2.0  # a person notices
COMPILE_TIMES = 5.0  # as long as the reference takes
FEWER = 0.90  # of the reference's weights, or less
NARROW = 0.50  # of the time in products
SAME = 0.02  # relative
SPENT = 0.25  # of the difference to the reference
DIFFERENT = 0.10  # of the reference's time
FLOATS = ("float32",)


@dataclass(frozen=True)
class Cause(Record):
    """One reason, with the share that it explains.

    Args:
        name: key of its sentence, such as ``overhead``.
        share: of the time (or of what the sentence says), 0 to 1.
        values: what the sentence needs besides: seconds, factors, counts, words.
    """

    name: str
    share: float
    values: Mapping[str, float | str] = field(default_factory=dict)


def causes(profile: Profile, reference: Profile | None = None) -> tuple[Cause, ...]:
    """Everything that the profile shows, the largest share first.

    Args:
        profile: of the run.
        reference: of the run that it is compared with, if there is one.
    """
    found = [*_shares(profile), *_weights(profile), *_batch(profile), *_start(profile, reference)]
    if reference is not None:
        found += [*_against(profile, reference), *_difference(profile, reference)]
    return tuple(sorted(found, key=lambda cause: -cause.share))


def _shares(profile: Profile) -> list[Cause]:
    parts = profile.parts()
    limits = {"tokenise": TOKENISING, "overhead": OVERHEAD, "attention": ATTENTION}
    limits |= {"other": OTHER, "linear": LINEAR, "convert": CONVERTING}
    return [
        Cause(name, spent / profile.total_s, {"seconds": spent})
        for name, spent in parts.items()
        if profile.total_s > 0 and spent >= limits[name] * profile.total_s
    ]


def _weights(profile: Profile) -> list[Cause]:
    made = []
    linear = sum(profile.linear.values())
    wide = sum(spent for kind, spent in profile.linear.items() if kind in FLOATS)
    narrow = linear - wide
    if narrow > 0 and wide >= FLOAT_LEFT * profile.total_s:
        made.append(Cause("float_left", wide / profile.total_s, {"seconds": wide}))
    if linear > 0 and narrow >= NARROW * linear:
        kinds = {kind: spent for kind, spent in profile.linear.items() if kind not in FLOATS}
        most = max(kinds, key=kinds.__getitem__)
        made.append(Cause("narrow", narrow / linear, {"precision": most}))
    if profile.zeros >= ZEROS and profile.sparse_s == 0:
        made.append(Cause("zeros", profile.zeros))
    return made


def _batch(profile: Profile) -> list[Cause]:
    alone = profile.per_row.get("1", 0.0)
    sizes = {size: spent for size, spent in profile.per_row.items() if size != "1" and spent > 0}
    if not sizes:
        return []
    best = min(sizes, key=sizes.__getitem__)
    gain = alone / sizes[best]
    if gain < SMALL_BATCH:
        return []
    return [Cause("small_batch", 1 - 1 / gain, {"gain": gain, "size": best})]


def _start(profile: Profile, reference: Profile | None) -> list[Cause]:
    spent = _started(profile)
    usual = _started(reference) if reference is not None else 0.0
    if spent < COMPILE_S or spent < COMPILE_TIMES * usual:
        return []
    return [Cause("compile", 0.0, {"seconds": spent})]


def _started(profile: Profile) -> float:
    """Seconds until the second call could begin, without what one usual call takes."""
    return profile.open_s + max(0.0, profile.first_s - profile.total_s)


def _against(profile: Profile, reference: Profile) -> list[Cause]:
    """What the model has less of than its reference, or that it has not less of anything."""
    if not profile.elements or not reference.elements:
        return []
    ratio = profile.elements / reference.elements
    if ratio <= FEWER:
        return [Cause("fewer_weights", 1 - ratio)]
    size = profile.size_bytes / reference.size_bytes
    alike = abs(ratio - 1) < SAME and abs(size - 1) < SAME
    if alike and set(profile.linear) == set(reference.linear):
        same_engine = profile.runtime == reference.runtime
        return [Cause("same_work", 0.0)] if same_engine else []
    return []


def _difference(profile: Profile, reference: Profile) -> list[Cause]:
    """Where the time that was saved or added went."""
    gap = reference.total_s - profile.total_s
    mine, other = profile.parts(), reference.parts()
    if abs(gap) < DIFFERENT * reference.total_s or set(mine) != set(other):
        return []
    made = []
    for name, spent in mine.items():
        share = (other[name] - spent) / gap
        if share >= SPENT:
            told: dict[str, float | str] = {"seconds": abs(other[name] - spent), "part": name}
            made.append(Cause("saved" if gap > 0 else "added", min(1.0, share), told))
    return made
