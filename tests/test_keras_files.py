"""Models that Keras 3 and tf_keras saved: the same answers here, and nothing of theirs is run."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from fakes import require

from workbench import models
from workbench.core.artifact import Artifact, Context
from workbench.core.errors import BadInput
from workbench.formats.inputs import reader
from workbench.graphs import pixels
from workbench.jobs.load import inspect_loaded
from workbench.models.keras_file import found
from workbench.training import keras as training

pytestmark = pytest.mark.slow
LIBRARIES = ("keras", "tf_keras")
MODELS = ("text", "pictures", "recurrent", "convolution")
INSTALL = "pip install 'llm-workbench[tf]'"


@pytest.fixture(scope="module")
def saved(once):
    """``saved(library)``: the folder of what that library saved."""
    require("tensorflow", INSTALL)

    def make(folder):
        script = Path(__file__).parent / "keras_files.py"
        subprocess.run(
            [sys.executable, script, folder.name.split("-")[1].split(".")[0], folder], check=True
        )
        words = {f"w{i}": i for i in range(2, 50)} | {"[PAD]": 0, "[UNK]": 1}
        for name in MODELS:
            told = {"type": "WordLevel", "vocab": words, "unk_token": "[UNK]"}
            whole = {"version": "1.0", "model": told, "pre_tokenizer": {"type": "WhitespaceSplit"}}
            (folder / f"{name}.tokenizer.json").write_text(json.dumps(whole))

    return lambda library: once(f"saved-{library}", make)


def as_texts(rows):
    """Rows of a model's input as texts that are read back to the same."""
    if rows.ndim == 4:
        return [pixels.told(row.astype(np.uint8)) for row in rows]
    if rows.dtype.kind == "U":
        return list(rows)
    spelt = {0: "", 1: "strange"}
    return [" ".join(spelt.get(int(x), f"w{x}") for x in row if x) for row in rows]


def answers(place, texts, workspace):
    """Of the network as it is rebuilt here, in TensorFlow's own process."""
    return training.answers(Artifact("keras", place), texts, Context(workspace))


def likely(logits):
    spread = np.exp(logits - logits.max(axis=1, keepdims=True))
    return spread / spread.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_saved_model_answers_as_it_did_there(library, name, suffix, saved, home, tmp_path):
    folder = saved(library)
    was = np.load(folder / f"{name}.npz")

    place = models.folder(str(folder / f"{name}.{suffix}"), home)
    texts = as_texts(was["rows"])

    np.testing.assert_array_equal(reader(place)(texts)[0], was["rows"])
    told = answers(place, texts, tmp_path)
    told = told if name == "convolution" else likely(told)
    np.testing.assert_allclose(told, was["answers"], atol=2e-5)


@pytest.mark.parametrize("name", MODELS)
def test_a_saved_model_folder_answers_as_it_did_there(name, saved, home, tmp_path):
    folder = saved("tf_keras")
    was = np.load(folder / f"{name}.npz")
    own = shutil.copytree(folder / f"{name}.saved", tmp_path / name)
    shutil.copy(folder / f"{name}.tokenizer.json", own / "tokenizer.json")
    (own / "saved_model.pb").write_bytes(b"never opened")

    told = answers(models.folder(str(own), home), as_texts(was["rows"]), tmp_path)

    told = told if name == "convolution" else likely(told)
    np.testing.assert_allclose(told, was["answers"], atol=2e-5)
    index = own / "variables" / "variables.index"
    whole = index.read_bytes()
    for damaged in (whole[:-9], whole[:40], b"", bytes(len(whole)), whole[:200] + whole[300:]):
        index.write_bytes(damaged)
        with pytest.raises(BadInput):
            models.folder(str(own), home)
    index.write_bytes(whole)
    (own / "keras_metadata.pb").unlink()
    with pytest.raises(BadInput, match="without keras_metadata"):
        models.folder(str(own), home)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_model_of_strings_brings_its_own_words(library, saved, home, tmp_path):
    folder = saved(library)
    was = np.load(folder / "words.npz")

    place = models.folder(str(folder / "words.keras"), home)

    told = likely(answers(place, list(was["rows"]), tmp_path))
    np.testing.assert_allclose(told, was["answers"], atol=2e-5)


def test_a_file_has_a_card_and_says_what_it_lacks(saved, home, tmp_path):
    folder = saved("keras")
    card = models.find(str(folder / "pictures.keras"), home)

    assert (card.kinds, card.format) == (("image",), "keras")
    assert card.labels == tuple(map(str, range(10)))
    shutil.copy(folder / "text.h5", tmp_path / "alone.h5")
    with pytest.raises(BadInput, match=r"a tokenizer.json beside it"):
        models.find(str(tmp_path / "alone.h5"), home)
    shutil.copy(folder / "text.tokenizer.json", tmp_path / "alone.tokenizer.json")
    (tmp_path / "alone.labels.json").write_text('["a", "b", "c"]')
    assert models.find(str(tmp_path / "alone.h5"), home).labels == ("a", "b", "c")
    assert models.find(str(tmp_path), home).labels == ("a", "b", "c")


