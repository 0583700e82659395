"""Numbers as a person reads them: never bare, with unit and interval, in both languages."""

from __future__ import annotations

from collections.abc import Container

from workbench.core.records import Estimate, Verdict
from workbench.i18n.table import TEXTS, text

THIN = "\u202f"  # narrow no-break space, before a unit
MINUS = "\u2212"
METRICS = tuple(key.removeprefix("metric.") for key in TEXTS if key.startswith("metric."))
UNITS = {"s": (1e3, "ms"), "B": (1e-6, "MB"), "1": (1e2, "%"), "1/s": (1.0, "/s")}
QUALITY = ("fidelity", "bits_per_byte", "accuracy")  # how good a model is, in one number
POINTS = ("accuracy_change", "fidelity_change")
SHARES = ("accuracy", "macro_f1", "fidelity", *POINTS)


def quality_of(metrics: Container[str]) -> str:
    """Which of them says how good a model is."""
    return next((name for name in QUALITY if name in metrics), QUALITY[-1])


def significant(value: float, digits: int = 2) -> str:
    """``value`` to about ``digits`` significant digits, never in exponent notation."""
    if value == 0:
        return "0"
    from math import floor, log10

    places = max(0, digits - 1 - floor(log10(abs(value))))
    return f"{value:,.{min(places, 6)}f}".replace("-", MINUS)


def chance(p: float) -> str:
    """A p value with its sign: ``= 0.034``, ``< 0.001``."""
    return "< 0.001" if p < 0.001 else f"= {significant(p)}"


def scaled(metric: str, estimate: Estimate) -> tuple[float, float, float, str]:
    """Value, low and high in the unit that people read, and that unit.

    Speed-ups are pure ratios; other fractions become per cent.
    """
    factor, unit = (
        (1.0, "×")
        if metric.startswith("speedup")
        else UNITS.get(estimate.unit, (1.0, estimate.unit))
    )
    if metric == "making":
        factor, unit = 1.0, "s"
    return estimate.value * factor, estimate.low * factor, estimate.high * factor, unit


def digits_for(metric: str, value: float) -> str:
    """One number of a metric, with as many digits as it deserves."""
    if metric in SHARES:
        return f"{value:.1f}".replace("-", MINUS)
    return significant(value, 3 if value >= 10 else 2)


def figure(metric: str, estimate: Estimate, language: str = "en") -> str:
    """``92.4 %``, ``1.4 ms``, ``22.7 MB``, ``6.2×``; a change as ``+0.4 points``."""
    value, _, _, unit = scaled(metric, estimate)
    if metric in POINTS:
        return f"{value:+.1f}{THIN}{text('unit.points', language)}".replace("-", MINUS)
    space = "" if unit in ("×", "/s", "") else THIN
    return f"{digits_for(metric, value)}{space}{unit}"


def interval(metric: str, estimate: Estimate, language: str) -> str:
    """``91.6 – 93.0 · 95 %``, ``exact``, or that one launch gives none."""
    if estimate.kind == "exact":
        return text("number.exact", language)
    if lonely(estimate):
        return text("number.single", language)
    _, low, high, _ = scaled(metric, estimate)
    ends = f"{digits_for(metric, low)} – {digits_for(metric, high)}"
    return f"{ends} · {estimate.level * 100:g}{THIN}%"


def lonely(estimate: Estimate) -> bool:
    """Whether it comes from a single launch: its interval is endless and says nothing."""
    return estimate.kind == "measured" and estimate.n == 1


def speed_words(speedup: Estimate, verdict: Verdict | None, language: str) -> str:
    """``6.2× faster (5.8 to 6.7)`` or ``cannot tell: …``."""
    if verdict is None or verdict.verdict == "cannot tell":
        return cannot_tell(verdict, "launches", language)
    slower = verdict.verdict == "slower"
    value, low, high = speedup.value, speedup.low, speedup.high
    if slower:
        value, low, high = 1 / value, 1 / high, 1 / low
    times = [digits_for("speedup", x) for x in (value, low, high)]
    return text(f"number.{verdict.verdict}", language, x=times[0], low=times[1], high=times[2])


def change_words(change: Estimate, verdict: Verdict | None, language: str) -> str:
    """``0.7 points lower (0.1 to 1.3)`` or ``cannot tell: …``."""
    if verdict is None or verdict.verdict == "cannot tell":
        return cannot_tell(verdict, "rows", language)
    if change.unit != "1":
        return _bits_words(change, language)
    lower = verdict.verdict == "worse"
    sign = -100 if lower else 100
    ends = sorted((sign * change.low, sign * change.high))
    shown = [f"{x:.1f}".replace("-", MINUS) for x in (sign * change.value, *ends)]
    key = "number.lower" if lower else "number.higher"
    return text(key, language, x=shown[0], low=shown[1], high=shown[2])


def _bits_words(change: Estimate, language: str) -> str:
    """``0.03 bits per byte more (0.02 to 0.04)``."""
    sign = -1 if change.value < 0 else 1
    ends = sorted((sign * change.low, sign * change.high))
    shown = [significant(x) for x in (sign * change.value, *ends)]
    key = "number.less" if sign < 0 else "number.more"
    return text(key, language, x=shown[0], low=shown[1], high=shown[2])


def cannot_tell(verdict: Verdict | None, what: str, language: str) -> str:
    """The third answer, with what would settle it."""
    if verdict is None or verdict.n_needed is None:
        return text("number.cannot_tell", language)
    return text(f"number.cannot_tell_{what}", language, n=_rounded(verdict.n_needed))


def _rounded(count: int) -> str:
    """Two significant digits: the number is a forecast."""
    step = 10 ** max(0, len(str(count)) - 2)
    return f"{round(count / step) * step:,}"


def duration(seconds: float) -> str:
    """``0:18``, ``12:05``."""
    whole = max(0, round(seconds))
    return f"{whole // 60}:{whole % 60:02d}"
