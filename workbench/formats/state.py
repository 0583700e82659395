"""A network with the weights of a folder: read as tensors here, never by a path in there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.core.errors import BadInput
from workbench.formats import config
from workbench.formats.quiet import quiet

if TYPE_CHECKING:
    import torch

KINDS = (("model", "safetensors"), ("pytorch_model", "bin"))
NEW = ("pooler.", "position_ids", "rotary_emb.", "masked_bias", "attn.bias")  # may be made anew


def network(folder: Path, auto: Any, dtype: torch.dtype | None = None) -> Any:
    """The network of a folder, with its weights.

    Args:
        folder: holds ``config.json`` and weights, as safetensors or as a torch zip.
        auto: ``AutoModel`` or ``AutoModelForSequenceClassification``.
        dtype: of the weights; None keeps the stored one.

    Raises:
        BadInput: if weights are missing that the configuration describes.
    """
    import torch

    described = config.read(folder)
    weights = tensors(folder)
    stored = next((w.dtype for w in weights.values() if w.is_floating_point()), torch.float32)
    made = auto._model_mapping[type(described)]
    _check_size(made, described, weights)
    with quiet():
        model, told = made.from_pretrained(
            None,
            config=described,
            state_dict=weights,
            dtype=dtype or stored,
            local_files_only=True,
            output_loading_info=True,
        )
    missing = [name for name in sorted(told["missing_keys"]) if not any(n in name for n in NEW)]
    if missing:
        raise _incomplete(missing)
    return model


def tensors(folder: Path) -> dict[str, torch.Tensor]:
    """All tensors by name; safetensors win where both are there.

    Raises:
        BadInput: if there are none.
    """
    found: dict[str, Any] = {}
    for path in _files(folder):
        found |= _load(path)
    return found


def _files(folder: Path) -> list[Path]:
    for stem, suffix in KINDS:
        single, index = folder / f"{stem}.{suffix}", folder / f"{stem}.{suffix}.index.json"
        if single.is_file():
            return [single]
        if index.is_file():
            named = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
            return [folder / Path(name).name for name in sorted(set(named.values()))]
    raise BadInput(folder.name, "a folder that holds weights", "download the model again")


def _load(path: Path) -> dict[str, torch.Tensor]:
    import torch
    from safetensors.torch import load_file

    if path.suffix == ".safetensors":
        return dict(load_file(path))
    return dict(torch.load(path, map_location="cpu", weights_only=True, mmap=True))


def _check_size(made: Any, described: Any, weights: dict[str, torch.Tensor]) -> None:
    """Made without memory first: it must not be much larger than what is stored for it."""
    import torch

    with torch.device("meta"), quiet():
        shape = made(described)
    wanted = sum(x.numel() for x in (*shape.parameters(), *shape.buffers()))
    given = sum(w.numel() for w in weights.values())
    if wanted > 2 * given + 10**7:
        told = f"config.json describes {wanted:,} numbers"
        raise BadInput(told, f"about the {given:,} that are stored", "export the model again")


def _incomplete(missing: list[str]) -> BadInput:
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return BadInput(
        f"weights without {missing[0]!r:.80}{more}",
        "every weight that the configuration describes",
        "download or export the model again",
    )
