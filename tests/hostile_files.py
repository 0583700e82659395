"""Folders with files that should not be there: pickles, links, pipes, names that deceive."""

from __future__ import annotations

import os
import pickle
import socket
from pathlib import Path

from hostile import (
    Case,
    Harm,
    below,
    beside,
    false_cache,
    folder,
    linked,
    pipe,
    without,
    zipped,
)

ENDS = (".pkl", ".joblib", ".npy", ".npz", ".pt", ".ckpt", ".PKL", ".bin", ".pkl.gz", ".sav")
NAMES = ("vocab.dat", "spiece.model", "tokenizer", "weights.safetensors.bak", "a.index", "x.PT")
CHECKPOINT = (
    *("optimizer.pt", "scheduler.pt", "training_args.bin", "rng_state_0.pth", "scaler.pt"),
    *("random_states_0.pkl", "optimizer.bin", "consolidated.00.pth", "tf_model.h5"),
    *("flax_model.msgpack", "rust_model.ot", "model.gguf", "saved_model.pb", "model.keras"),
)


def pickles(mark: Path):
    harm = pickle.dumps(Harm(mark))
    inner = zipped({"data.pkl": harm})
    array = b"\x93NUMPY\x01\0v\0{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n" + harm
    return [
        *(
            Case(f"pickle beside, {end}", lambda p, e=end: beside(p, f"head{e}", harm), "run code")
            for end in ENDS
        ),
        *(
            Case(f"pickle named {name}", lambda p, n=name: beside(p, n, harm), "run code")
            for name in NAMES
        ),
        *(
            Case(f"left shut, {name}", lambda p, n=name: beside(p, n, harm), "unopened", 0)
            for name in CHECKPOINT
        ),
        Case("pickle as tokenizer.json", lambda p: beside(p, "tokenizer.json", harm), "JSON"),
        Case("pickle as config", lambda p: beside(p, "config.json", harm), "readable JSON"),
        Case("zip beside", lambda p: beside(p, "data.zip", inner), "run code"),
        Case("torch zip without a name", lambda p: beside(p, "head", inner), "run code"),
        Case("object array", lambda p: beside(p, "means", array), "run code"),
        Case("pickle below", lambda p: below(p, "sub/deeper/head.pkl", harm), "run code"),
        Case(
            "deepspeed",
            lambda p: below(p, "global_step5/mp_rank_00_model_states.pt", harm),
            "unopened",
            0,
        ),
    ]


def links(mark: Path):
    def link(name, file, target, said="link out"):
        return Case(name, lambda p: linked(p, file, target), said)

    return [
        link("link out", "vocab.txt", "/etc/passwd"),
        link("weights linked out", "model.safetensors", "/etc/passwd"),
        link("config linked out", "config.json", "/etc/hostname"),
        link("link up", "vocab.txt", "../../.."),
        link("link to a folder", "more", "/etc"),
        link("link to a home", "x.txt", os.path.expanduser("~")),
        link("link to nothing", "vocab.txt", "absent", "that is there"),
        link("link in a circle", "vocab.txt", "vocab.txt", "that is there"),
        link("device", "tokenizer.json", "/dev/zero"),
        link("endless config", "config.json", "/dev/zero"),
        link("standard input", "config.json", "/dev/stdin", "."),
        link("own memory", "vocab.txt", "/proc/self/mem", "."),
        Case("pipe", lambda p: pipe(p, "tokenizer.json"), "plain files"),
        Case("pipe as config", lambda p: pipe(p, "config.json"), "plain files"),
        Case("pipe as weights", lambda p: pipe(p, "model.safetensors"), "plain files"),
        Case("pipe below", lambda p: pipe(below(p, "sub/x", b""), "sub/y"), "plain files"),
        Case("socket", listening, "plain files"),
        Case("false cache", false_cache, "link out"),
        Case("folder as config", folder_as_config, "plain files"),
        Case("folders without end", nested, "listed|at most"),
        Case("ten thousand files", crowded, "at most 10,000"),
        Case("no config", lambda p: without(p, "config.json"), "config.json"),
        Case("locked config", locked, "readable JSON|"),
    ]


def listening(place: Path) -> Path:
    """A folder with a Unix socket; bound through /proc, for its path may be too long."""
    folder(place)
    number = os.open(place, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"/proc/self/fd/{number}/tokenizer.sock")
    os.close(number)
    return place


def folder_as_config(place: Path) -> Path:
    without(place, "config.json")
    (place / "config.json").mkdir()
    return place


def nested(place: Path) -> Path:
    """Deeper than a path may be long."""
    folder(place)
    here = os.open(place, os.O_RDONLY)
    for _ in range(30):
        os.mkdir("d" * 200, dir_fd=here)
        inner = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    return place


def crowded(place: Path) -> Path:
    folder(place)
    for number in range(10_001):
        (place / f"{number}.txt").touch()
    return place


def locked(place: Path) -> Path:
    """Unreadable, unless it is root who looks: then its content is refused."""
    beside(place, "config.json", b"[]")
    (place / "config.json").chmod(0)
    return place


def names(mark: Path):
    deceiving = {
        "control characters": "notes\x1b[31m\x07.txt",
        "a line break": "notes\nexit 0.txt",
        "a direction mark": "notes\u202etxt.exe",
        "an isolate": "\u2066notes\u2069.txt",
        "markup": "<img src=x onerror=alert(1)>.txt",
        "no text": os.fsdecode(b"notes\xff\xfe.txt"),
        "an invisible space": "notes\u200b.txt",
        "a pickle behind marks": "optimizer\u202e.pt",
    }
    return [
        Case(f"name with {what}", lambda p, n=name: beside(p, n, b"x"), "plain names")
        for what, name in deceiving.items()
    ]


def programs(mark: Path):
    code = f"import os\nos.mkdir({str(mark)!r})\n".encode()
    files = (
        *("modeling_evil.py", "tokenization_evil.py", "configuration_evil.py", "setup.py"),
        *("handler.py", "__init__.py", "conftest.py", "torch.py", "transformers.py", "json.py"),
        *("tokenizers.py", "sitecustomize.py", "usercustomize.py", "numpy.py", "workbench.py"),
    )
    return [
        *(
            Case(f"program {name}", lambda p, n=name: beside(p, n, code), "was not used", 0)
            for name in files
        ),
        Case(
            "custom_generate",
            lambda p: below(p, "custom_generate/generate.py", code),
            "was not used",
            0,
        ),
        Case("package below", lambda p: below(p, "torch/__init__.py", code), "was not used", 0),
        Case("library", lambda p: beside(p, "kernel.so", b"\x7fELF"), "was not used", 0),
        Case("path file", lambda p: beside(p, "evil.pth", b"import os"), "run code"),
    ]


def cases(mark: Path):
    return [c for made in (pickles, links, names, programs) for c in made(mark)]
