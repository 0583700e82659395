"""What INT8 does to the bytes of a model: each engine stores other tensors as INT8."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from workbench.core.anatomy import Anatomy, Part
from workbench.core.errors import BadInput

TORCHAO = "a model in float32 (what torchao quantised cannot be exported)"  # why it stays
GROUP = 64  # weights of a row that have one scale, in INT4
CONV1D = ("attn.c_attn.weight", "mlp.c_fc.weight")  # GPT-2 stores its layers the other way round


def onnx_int8(anatomy: Anatomy, config: Any) -> Anatomy:
    """As ONNX Runtime stores it: layers with scales, embeddings with one, the head in float32."""

    def narrower(part: Part) -> Part:
        if len(part.shape) != 2 or part.role not in ("attention", "ffn", "embedding"):
            return replace(part, width=4.0)
        # five bytes (scale and zero point) per output channel; the transposed weight's larger
        # side is a close bound, and one pair for a whole embedding
        channels = 1 if part.role == "embedding" else part.shape[0]
        return replace(part, width=1.0, extra=5 * channels)

    return replace(anatomy, parts=tuple(narrower(part) for part in anatomy.parts))


def openvino_int8(scale: int) -> Callable[[Anatomy, Any], Anatomy]:
    """As OpenVINO stores it: every matrix with ``scale`` bytes per row, the rest in float32.

    Of a Keras network also the kernels of convolutions; its products by equation stay.
    """

    def resize(anatomy: Anatomy, config: Any) -> Anatomy:
        keras = anatomy.format == "keras"

        def narrower(part: Part) -> Part:
            matrix = len(part.shape) > 1 if keras else len(part.shape) == 2
            apart = keras and part.role in ("attention", "other")
            if not matrix or apart or part.role == "norm":
                return replace(part, width=4.0)
            out = -1 if keras and part.role != "embedding" else 0
            return replace(part, width=1.0, extra=scale * part.shape[out])

        return replace(anatomy, parts=tuple(narrower(part) for part in anatomy.parts))

    return resize


def openvino_weights(anatomy: Anatomy, config: Any) -> Anatomy:
    """As OpenVINO stores it when only weights are made whole: scales in two bytes.

    INT4 is for the layers inside, in groups along what a row sums over; rows that cannot be
    grouped stay in INT8.

    Raises:
        BadInput: for INT4 of a Keras network, whose products are of many shapes.
    """
    if config.bits == 8:
        return openvino_int8(scale=2)(anatomy, config)
    if anatomy.format == "keras":
        raise BadInput("weight_only of a Keras network in 4 bits", "8 bits", "choose 8")

    def narrower(part: Part) -> Part:
        if len(part.shape) != 2 or part.role not in ("attention", "ffn"):
            return part
        turned = part.name.endswith((*CONV1D, "c_proj.weight"))
        rows, along = part.shape[::-1] if turned else part.shape
        size = group(along)
        return replace(part, width=0.5, extra=2 * rows * along // size) if size else part

    whole = openvino_int8(scale=2)(anatomy, config)
    return replace(whole, parts=tuple(narrower(part) for part in whole.parts))


def onnx_weights(anatomy: Anatomy, config: Any) -> Anatomy:
    """As ONNX Runtime stores it: blocks of 64 weights with a scale in four bytes, filled up.

    The token table stays in float32; a head that shares it is stored beside it.

    Raises:
        BadInput: for a model that does not write.
    """
    if not anatomy.writes:
        told = "weight_only of a classifier on ONNX Runtime"
        raise BadInput(told, "the runtime openvino", "choose openvino")

    def blocks(part: Part) -> int:
        rows, along = part.shape
        each: int = GROUP * config.bits // 8 + 4
        return rows * -(-along // GROUP) * each

    shared = not any(part.role == "linear" for part in anatomy.parts)

    def narrower(part: Part) -> Part:
        if part.role == "embedding" and len(part.shape) == 2:
            return replace(part, width=4.0, extra=blocks(part) if shared else 0)
        if len(part.shape) == 2 and part.role in ("attention", "ffn", "linear"):
            return replace(part, width=0.0, extra=blocks(part))
        return replace(part, width=4.0)

    return replace(anatomy, parts=tuple(narrower(part) for part in anatomy.parts))


def group(along: int) -> int:
    """How many weights of a row have one scale in INT4: 64, or 32 where 64 do not fit; or 0."""
    return next((size for size in (GROUP, GROUP // 2) if along % size == 0), 0)


def _linear(anatomy: Anatomy, name: str) -> Callable[[Part], bool]:
    """Which parts torchao quantises.

    Raises:
        BadInput: if the layers are not linear ones, which torchao passes over without a word.
    """

    def chosen(part: Part) -> bool:
        return len(part.shape) == 2 and part.role in ("attention", "ffn")

    other = next((p.name for p in anatomy.parts if p.name.endswith(CONV1D)), "")
    if other or not any(chosen(part) for part in anatomy.parts):
        raise BadInput(
            f"{name} of {anatomy.family} in torch ({other or 'no linear layer'})",
            "linear layers that torchao quantises",
            "choose the runtime onnxruntime or openvino",
        )
    return chosen


def torchao_int8(anatomy: Anatomy, config: Any) -> Anatomy:
    """As torchao stores it: the linear layers with scales and zero points, the rest in float32.

    Raises:
        BadInput: if the layers are not linear ones.
    """
    chosen = _linear(anatomy, config.name)
    parts = (
        replace(p, width=1.0, extra=5 * p.shape[0]) if chosen(p) else replace(p, width=4.0)
        for p in anatomy.parts
    )
    return replace(anatomy, parts=tuple(parts))


def torchao_weights(anatomy: Anatomy, config: Any) -> Anatomy:
    """As torchao stores weights alone: the linear layers with scales, the rest in bfloat16.

    One byte has a scale per row, in four bytes; INT8 keeps a zero point, in one, beside it. INT4
    is filled up to tiles of 8 rows by 1,024 columns, with a scale and a zero point, in two bytes
    each, for every 64.

    Raises:
        BadInput: if the layers are not linear ones, or their rows cannot be grouped in INT4.
    """
    chosen = _linear(anatomy, config.name)
    bits = getattr(config, "bits", 0)  # FP8 has no choice of them

    def narrower(part: Part) -> Part:
        if not chosen(part):
            return replace(part, width=2.0)
        rows, along = part.shape
        if bits != 4:
            return replace(part, width=1.0, extra=(5 if bits else 4) * rows)
        if along % GROUP:
            told = f"weight_only of {anatomy.family} in 4 bits ({part.name}: rows of {along})"
            raise BadInput(told, f"rows of a multiple of {GROUP}", "choose 8 bits")
        padded = -(-rows // 8) * 8 * -(-along // 1024) * 1024
        return replace(part, width=0.0, extra=padded // 2 + padded // GROUP * 4)

    return replace(anatomy, parts=tuple(narrower(part) for part in anatomy.parts))


def litert_int8(anatomy: Anatomy, config: Any) -> Anatomy:
    """As LiteRT stores it: kernels with a scale per output channel, embeddings with one."""

    def narrower(part: Part) -> Part:
        if len(part.shape) < 2:
            return part
        channels = 1 if part.role == "embedding" else part.shape[-1]
        return replace(part, width=1.0, extra=12 * channels)  # a scale, and 8 bytes of zero point

    return replace(anatomy, parts=tuple(narrower(part) for part in anatomy.parts))
