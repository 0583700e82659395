"""A recipe in a few words, as the plot and the table name it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.core.anatomy import Anatomy, kept
from workbench.i18n.table import TEXTS, text

PRECISION = {"bf16": "bf16", "fp16": "fp16", "fp8": "FP8", "dynamic_int8": "INT8"}
MARKED = {
    "static_int8": "words.static",
    "weight_only": "words.weights",
    "quantisation_aware": "words.aware",
}


def recipe_words(recipe: Mapping[str, Any], language: str, anatomy: Anatomy | None = None) -> str:
    """``3 of 6 layers, 768 units + INT8 · ONNX Runtime``.

    Args:
        recipe: as ``Recipe.to_json`` gives it.
        language: ``en`` or ``zh``.
        anatomy: of the uncompressed model; with it shares become counts.
    """
    runtime = recipe["runtime"]
    if runtime["name"] == "sklearn":
        return text("words.baseline", language)
    name = _named("runtime", runtime["name"], language)
    words = [w for entry in recipe["techniques"] if (w := _technique(entry, language, anatomy))]
    if not words:
        precision = "bf16" if runtime.get("precision") == "bf16" else "fp32"
        return f"{name} {precision}{_tail({**runtime, 'precision': ''}, language)}"
    return f"{' + '.join(words)} · {name}{_tail(runtime, language)}"


def _tail(runtime: Mapping[str, Any], language: str) -> str:
    """What differs from the runtime's defaults: threads, streams, arithmetic, the GPU."""
    counts = [(knob, int(runtime.get(knob, 1))) for knob in ("threads", "streams")]
    words = [text(f"words.{knob}", language, n=n) for knob, n in counts if n > 1]
    words += ["bf16"] if runtime.get("precision") == "bf16" else []
    words += ["GPU"] if runtime.get("device") == "cuda" else []
    return "".join(f" · {word}" for word in words)


def _technique(entry: Mapping[str, Any], language: str, anatomy: Anatomy | None) -> str:
    name = entry["name"]
    if name == "structured_pruning":
        return _pruning(entry, language, anatomy)
    if name == "vocabulary_pruning":
        return _vocabulary(entry, language, anatomy)
    if name == "distillation":
        return text("words.distillation", language)
    if name == "weight_clustering":
        return text("words.clusters", language, n=entry["clusters"])
    if name in ("magnitude_pruning", "gradual_pruning"):
        return text("words.zeros", language, n=round(100 * entry["amount"]))
    if name in MARKED:
        return text(MARKED[name], language, n=entry.get("bits", 8))
    return PRECISION.get(name) or _named("technique", name, language)


def _pruning(entry: Mapping[str, Any], language: str, anatomy: Anatomy | None) -> str:
    comma = "，" if language == "zh" else ", "
    words = []
    for knob in ("layers", "heads", "ffn"):
        share = float(entry.get(knob, 0.0))
        if not share:
            continue
        if (
            anatomy is None or anatomy.format == "keras"
        ):  # there every layer has a count of its own
            words.append(f"{text(f'knob.{knob}', language)} {round(100 * share)} %")
            continue
        total = getattr(anatomy, knob)
        words.append(text(f"words.{knob}", language, n=kept(total, share), total=total))
    if words and entry.get("widths") == "per_layer":
        words.append(text("words.per_layer", language))
    return comma.join(words)


def _vocabulary(entry: Mapping[str, Any], language: str, anatomy: Anatomy | None) -> str:
    share = float(entry["rows"])
    if anatomy is None or not anatomy.vocabulary:
        return text("words.rows_share", language, n=round(100 * share))
    left = max(anatomy.alphabet, kept(anatomy.vocabulary, share))
    return text("words.rows", language, n=f"{left:,}")


def _named(kind: str, name: str, language: str) -> str:
    key = f"{kind}.{name}"
    return text(key, language) if key in TEXTS else name