def altered(source, target, change):
    """A copy of an archive, its entries as ``change(entries)`` leaves them; assets are packed."""
    with zipfile.ZipFile(source) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in entries.items():
            packed = zipfile.ZIP_DEFLATED if name.startswith("assets") else zipfile.ZIP_STORED
            archive.writestr(name, content, packed)


def configured(entries, change):
    config = json.loads(entries["config.json"])
    change(config)
    entries["config.json"] = json.dumps(config)


def rewritten(entries, change):
    """The weights of an archive, changed in HDF5."""
    import h5py

    held = io.BytesIO(entries["model.weights.h5"])
    with h5py.File(held, "r+") as file:
        change(file)
    entries["model.weights.h5"] = held.getvalue()


def outside(file):
    import h5py

    del file["layers/dense/vars/0"]
    file["layers/dense/vars/0"] = h5py.ExternalLink("/etc/passwd", "/")


def stored_outside(file):
    del file["layers/dense/vars/0"]
    places = [("/etc/hostname", 0, 4 * 12 * 10)]
    file["layers/dense/vars"].create_dataset("0", (12, 10), "f4", external=places)


def lambda_layer(config):
    config["config"]["layers"][2]["class_name"] = "Lambda"


def lying(entries):
    """A packed entry that says it is small."""
    entries["assets/words.txt"] = b"0" * 1_000_000


HOSTILE = {
    "something packed": (lying, "nothing in it packed"),
    "a lambda layer": (lambda e: configured(e, lambda_layer), "code"),
    "a registered class": (
        lambda e: configured(e, lambda c: c["config"]["layers"][2].update(registered_name="x>Y")),
        "code",
    ),
    "an entry that leads out": (lambda e: e.update({"../evil": b"x"}), "entries of a Keras"),
    "a pickle inside": (lambda e: e.update({"model.pkl": b"\x80\x04."}), "entries of a Keras"),
    "weights that are none": (
        lambda e: e.update({"model.weights.h5": b"\x80\x04."}),
        "an HDF5 file",
    ),
    "a link to another file": (lambda e: rewritten(e, outside), "a link"),
    "an array in another file": (lambda e: rewritten(e, stored_outside), "another file"),
    "a layer without weights": (
        lambda e: rewritten(e, lambda f: f.pop("layers/dense")),
        "weights of layer",
    ),
    "no configuration": (lambda e: e.pop("config.json"), "once each"),
    "configuration that is no JSON": (lambda e: e.update({"config.json": b"{"}), "readable JSON"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_archive_is_refused_with_the_reason(case, saved, home, tmp_path):
    change, said = HOSTILE[case]
    altered(saved("keras") / "pictures.keras", tmp_path / "bad.keras", change)

    with pytest.raises(BadInput, match=said):
        models.find(str(tmp_path / "bad.keras"), home)
    assert not list((home / "cache").glob("keras/*"))


def test_files_that_are_not_what_their_names_say(home, tmp_path, saved):
    for name, content in {"a.h5": b"\x80\x04.", "b.keras": b"PK nothing", "c.h5": b""}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadInput):
            models.find(str(tmp_path / name), home)
    whole = (saved("keras") / "pictures.h5").read_bytes()
    (tmp_path / "half.h5").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match=r"HDF5|a whole"):
        models.find(str(tmp_path / "half.h5"), home)
    with pytest.raises(BadInput, match="one Keras file"):
        models.find(str(tmp_path), home)


def test_it_is_loaded_once_in_the_closed_process(saved, home):
    told = inspect_loaded(str(saved("keras") / "pictures.keras"), home)

    assert told["loaded"]
    assert told["format"] == "keras"
    assert not list((home / "cache").glob("keras/*")), "it was written into the cage only"


def test_nothing_imports_tensorflow_before_a_model_of_its_own_is_chosen():
    code = (
        "import sys, workbench.techniques, workbench.runtimes, workbench.training.keras\n"
        "import workbench.models; print([m for m in sys.modules if m in "
        "('tensorflow', 'tf_keras', 'keras', 'h5py', 'ai_edge_litert')])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_the_same_content_is_taken_in_once(saved, home):
    path = str(saved("keras") / "text.keras")

    first, again = models.folder(path, home), models.folder(path, home)

    assert first == again
    assert len(found(Path(path)).weights) == len(models.anatomy(first).parts)
