"""What a host asks of a session that writes: a timed stretch, texts, and what texts cost."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import numpy as np

from workbench.runtimes.decoder import NONE, Decoder, Sampling


def paced(session: Decoder, prompts: Sequence[str], tokens: int) -> dict[str, Any]:
    """Write so many tokens behind each prompt, whatever they are.

    Returns:
        ``{"first_s", "seconds", "given", "tokens"}``: seconds from the strings to the first step
        and to the last, tokens of all prompts, and tokens written in all.
    """
    began = time.perf_counter()
    rows = [session.prompts.encode(prompt) for prompt in prompts]
    first, steps = 0.0, 0
    for step in session.generate(rows, Sampling(tokens), endless=True):
        if (step == NONE).all():
            continue
        if not steps:
            first = time.perf_counter() - began
        steps += 1
    seconds = time.perf_counter() - began
    given = sum(map(len, rows))
    return {"first_s": first, "seconds": seconds, "given": given, "tokens": steps * len(rows)}


def greedy(session: Decoder, prompts: Sequence[str], tokens: int) -> dict[str, Any]:
    """Write behind prompts in one batch until each row ends.

    Returns:
        ``{"tokens": [ids of each], "texts": [with special tokens]}``.
    """
    rows = [session.prompts.encode(prompt) for prompt in prompts]
    found: list[list[int]] = [[] for _ in rows]
    for step in session.generate(rows, Sampling(tokens)):
        for place, token in enumerate(step.tolist()):
            if token != NONE:
                found[place].append(token)
    return {"tokens": found, "texts": [session.prompts.whole(row) for row in found]}


def costs(session: Decoder, prompts: Sequence[str], targets: Sequence[str]) -> dict[str, Any]:
    """What targets cost in nats, and how many bytes of them fit into the model's positions.

    Returns:
        ``{"nats": [of each], "bytes": [of each]}``.
    """
    nats, sizes = [], []
    for prompt, target in zip(prompts, targets, strict=True):
        before = session.prompts.encode(prompt)
        behind = session.prompts.behind(target)
        kept = behind[: session.prompts.positions - len(before)]
        logs = _logs(session, before, kept)
        nats.append(float(-logs[np.arange(len(kept)), kept].sum()))
        whole = target if len(kept) == len(behind) else session.prompts.whole(kept)
        sizes.append(len(whole.encode()))
    return {"nats": nats, "bytes": sizes}


def shares(session: Decoder, prompt: str, tokens: Sequence[int]) -> dict[str, Any]:
    """Log-probabilities before each token, float32 in base64.

    Returns:
        ``{"logs", "shape": [tokens, vocabulary]}``.
    """
    logs = _logs(session, session.prompts.encode(prompt), tokens).astype("<f4")
    return {"logs": b64encode(logs.tobytes()).decode(), "shape": list(logs.shape)}


def _logs(session: Decoder, before: Sequence[int], tokens: Sequence[int]) -> np.ndarray:
    """Log-probabilities float64 (tokens, vocabulary) of what may stand in each token's place."""
    logits = session.logits([[*before, *tokens]])[0, len(before) - 1 : -1].astype(np.float64)
    shifted = logits - logits.max(axis=1, keepdims=True)
    found: np.ndarray = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return found
