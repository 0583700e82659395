"""Baseline artifacts: TF-IDF of words and characters, one linear layer; JSON, safetensors."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workbench.core.errors import BadInput
from workbench.formats import about
from workbench.formats.about import About

VOCABULARY = "vocabulary.json"
WEIGHTS = "model.safetensors"
SCHEMA = 1
LIBRARY = "scipy"
# characters within words serve languages without spaces, too: there a "word" is a whole clause
KINDS: Mapping[str, Mapping[str, Any]] = {
    "word": {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"},
    "char": {"analyzer": "char_wb", "ngram_range": (1, 5)},
}


def vectoriser(kind: str, **more: Any) -> Any:
    """Scikit-learn's TF-IDF for ``word`` or ``char``, with 1 + log of the counts, float32."""
    if LIBRARY in sys.modules and sys.modules[LIBRARY] is None:
        del sys.modules[LIBRARY]  # left out of a host until a model needs it
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(sublinear_tf=True, dtype=np.float32, **KINDS[kind], **more)


@dataclass(frozen=True)
class TfIdf:
    """A fitted baseline.

    Args:
        about: labels and task.
        terms: kind to its n-grams, in the order of the columns; kinds without any are left out.
        idf: kind to float32 (terms,).
        weight: float32 (classes, all terms), kinds side by side.
        bias: float32 (classes,).
    """

    about: About
    terms: Mapping[str, Sequence[str]]
    idf: Mapping[str, np.ndarray]
    weight: np.ndarray
    bias: np.ndarray


def encoder(terms: Mapping[str, Sequence[str]], idf: Mapping[str, np.ndarray]) -> Any:
    """``encode(texts)``, which gives a sparse float32 matrix (texts, all terms)."""
    made = []
    for kind, of in terms.items():
        one = vectoriser(kind, vocabulary={term: i for i, term in enumerate(of)})
        one.idf_ = idf[kind]
        made.append(one)
    from scipy.sparse import hstack

    def encode(texts: Sequence[str]) -> Any:
        return hstack([one.transform(texts) for one in made], format="csr")

    return encode


def save(model: TfIdf, folder: Path) -> None:
    """Write ``artifact.json``, ``vocabulary.json`` and ``model.safetensors``."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"{kind}.idf": values for kind, values in model.idf.items()}
    tensors |= {"weight": model.weight, "bias": model.bias}
    save_file(
        {k: np.ascontiguousarray(v, np.float32) for k, v in tensors.items()}, folder / WEIGHTS
    )
    # escaped: half a character that came out of a JSONL file would be no UTF-8
    words = {"schema": SCHEMA, **{kind: list(terms) for kind, terms in model.terms.items()}}
    (folder / VOCABULARY).write_text(json.dumps(words), encoding="ascii")
    model.about.write(folder, "sklearn")


def load(folder: Path) -> TfIdf:
    """Read it back bit by bit; nothing is unpickled.

    Raises:
        BadInput: if a file is missing or damaged, or they do not fit each other.
    """
    from safetensors.numpy import load_file

    described = about.read(folder)[1]
    try:
        words = json.loads((folder / VOCABULARY).read_text(encoding="utf-8"))
        tensors = load_file(folder / WEIGHTS)
        terms = {kind: tuple(words[kind]) for kind in KINDS if kind in words}
        idf = {kind: tensors[f"{kind}.idf"] for kind in terms}
        model = TfIdf(described, terms, idf, tensors["weight"], tensors["bias"])
    except Exception as err:  # safetensors has an error of its own
        raise _damaged(folder, f"{type(err).__name__}: {err!s:.80}") from err
    columns = sum(map(len, terms.values()))
    shapes = model.weight.shape, model.bias.shape
    fits = shapes == ((len(described.labels), columns), (len(described.labels),))
    if words.get("schema") != SCHEMA or not fits:
        raise _damaged(folder, "its files do not fit each other")
    if any(len(set(of)) != len(of) or idf[kind].shape != (len(of),) for kind, of in terms.items()):
        raise _damaged(folder, "its terms do not fit their weights")
    return model


def _damaged(folder: Path, why: str) -> BadInput:
    told = f"{folder.name} ({' '.join(why.split())})"
    return BadInput(told, "a whole baseline of ours", "tune it again")
