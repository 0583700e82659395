"""What lies beside the weights: what could be code stays shut, or is a reason to refuse."""

from __future__ import annotations

import mmap
import re
from pathlib import Path

from workbench.core.errors import BadInput
from workbench.models.files import open_plain, shown
from workbench.models.limits import TRUST

PICKLES = {
    *(".pkl", ".pickle", ".joblib", ".npy", ".npz", ".pt", ".pth", ".ckpt", ".dill", ".bin"),
    *(".pk", ".p", ".mar", ".sav", ".pt2", ".ptl", ".cloudpickle", ".th", ".t7"),
}
PACKED = {".gz", ".bz2", ".xz", ".lzma", ".z", ".zst", ".lz4"}
FOREIGN = {  # models of other frameworks: a folder of the hub often has them too
    *(".h5", ".hdf5", ".keras", ".msgpack", ".ot", ".gguf", ".ggml", ".tflite", ".pb", ".onnx"),
    *(".mlmodel", ".engine", ".plan", ".pte", ".onnx_data"),
}
PROGRAMS = {".py", ".pyc", ".so", ".dll", ".dylib", ".pyd", ".sh", ".exe", ".bat"}
ORDINARY = (
    *("optimizer", "scheduler", "training_args", "rng_state", "scaler", "random_states"),
    *("mp_rank_", "zero_pp_rank_", "bf16_zero_pp_rank_", "fp16_zero_pp_rank_", "sampler"),
)
TEXT = {".json", ".jinja", ".txt", ".md", ".safetensors"}  # read as such, and refused if not
LOCATION = re.compile(rb"\n\x08location\x12(.)", re.DOTALL)  # of external data in an ONNX file


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
    for path in found:
        if path in used or not path.is_file():
            continue
        suffix = path.suffix.lower()
        if suffix == ".onnx":
            _check_onnx(path)
        if suffix in PROGRAMS:
            unused.append(f"{shown(path.name)} was not used")
        elif suffix in FOREIGN or _needless(path.relative_to(folder), kind, path):
            shut.append(f"{shown(path.name)} was left unopened")
        elif _like_code(path):
            raise BadInput(
                f"{shown(path.name)} (a pickle can run code)",
                "weights as safetensors",
                "convert it to safetensors where you trust it, or remove it",
            )
    return shut + unused


def _like_code(path: Path) -> bool:
    """By its name, or by how it begins: a pickle, a zip or an array file under any name."""
    endings = [end.lower() for end in path.suffixes[-2:]]
    if endings and (endings[-1] in PICKLES or (endings[-1] in PACKED and PICKLES & {*endings})):
        return True
    if endings and endings[-1] in TEXT:
        return False
    try:
        with open_plain(path) as file:
            head = file.read(6)
    except OSError as err:
        raise BadInput(shown(path.name), "a file that can be read", TRUST) from err
    pickled = head[:1] == b"\x80" and head[1:2] in (b"\2", b"\3", b"\4", b"\5")
    return pickled or head[:4] == b"PK\3\4" or head == b"\x93NUMPY"


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


def _check_onnx(path: Path) -> None:
    """Its tensors may lie in other files: in the same folder, or it is refused.

    Source:
        https://onnx.ai/onnx/repo-docs/ExternalData.html
    """
    with open_plain(path) as file:
        try:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:  # an empty file
            return
        with content:
            for match in LOCATION.finditer(content):
                name = content[match.end() : match.end() + match.group(1)[0]]
                if b"/" in name or b"\\" in name or name.startswith(b".") or name[:1] == b"":
                    told = f"{shown(path.name)} names {name.decode('utf-8', 'replace')!r:.60}"
                    raise BadInput(told, "files of the folder", TRUST)
