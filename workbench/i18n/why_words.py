"""Why a run is fast or slow, in sentences: for the page and for the command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.core.records import Estimate
from workbench.i18n.numbers import figure, significant
from workbench.i18n.table import TEXTS, text

PARTS = ("linear", "attention", "convert", "other")


def time_words(seconds: float) -> str:
    """Seconds as people read them."""
    if seconds >= 1:
        return f"{significant(seconds)}\u202fs"
    return figure("latency_mean", Estimate(seconds, seconds, seconds, 1, "s"))


def cause_words(cause: Mapping[str, Any], language: str) -> str:
    """A cause in a sentence; its bare name where a later version has found one that is unknown.

    Args:
        cause: plain data of a ``measure.causes.Cause``.
        language: ``en`` or ``zh``.
    """
    key, values = f"cause.{cause['name']}", dict(cause["values"])
    if key not in TEXTS:
        return str(cause["name"])[:40]
    if "seconds" in values:
        values["time"] = time_words(values["seconds"])
    if "gain" in values:
        values["gain"] = significant(values["gain"])
    if "part" in values:
        values["part"] = text(f"part.{values['part']}", language)
    return text(key, language, share=round(100 * cause["share"]), **values)


def split_words(profile: Mapping[str, Any], language: str) -> str:
    """Where the time of one text goes, in one sentence.

    Args:
        profile: plain data of a ``measure.profile.Profile``.
        language: ``en`` or ``zh``.
    """
    total, seconds = profile["tokenise_s"] + profile["model_s"], profile["seconds"]
    if not seconds or total <= 0:
        return text("why.untraced", language)
    shares = {"tokenise": profile["tokenise_s"]} | {name: seconds[name] for name in PARTS}
    shares["overhead"] = max(0.0, total - sum(shares.values()))
    parts = [
        f"{text(f'part.{name}', language)} {round(100 * spent / total)} %"
        for name, spent in sorted(shares.items(), key=lambda one: -one[1])
    ]
    comma = "，" if language == "zh" else ", "
    return text("why.split", language, time=time_words(total), parts=comma.join(parts))


def stretch_words(pace: Mapping[str, Any], language: str) -> str:
    """How one row is written, in one sentence.

    Args:
        pace: plain data of a ``measure.pace.Pace``.
        language: ``en`` or ``zh``.
    """
    first, token, tokens = pace["first_s"], pace["token_s"], pace["tokens"]
    total = first + (tokens - 1) * token
    told = {"time": time_words(total), "tokens": tokens, "token": time_words(token)}
    return text("why.stretch", language, share=round(100 * first / total), **told)


def floor_words(least_s: float | None, pace: Mapping[str, Any], language: str) -> str:
    """How near a token's time is to what memory allows; empty while that is not known.

    Args:
        least_s: the bound of ``measure.pace.floor_s``, in s.
        pace: plain data of a ``measure.pace.Pace``.
        language: ``en`` or ``zh``.
    """
    if least_s is None:
        return ""
    share = significant(100 * least_s / pace["token_s"])
    return text("why.floor", language, share=share, least=time_words(least_s))


def limit_words(least_s: float | None, latency: Estimate | None, language: str) -> str:
    """How near a run is to what its machine could do; empty while that is not known.

    Args:
        least_s: the bound of ``measure.ceiling.least_s``, in s.
        latency: of one text, in s.
        language: ``en`` or ``zh``.
    """
    if least_s is None or latency is None or latency.value <= 0:
        return ""
    share = significant(100 * least_s / latency.value)
    return text("why.limit", language, share=share, least=time_words(least_s))
