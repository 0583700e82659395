"""The compression rate as a promise: which recipe reaches a given size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from workbench.core.anatomy import Anatomy
from workbench.core.errors import BadInput
from workbench.core.knobs import knobs
from workbench.recipes.plan import NARROWING, ways, with_runtime
from workbench.recipes.recipe import Recipe
from workbench.recipes.registry import RUNTIMES, TECHNIQUES, missing, way

Precision = tuple[tuple[str, str, Mapping[str, Any]], ...]
# of each kind of model, widest first, each with the format that it is counted in, and settings;
# the two kinds of INT8 of a torch model are of one size: the runtime on screen tells which is
# chosen
PRECISIONS: Mapping[str, tuple[Precision, ...]] = {
    "torch": ((), (("bf16", "torch", {}),), (("dynamic_int8", "onnx", {}),)),
    "keras": ((), (("fp16", "tflite", {}),), (("dynamic_int8", "tflite", {}),)),
    "writes": (
        (),
        (("weight_only", "openvino", {"bits": 8}),),
        (("weight_only", "openvino", {"bits": 4}),),
    ),
}
STATIC: Precision = (("static_int8", "openvino", {}),)
TOLERANCE = 0.02  # a rate within two per cent of the one asked for is reached
PRUNING = "structured_pruning"


def rate_of(recipe: Recipe, anatomy: Anatomy) -> float:
    """Compression rate: size after ÷ size before, exact."""
    after = anatomy
    for config, entry in zip(recipe.techniques, ways(recipe, anatomy.format), strict=True):
        after = entry.resize(after, config)
    return after.size_bytes / anatomy.size_bytes


def lowest_rate(anatomy: Anatomy, like: Recipe | None = None) -> float:
    """Where the domain of the rate ends for this model: all knobs pulled, the embeddings stay.

    Args:
        anatomy: the uncompressed model.
        like: the recipe on screen; what else in it makes the model smaller (fewer embeddings) may
            stay there.
    """
    whole = _lowest(anatomy, len(_usable(anatomy)))
    if like is None:
        return whole
    after = _after(_others(like), anatomy)
    share = after.size_bytes / anatomy.size_bytes
    return min(whole, _lowest(after, len(_usable(after))) * share)


@lru_cache(maxsize=16)
def _lowest(anatomy: Anatomy, _: int) -> float:
    """Remembered for as many precisions as there are: one may come to be installed."""
    cut = _pruned(_top(anatomy), _depth(anatomy))
    return min(_rate(cut, precision, anatomy) for precision in _usable(anatomy))


def unpruned_below(recipe: Recipe, anatomy: Anatomy) -> float | None:
    """The rate that a narrower precision reaches without the pruning in ``recipe``.

    Returns:
        The largest such rate below the recipe's own; None without pruning, or if there is none.
    """
    if not any(config.name == PRUNING for config in recipe.techniques):
        return None
    own = rate_of(recipe, anatomy)
    rates = [_rate((), p, anatomy) for p in _usable(anatomy) if p]
    return max((rate for rate in rates if rate <= own * (1 + TOLERANCE)), default=None)


def recipe_for_rate(rate: float, anatomy: Anatomy, like: Recipe) -> Recipe:
    """The recipe that reaches ``rate`` with the least pruning.

    The narrowest precision that is not yet below the rate comes first; whole layers and widths
    then share what is left to remove, so that the larger share is as small as it can be.

    Args:
        rate: size after ÷ size before, from ``lowest_rate`` to 1; reached within 2 %, but for a
            narrow gap below each precision's own floor, where the nearest recipe is proposed.
        anatomy: the uncompressed model.
        like: the recipe on screen; its runtime stays where it can, and so do other techniques
            unless they make the model smaller than the rate asks for.

    Raises:
        BadInput: if the rate lies outside the model's domain.
    """
    floor = lowest_rate(anatomy, like)
    if not floor * (1 - TOLERANCE) <= rate <= 1.0:
        wanted = f"a number from {floor:.3f} to 1 for this model"
        raise BadInput(f"compression rate {rate:g}", wanted, f"choose at least {floor:.3f}")
    others = _others(like)
    if _rate(others, (), anatomy) < rate * (1 - TOLERANCE):
        others = tuple(c for c in others if _rate((c,), (), anatomy) == 1.0)
    after = _after(others, anatomy)
    format = RUNTIMES[like.runtime.name].format
    cut, precision = _cut_for(rate * anatomy.size_bytes / after.size_bytes, after, format)
    return _put_in(like, (*cut, *others), precision, anatomy)


def _cut_for(rate: float, anatomy: Anatomy, format: str) -> tuple[tuple[Any, ...], Precision]:
    """Pruning and precision that reach a rate, or come nearest to it."""
    usable, depths = _usable(anatomy, format), anatomy.layers if _prunable(anatomy) else 1
    wide = [p for p in usable if _rate((), p, anatomy) >= rate * (1 - TOLERANCE)]
    for precision in reversed(wide):
        options = [
            option
            for removed in range(depths)
            if (option := _at_depth(rate, anatomy, precision, removed / anatomy.layers))
        ]
        if options:
            return min(options, key=lambda option: option[0])[1], precision
    # between the smallest model of one precision and the largest of the next nothing lies
    ends = (_pruned(0, 0), _pruned(_top(anatomy), _depth(anatomy)))
    edges = [(cut, p) for p in usable for cut in ends]
    return min(edges, key=lambda e: abs(_rate(e[0], e[1], anatomy) - rate))


def _others(recipe: Recipe) -> tuple[Any, ...]:
    """Techniques of a recipe that the rate does not choose."""
    swept = {PRUNING, *NARROWING}
    return tuple(c for c in recipe.techniques if c.name not in swept)


def _put_in(
    like: Recipe, changed: tuple[Any, ...], precision: Precision, anatomy: Anatomy
) -> Recipe:
    """The recipe on screen with these techniques and this precision."""
    narrowed = tuple(TECHNIQUES[name].config_type(**more) for name, _, more in precision)
    format = precision[-1][1] if precision else ""
    return with_runtime(replace(like, techniques=(*changed, *narrowed)), anatomy, format)


def _at_depth(
    rate: float, anatomy: Anatomy, precision: Precision, layers: float
) -> tuple[float, tuple[Any, ...]] | None:
    """The width share that reaches ``rate`` with this share of layers gone, by bisection.

    Returns:
        (the larger share, pruning), or None if no width reaches the rate within the tolerance.
    """

    def reached(width: float) -> tuple[float, tuple[Any, ...]]:
        techniques = _pruned(width, layers)
        return _rate(techniques, precision, anatomy) / rate - 1, techniques

    low, high = 0.0, _top(anatomy)
    for width in (low, high):
        gap, techniques = reached(width)
        if abs(gap) <= TOLERANCE:
            return max(width, layers), techniques
        if (gap < 0) == (width == low):
            return None
    while high - low > 0.002:
        width = round((low + high) / 2, 3)
        gap, techniques = reached(width)
        if abs(gap) <= TOLERANCE / 4:
            break
        low, high = (width, high) if gap > 0 else (low, width)
    return (max(width, layers), techniques) if abs(gap) <= TOLERANCE else None


def _usable(anatomy: Anatomy, format: str = "") -> tuple[Precision, ...]:
    """The precisions of this machine; INT8 in the kind that a runtime of ``format`` takes."""
    known = PRECISIONS.get("writes" if anatomy.writes else anatomy.format, ((),))
    there = {name for name, entry in TECHNIQUES.items() if not missing(entry, anatomy.format)}
    usable = tuple(p for p in known if there.issuperset(name for name, _, _ in p))
    if anatomy.format != "torch" or anatomy.writes:
        return usable
    static = "static_int8" in there and (format == STATIC[0][1] or known[-1] not in usable)
    return (*(p for p in usable if p != known[-1]), STATIC) if static else usable


def _rate(cut: tuple[Any, ...], precision: Precision, anatomy: Anatomy) -> float:
    after = _after(cut, anatomy)
    for name, format, more in precision:
        entry = way(name, format, anatomy.format)
        after = entry.resize(after, entry.config_type(**more))
    return after.size_bytes / anatomy.size_bytes


def _after(techniques: tuple[Any, ...], anatomy: Anatomy) -> Anatomy:
    for config in techniques:
        anatomy = way(config.name, anatomy.format).resize(anatomy, config)
    return anatomy


def _pruned(width: float, layers: float) -> tuple[Any, ...]:
    if not width and not layers:
        return ()
    return (TECHNIQUES[PRUNING].config_type(ffn=width, heads=width, layers=round(layers, 4)),)


@lru_cache(maxsize=16)
def _prunable(anatomy: Anatomy) -> bool:
    if anatomy.format not in PRECISIONS:
        return False
    try:
        _after((TECHNIQUES[PRUNING].config_type(ffn=0.5),), anatomy)
    except BadInput:  # uneven layers, or a family that it does not know
        return False
    return True


def _depth(anatomy: Anatomy) -> float:
    """The largest share of layers that can go; nothing of a single one."""
    return _top(anatomy) if anatomy.layers > 1 else 0.0


def _top(anatomy: Anatomy) -> float:
    if not _prunable(anatomy):
        return 0.0
    domains = (knob.domain for knob in knobs(TECHNIQUES[PRUNING].config_type))
    return float(min(getattr(domain, "high", 1.0) for domain in domains))
