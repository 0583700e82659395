"""What lies beside the weights: what could be code stays shut, or is a reason to refuse."""

from __future__ import annotations

import os
import re
from pathlib import Path

from workbench.core.errors import BadInput
from workbench.models.disguise import HEAD, packed, pickled
from workbench.models.files import AGAIN, open_plain, shown
from workbench.models.limits import GRAPH_BYTES, TRUST, WEIGHT_BYTES
from workbench.models.weights import CHUNK, header_length

PICKLES = {
    *(".pkl", ".pickle", ".joblib", ".npy", ".npz", ".pt", ".pth", ".ckpt", ".dill", ".bin"),
    *(".pk", ".p", ".mar", ".sav", ".pt2", ".ptl", ".cloudpickle", ".th", ".t7", ".distcp"),
}
PACKED = {
    *(".gz", ".bz2", ".xz", ".lzma", ".z", ".zst", ".lz4", ".lz", ".br", ".sz", ".gzip", ".7z"),
    *(".tar", ".tgz", ".tbz2", ".txz", ".zip", ".rar"),
}
FOREIGN = {  # models of other frameworks: a folder of the hub often has them too
    *(".h5", ".hdf5", ".keras", ".msgpack", ".ot", ".gguf", ".ggml", ".tflite", ".pb", ".onnx"),
    *(".mlmodel", ".engine", ".plan", ".pte", ".onnx_data"),
}
PROGRAMS = {".py", ".pyc", ".so", ".dll", ".dylib", ".pyd", ".sh", ".exe", ".bat"}
ORDINARY = (
    *("optimizer", "scheduler", "training_args", "rng_state", "scaler", "random_states"),
    *("mp_rank_", "zero_pp_rank_", "bf16_zero_pp_rank_", "fp16_zero_pp_rank_", "sampler"),
)
# of external data in an ONNX file: a name, its length before it
LOCATION = re.compile(rb"\n\x08location\x12([\x80-\xff]{0,4}[\x00-\x7f])")
NAME = 4096  # bytes of a path; none is longer


def check_company(folder: Path, found: tuple[Path, ...], kind: str, used: list[Path]) -> list[str]:
    """Pickles that no one needs stay shut, with a warning; any other is a reason to refuse.

    Args:
        folder: of the model.
        found: everything in it.
        kind: ``safetensors`` or ``torch``.
        used: the weight files.

    Returns:
        Warnings.

    Raises:
        BadInput: for a pickle or an archive, under whatever name, that no checkpoint has.
    """
    shut, unused = [], []
    _check_graphs(folder, [x for x in found if x.suffix.lower() == ".onnx" and x.is_file()])
    for path in found:
        inside = path.relative_to(folder)
        if inside.parts[0] == ".git":  # a clone: git's own files, and copies of the others
            shut += [".git was left unopened"] if len(inside.parts) == 1 else []
            continue
        if path in used or not path.is_file():
            continue
        suffix = path.suffix.lower()
        if suffix in PROGRAMS:
            unused.append(f"{shown(path.name)} was not used")
        elif suffix in FOREIGN or _needless(inside, kind, path):
            shut.append(f"{shown(path.name)} was left unopened")
        else:
            _check_content(path)
    return shut + unused


def _check_content(path: Path) -> None:
    """Refuse a pickle, or something packed that may hold one, by its name or how it begins."""
    suffix = path.suffix.lower()
    if suffix in PICKLES:
        what = "a pickle can run code"
    else:
        what = "packed, and a pickle in it can run code" if suffix in PACKED else _told(path)
    if what:
        raise BadInput(
            f"{shown(path.name)} ({what})",
            "weights as safetensors",
            "convert it to safetensors where you trust it, or remove it",
        )


def _told(path: Path) -> str:
    """What the first bytes tell about a file that is called like nothing in particular."""
    try:
        with open_plain(path) as file:
            head, size = file.read(HEAD), os.fstat(file.fileno()).st_size
            if path.suffix.lower() == ".safetensors":
                file.seek(0)
                header_length(file, path.name)
                if head[8:9] != b"{":
                    raise BadInput(path.name, "a safetensors header that is an object", AGAIN)
                # the length before the header may begin like anything packed
                return "a pickle can run code" if pickled(head[: HEAD - 1], size) else ""
    except OSError as err:
        raise BadInput(shown(path.name), "a file that can be read", TRUST) from err
    if pickled(head, size) or head.startswith(b"\x93NUMPY"):
        return "a pickle can run code"
    how = packed(head)
    return f"packed as {how}, and a pickle in it can run code" if how else ""


def _needless(inside: Path, kind: str, path: Path) -> bool:
    """Whether an ordinary checkpoint has this file beside its weights."""
    name = inside.name.lower()
    if path.suffix.lower() not in PICKLES and not name.startswith(".metadata"):
        return False
    if any(part.lower().startswith(ORDINARY) for part in inside.parts):
        return True
    raw = any(part.endswith(".mlpackage") for part in inside.parts)  # CoreML: numbers only
    if name.endswith(".bin") and (raw or path.with_suffix(".xml").is_file()):
        return True  # so are OpenVINO's weights
    second = any(p.startswith("pytorch_model") for p in inside.parts)
    return kind == "safetensors" and (second or name.startswith("consolidated."))


def _check_graphs(folder: Path, graphs: list[Path]) -> None:
    sizes = [path.stat().st_size for path in graphs]
    for path, size in zip(graphs, sizes, strict=True):
        GRAPH_BYTES.check(size, shown(path.name))
    WEIGHT_BYTES.check(sum(sizes), shown(folder.name))  # they are searched from end to end
    for path in graphs:
        _check_onnx(path)


def _check_onnx(path: Path) -> None:
    """Its tensors may lie in other files: in the same folder, or it is refused.

    Source:
        https://onnx.ai/onnx/repo-docs/ExternalData.html
    """
    with open_plain(path) as file:
        kept = b""
        # read, not mapped: a file that is cut meanwhile would end the process
        while piece := file.read(CHUNK):
            piece = kept + piece
            for match in LOCATION.finditer(piece):
                length = _length(match.group(1))
                name = piece[match.end() : match.end() + length]
                inside = b"/" not in name and b"\\" not in name and not name.startswith(b".")
                if not inside or not 0 < length <= NAME:
                    told = f"{shown(path.name)} names {name.decode('utf-8', 'replace')!r:.60}"
                    raise BadInput(told, "files of the folder", TRUST)
            kept = piece[-NAME - 20 :]


def _length(digits: bytes) -> int:
    """A number as protobuf writes it, seven bits to the byte."""
    return sum((digit & 0x7F) << 7 * place for place, digit in enumerate(digits))
