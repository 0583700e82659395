"""Torch artifacts: a backbone with a head, saved as safetensors, rebuilt at any width."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.core.artifact import Artifact
from workbench.core.errors import BadInput
from workbench.formats import about, quantised
from workbench.formats.about import WRITES, About
from workbench.formats.blocks import family_of, layers_of, replace_weights
from workbench.formats.prompts import Prompts, keep_chat, positions
from workbench.formats.state import network
from workbench.formats.tokens import Tokens, longest

if TYPE_CHECKING:
    import torch

WEIGHTS = "model.safetensors"
WRITERS = ("ForCausalLM", "LMHeadModel")  # how the architectures that write end


def load(folder: Path) -> Artifact:
    """Load an artifact folder of ours, or a plain Hugging Face classifier or writer.

    Raises:
        BadInput: if weights or configuration are missing, damaged or do not fit each other.
    """
    try:
        module = _rebuilt(folder) if about.describes(folder) else _plain(folder)
    except BadInput:
        raise
    except Exception as err:
        raise _unreadable(folder, err) from err
    module.eval()
    return Artifact("torch", folder, module.about.labels, module)


def new_classifier(folder: Path, labels: Sequence[str], max_length: int) -> Artifact:
    """A backbone with an untrained linear head on the mean of its token vectors.

    Args:
        folder: a plain Hugging Face folder, or a tuned model whose backbone is taken.
        labels: class names, in the order of the logits.
        max_length: in tokens; longer texts are cut.

    Raises:
        BadInput: as ``load`` does.
    """
    from workbench.formats.modules import Pooled

    try:
        if about.describes(folder):
            encoder = _rebuilt(folder).encoder
            kept = about.read(folder)[1].kept
        else:
            encoder, kept = _backbone(folder), None
    except BadInput:
        raise
    except Exception as err:
        raise _unreadable(folder, err) from err
    limit = min(max_length, longest(folder))
    family = str(encoder.config.model_type)
    module = Pooled(encoder, About(family, tuple(labels), limit, "mean", kept=kept))
    return Artifact("torch", folder, tuple(labels), module)


def save(artifact: Artifact, folder: Path) -> None:
    """Write ``artifact.json``, ``config.json``, ``model.safetensors`` and ``tokenizer.json``."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    module = artifact.payload
    weights, metadata = quantised.flat(module.state_dict())
    save_file(_once(weights), folder / WEIGHTS, metadata={"format": "pt", **metadata})
    settings = module.encoder.config
    if module.about.pooling == WRITES:
        settings.architectures = [type(module.model).__name__]
        Prompts(artifact.folder).write_ends(folder)
        keep_chat(artifact.folder, folder)
    settings.to_json_file(folder / "config.json", use_diff=False)
    Tokens.of(artifact).write(folder)
    module.about.write(folder, "torch")


def copy(artifact: Artifact, **changes: Any) -> Artifact:
    """The same artifact with a module of its own, so that the old one stays as it was.

    Args:
        artifact: a loaded torch artifact.
        changes: fields of ``About`` to set anew.
    """
    from copy import deepcopy

    module = deepcopy(artifact.payload)
    module.about = replace(module.about, **changes)
    return replace(artifact, payload=module)


def _unreadable(folder: Path, err: Exception) -> BadInput:
    said = " ".join(str(err).split())[:160]
    return BadInput(
        f"{folder.name} ({type(err).__name__}: {said})",
        "a folder with config.json and whole weights that fit it",
        "download or export the model again",
    )


def _plain(folder: Path) -> Any:
    """A Hugging Face folder whose architecture is a sequence classifier, or writes."""
    from transformers import AutoModelForSequenceClassification

    from workbench.formats.modules import Headed

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    named = config.get("architectures") or [""]
    if str(named[0]).endswith(WRITERS):
        return _writer(folder)
    if not str(named[0]).endswith("ForSequenceClassification"):
        raise BadInput(folder.name, "a model with a classification head", "tune it first")
    model = network(folder, AutoModelForSequenceClassification)
    names = model.config.id2label
    labels = tuple(str(names[i]) for i in range(len(names)))
    family = str(model.config.model_type)
    return Headed(model, About(family, labels, longest(folder), "model"))


def _writer(folder: Path) -> Any:
    """A causal language model; it is computed with in float32, whatever its file holds."""
    import torch
    from transformers import AutoModelForCausalLM

    from workbench.formats.modules import Writer

    model = network(folder, AutoModelForCausalLM, torch.float32)
    family = str(model.config.model_type)
    return Writer(model, About(family, (), positions(folder), WRITES))


def _once(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A state without the second names of weights that have two: a head and the token table."""
    found: dict[str, torch.Tensor] = {}
    seen = set()
    for name, tensor in state.items():
        place = (tensor.data_ptr(), tuple(tensor.shape)) if tensor.numel() else name
        if place not in seen:
            found[name] = tensor
        seen.add(place)
    return found


def _twice(module: Any, weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """And with them again, as ``module`` shares them."""
    own = module.state_dict(keep_vars=True)
    stored = {id(own[name]): tensor for name, tensor in weights.items() if name in own}
    shared = {n: stored[id(w)] for n, w in own.items() if n not in weights and id(w) in stored}
    return {**weights, **shared}


def _backbone(folder: Path) -> Any:
    import torch
    from transformers import AutoModel

    return without_pooler(network(folder, AutoModel, torch.float32))


def without_pooler(encoder: Any) -> Any:
    """Drop BERT's pooler: the mean of the token vectors does not pass through it."""
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None
    return encoder


def _rebuilt(folder: Path) -> Any:
    """A module of ours from its configuration, cut to the widths of the stored weights."""
    import torch

    from workbench.formats.modules import empty

    format, described = about.read(folder)
    if format != "torch":
        raise BadInput(folder.name, "a torch artifact", "give the model it was made from")
    weights = quantised.read(folder / WEIGHTS)
    module = empty(folder, described)
    if described.kept is not None:
        _fit_widths(module, described, weights)
    module.to(next((w.dtype for w in weights.values() if w.is_floating_point()), torch.float32))
    quantised.fit(module, weights)
    module.load_state_dict(_twice(module, weights), strict=True)
    return module


def _fit_widths(module: Any, described: About, weights: dict[str, torch.Tensor]) -> None:
    """Give every layer the widths that its stored weights have."""
    import torch

    family = family_of(described.family)
    layers = layers_of(module.encoder, family)
    kept = described.kept or {}
    del layers[len(kept["layers"]) :]
    prefix = next(name for name, part in module.named_modules() if part is layers)
    for number, layer in enumerate(layers):

        def stored(slot: Any, which: str, old: torch.Tensor, axis: int, n: int = number) -> Any:
            found = weights[f"{prefix}.{n}.{slot.path}.{which}"]
            # of what is quantised only the shape counts
            return torch.empty(found.shape) if quantised.is_quantised(found) else found

        replace_weights(layer, (*family.heads, *family.ffn), stored)
