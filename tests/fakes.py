"""Small real things: random checkpoints of every family, a task in a file, and ``require``."""

from __future__ import annotations

import csv
import importlib
import json
import os
import random
import shutil
from pathlib import Path

import psutil
import pytest

from workbench.core.records import content_hash

WORDS = [
    *("where", "is", "my", "parcel", "order", "refund", "money", "card", "shoe", "broken"),
    *("wrong", "size", "red", "blue", "please", "help", "today", "late", "never", "came"),
    *("back", "again", "invoice", "code", "address", "change", "cancel", "return", "phone"),
]
CLASSES = ("delivery", "money", "product")
HINTS = {
    "delivery": ["parcel", "late", "came"],
    "money": ["refund", "card", "invoice"],
    "product": ["shoe", "broken", "size"],
}


def expected(name: str) -> bool:
    """Whether this run promised to have ``name``; then its absence is a failure."""
    promised = os.environ.get("WORKBENCH_EXPECT", "").split(",")
    return name in promised or ("all" in promised and name not in ("data", "gpu"))


def absent(name: str, install: str) -> None:
    """Skip, naming what to install, or fail where it was promised."""
    if expected(name):
        pytest.fail(f"{name} was promised and is not here: {install}")
    pytest.skip(f"{name} is not here: {install}")


def require(module: str, install: str):
    """Import a library or skip, naming the install line."""
    try:
        return importlib.import_module(module)
    except ImportError:
        return absent(module, install)


def chromium() -> str:
    """Path of Chromium, or skip."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    return absent("chromium", "apt-get install chromium fonts-noto-cjk")


def data(name: str) -> Path:
    """A folder of ``WORKBENCH_DATA``, or skip."""
    root = os.environ.get("WORKBENCH_DATA")
    if not root or not (Path(root) / name).is_dir():
        absent("data", f"set WORKBENCH_DATA to a folder that holds {name}")
    return Path(root) / name


def tokenizer(folder: Path) -> None:
    """A word-level tokenizer over ``WORDS``, as ``tokenizer.json``."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocabulary = {word: i for i, word in enumerate(["[PAD]", "[UNK]", *sorted(set(WORDS))])}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.save(str(folder / "tokenizer.json"))


def checkpoint(folder: Path, family: str = "bert", seed: int = 0) -> Path:
    """A small random Hugging Face checkpoint: 4 layers, 4 heads, 64 units, hidden 32."""
    import torch
    import transformers as t

    torch.manual_seed(seed)
    shape = {"hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 4}
    shape |= {"intermediate_size": 64, "vocab_size": 64, "max_position_embeddings": 64}
    if family == "bert":
        model = t.BertModel(t.BertConfig(**shape), add_pooling_layer=True)
    elif family == "gpt2":
        config = t.GPT2Config(n_embd=32, n_layer=4, n_head=4, n_inner=64, vocab_size=64)
        config.n_positions = 64
        model = t.GPT2Model(config)
    else:
        model = t.LlamaModel(t.LlamaConfig(**shape, num_key_value_heads=2))
    model.save_pretrained(folder)
    tokenizer(folder)
    return folder


def classifier(folder: Path, family: str = "bert", seed: int = 0):
    """A loaded artifact with an untrained head of three classes."""
    from workbench.formats.torch import new_classifier

    return new_classifier(checkpoint(folder, family, seed), CLASSES, max_length=32)


def weights_hash(artifact) -> str:
    """A hash over names and weights of a torch artifact."""
    state = artifact.payload.state_dict().items()
    return content_hash([[n, t.float().numpy().tobytes().hex()] for n, t in state])


def sentences(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """(text, label) pairs that can be learnt: a hint of the class among other words."""
    rng = random.Random(seed)
    rows = []
    for i in range(count):
        label = CLASSES[i % 3]
        words = rng.choices(WORDS, k=rng.randint(2, 9)) + rng.choices(HINTS[label], k=2)
        rng.shuffle(words)
        rows.append((" ".join(words), label))
    return rows


def write_csv(path: Path, rows: list[tuple[str, str]], header=("text", "label")) -> Path:
    """A CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerows([header, *rows] if header else rows)
    return path


def small_task(folder: Path) -> str:
    """The id of a small task in two files."""
    from workbench.tasks import csv_id

    train = write_csv(folder / "small.csv", sentences(240))
    test = write_csv(folder / "small_test.csv", sentences(60, seed=1))
    return csv_id(train, test)


def server_pid(home: Path) -> int:
    """The process of a home's job server, as it wrote itself down."""
    return json.loads((home / "server.json").read_text())["pid"]


def stop_server(home: Path) -> None:
    """End a home's job server, and wait for it and all that it started."""
    try:
        process = psutil.Process(server_pid(home))
    except (OSError, psutil.NoSuchProcess):
        return
    family = [*process.children(recursive=True), process]
    process.terminate()
    psutil.wait_procs(family, timeout=15)
