"""Models that write are trained on the user's pairs: loss falls, nothing is lost to a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_generate import writer

from workbench.core.deps import MissingDependency
from workbench.core.errors import BadInput, Cancelled
from workbench.formats.prompts import Prompts
from workbench.formats.torch import load
from workbench.tasks.task import Rows, Task
from workbench.training import checkpoint
from workbench.training.fit import Follow
from workbench.training.lora import adapted, merged
from workbench.training.writer import (
    SETTINGS,
    WriterSettings,
    at_width,
    fit_writer,
    usual,
    writer_id,
)
from workbench.training.writer_look import Look
from workbench.training.writer_loop import Course
from workbench.training.writer_rows import learnt

TOWNS = ("Ostmere", "Norvale", "Kelby", "Tarn", "Velden", "Ash")
SHORT = WriterSettings(epochs=6, rate=1e-2, batch=4, patience=6)


def pairs(count, first=0):
    towns = [TOWNS[i % len(TOWNS)] for i in range(first, first + count)]
    texts = tuple(f"town: {town} {i}\n" for i, town in enumerate(towns, first))
    targets = tuple(f"rain in {town}" for town in towns)
    return Rows(texts, targets=targets, records=tuple({"town": town} for town in towns))


def named(record, text):
    return {"fidelity": float(record["town"] in text)}


def asked(train=None, validation=None, **more):
    """A generation task."""
    splits = {"train": train or pairs(16), "validation": validation or pairs(6, 16)}
    told = {"kind": "generation", "metrics": ("fidelity", "bits_per_byte"), "check": named}
    return Task("towns", "towns", (), (), "1", splits.__getitem__, **{**told, **more})


TASK = asked()
TRAIN, VALIDATION = TASK.rows("train"), TASK.rows("validation")


def nothing(folder):
    return {"fidelity": {"value": 0.5}}


def fit(folder, home, mode="full", task=TASK, follow=None, settings=SHORT, score=nothing):
    return fit_writer(folder, "m", "f", task, mode, home, score, follow, settings)


@pytest.fixture
def llama(tmp_path):
    return writer(tmp_path / "llama", "llama")


def weights(folder):
    from safetensors.numpy import load_file

    return load_file(folder / "model.safetensors")


@pytest.mark.parametrize("family", ["llama", "gpt2"])
@pytest.mark.parametrize("mode", ["full", "lora"])
def test_the_loss_falls_and_what_is_written_is_an_ordinary_model(family, mode, tmp_path, home):
    source = writer(tmp_path / family, family)
    heard = []
    follow = Follow(loss=lambda *point: heard.append(point))
    fitted = fit(source, home, mode, follow=follow)

    held = [value for _, value, share in heard if share is not None]
    assert len(held) == 1 + SHORT.epochs
    # beside a frozen table of random tokens there is less to learn
    assert min(held) < {"full": 0.8, "lora": 0.97}[mode] * held[0]
    card = json.loads((fitted.folder / "card.json").read_text())
    assert card["id"] == fitted.id == fitted.folder.name
    assert [tuple(x) for x in card["curve"]] == heard
    assert (card["mode"], card["task"], card["base"]) == (mode, "towns", "m")
    assert (card["held"], card["accuracy"]) == ("fidelity", 0.5)
    old, new = weights(source), weights(fitted.folder)
    assert sum(x.size for x in new.values()) == sum(x.size for x in old.values())
    assert Prompts(fitted.folder).ends == Prompts(source).ends
    network = load(fitted.folder).payload.model
    assert not any("lora" in name for name, _ in network.named_modules())
    rows = learnt(fitted.folder, VALIDATION.texts, VALIDATION.targets, 300)
    again = Look(network, rows, fitted.folder, TASK)()
    assert again[0] == pytest.approx(min(held), rel=1e-2), "the best weights were kept"

    told = fit(source, home, mode, score=lambda _: pytest.fail("it was there already"))
    assert (told.id, told.seconds, told.metrics) == (fitted.id, 0.0, nothing(None))
    assert not (home / "cache" / "training" / fitted.id).exists()


def test_only_the_target_and_its_end_are_learnt(llama):
    cut = Prompts(llama)
    rows = learnt(llama, ("ab ", ""), ("cd", "efg"), 300)

    prompt, target = cut.encode("ab "), cut.encode("cd")
    assert rows.ids[0] == [*prompt, *target, 0]
    assert rows.given == [len(prompt), 1]
    assert rows.ids[1] == [*cut.encode("efg"), 0]
    plain = learnt(llama, ("efg",), (), 300)
    assert plain.ids == [rows.ids[1]]


def test_a_target_that_ends_is_not_ended_twice(llama):
    assert learnt(llama, ("a",), ("b<end>",), 300).ids == learnt(llama, ("a",), ("b",), 300).ids


def test_a_tokenizer_that_cuts_and_fills_up_does_neither_here(llama):
    from tokenizers import Tokenizer

    before = learnt(llama, ("a", "bcd"), ("x", "y" * 30), 300).ids
    cut = Tokenizer.from_file(str(llama / "tokenizer.json"))
    cut.enable_truncation(5)
    cut.enable_padding(length=40)
    cut.save(str(llama / "tokenizer.json"))
    assert learnt(llama, ("a", "bcd"), ("x", "y" * 30), 300).ids == before


def test_rows_that_do_not_fit_are_left_out_and_long_texts_learnt_in_pieces(llama, home):
    rows = learnt(llama, ("a", "b", ""), ("x" * 200, "c", "7" * 200), 300)

    assert rows.left_out == 1
    assert rows.places == [1, 2, 2, 2]
    assert [len(x) for x in rows.ids[1:]] == [96, 96, 9]
    long = asked(replace(TRAIN, targets=("y" * 200, *TRAIN.targets[1:])))
    fitted = fit(llama, home, task=long, settings=replace(SHORT, epochs=1))
    card = json.loads((fitted.folder / "card.json").read_text())
    assert card["left_out"] == {"train": 1, "validation": 0}


def test_where_no_facts_are_known_the_tokens_foretold_count(llama, home):
    heard = []
    follow = Follow(loss=lambda *point: heard.append(point))
    plain = asked(Rows(pairs(16).targets), Rows(pairs(6, 16).targets), check=None)
    fitted = fit(llama, home, task=plain, follow=follow, score=lambda _: {})
    card = json.loads((fitted.folder / "card.json").read_text())

    shares = [share for _, _, share in heard if share is not None]
    assert card["held"] == "next_token"
    assert card["accuracy"] in shares
    assert max(0.2, max(shares) - 0.05) < card["accuracy"] < 1


def test_the_matrices_of_lora_end_up_in_the_weights(tmp_path):
    import torch

    for family in ("llama", "gpt2"):
        network = load(writer(tmp_path / family, family)).payload.model.eval()
        names = [name for name, _ in network.named_parameters()]
        ids = torch.arange(24).reshape(2, 12)
        plain = network(ids).logits
        adapter = adapted(network, 4, 8)
        taught = {n.split(".lora_")[0] for n, w in network.named_parameters() if w.requires_grad}
        assert len(taught) == {"llama": 14, "gpt2": 8}[family], "all linear layers but the head"
        assert torch.equal(network(ids).logits, plain), "nothing has been learnt yet"
        with torch.no_grad():
            for name, weight in network.named_parameters():
                if "lora_B" in name:
                    weight.normal_(0, 0.1)
        beside = network(ids).logits
        network = merged(adapter)
        assert torch.allclose(network(ids).logits, beside, atol=1e-4)
        assert not torch.allclose(beside, plain, atol=1e-2)
        assert [name for name, _ in network.named_parameters()] == names


def test_a_batch_in_parts_is_the_same_step(llama, monkeypatch):
    rows = learnt(llama, TRAIN.texts, TRAIN.targets, 300)

    def step():
        course, found = Course(load(llama).payload.model, [rows], SHORT), []

        def gradients(optimiser, *_):
            weights = optimiser.param_groups[0]["params"]
            found.append(np.concatenate([w.grad.numpy().ravel() for w in weights]))

        course._optimiser.register_step_pre_hook(gradients)
        return course.learn(), found[0]

    loss, whole = step()
    monkeypatch.setattr("workbench.training.writer_rows.ROOM", 1)  # a row at a time
    loss_of_parts, by_parts = step()
    assert loss_of_parts == pytest.approx(loss, rel=1e-3)
    assert np.linalg.norm(whole) > 0.1
    assert np.linalg.norm(whole - by_parts) < 0.03 * np.linalg.norm(whole)


def test_what_is_looked_at_is_what_transformers_says(llama):
    import torch

    rows = learnt(llama, VALIDATION.texts, VALIDATION.targets, 300)
    network = load(llama).payload.model.eval()
    loss, share = Look(network, rows, llama, replace(TASK, check=None))()

    losses, right = [], []
    for ids, given in zip(rows.ids, rows.given, strict=True):
        with torch.inference_mode():
            logits = network(torch.tensor([ids])).logits[0]
        for place in range(given, len(ids)):
            losses.append(-torch.log_softmax(logits[place - 1], 0)[ids[place]].item())
            right.append(int(logits[place - 1].argmax()) == ids[place])
    assert loss == pytest.approx(np.mean(losses), rel=2e-2)
    assert share == pytest.approx(np.mean(right), abs=0.05)


def test_the_facts_of_what_is_written_are_looked_at(llama):
    seen = []

    def told(record, text):
        seen.append((record, text))
        return {"fidelity": 0.25 if record["town"] == "Velden" else 0.75}

    rows = learnt(llama, VALIDATION.texts, VALIDATION.targets, 300)
    network = load(llama).payload.model.eval()
    share = Look(network, rows, llama, replace(TASK, check=told))()[1]

    assert tuple(record for record, _ in seen) == VALIDATION.records
    assert all(text for _, text in seen)
    values = [0.25 if record["town"] == "Velden" else 0.75 for record in VALIDATION.records]
    assert share == pytest.approx(np.mean(values))


RUN = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_writer_training import fit, SHORT
from workbench.training import checkpoint
from workbench.training.fit import Follow
checkpoint.EVERY_S = checkpoint.SOONER_S = 0.0
follow = Follow(report=lambda stage, done, total: print(stage, done, flush=True))
fit(Path({model!r}), Path({home!r}), {mode!r}, follow=follow)
"""


def killed(model, home, mode):
    """A process that trains, killed within an epoch of four steps."""
    tests = str(Path(__file__).parent)
    code = RUN.format(tests=tests, model=str(model), home=str(home), mode=mode)
    command = [sys.executable, "-c", code]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ)
    assert any(line.split() == ["train", "11"] for line in process.stdout)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def broken_off(model, home, mode):
    """The same without a process of its own: an error that nothing of ours takes."""

    def report(stage, done, total):
        if (stage, done) == ("train", 11):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(model, home, mode, follow=Follow(report=report))


@pytest.mark.parametrize(
    ("family", "mode", "end"), [("gpt2", "full", killed), ("llama", "lora", broken_off)]
)
def test_killed_and_begun_again_it_ends_with_the_same_weights(
    family, mode, end, tmp_path, monkeypatch
):
    source = writer(tmp_path / family, family)  # GPT-2 leaves units out by chance (dropout)
    monkeypatch.setattr(checkpoint, "EVERY_S", 0.0)
    monkeypatch.setattr(checkpoint, "SOONER_S", 0.0)
    heard = []
    follow = Follow(report=lambda stage, done, _: heard.append((stage, done)))
    whole = fit(source, tmp_path / "whole", mode).folder

    end(source, tmp_path / "ended", mode)
    folder = tmp_path / "ended" / "cache" / "training" / whole.name
    begun = max(int(x.name) for x in folder.glob("[0-9]*"))
    assert 9 <= begun < 24
    assert not (tmp_path / "ended" / "models" / whole.name).exists()

    again = fit(source, tmp_path / "ended", mode, follow=follow).folder
    assert [done for stage, done in heard if stage == "train"] == list(range(begun + 1, 25))
    assert not folder.exists()
    old, new = weights(whole), weights(again)
    assert all(np.array_equal(old[key], new[key]) for key in old)
    told = [json.loads((x / "card.json").read_text())["curve"] for x in (whole, again)]
    assert told[0] == told[1]


def test_a_damaged_checkpoint_is_passed_over(tmp_path):
    import torch

    kept = checkpoint.Checkpoints(tmp_path / "c")
    assert kept.newest() is None
    kept.keep(1, lambda: {"a": torch.ones(3)}, {"step": 1})
    kept.keep(2, lambda: {"a": torch.zeros(3)}, {"step": 2})
    assert [x.name for x in (tmp_path / "c").iterdir()] == ["000000002"]
    (tmp_path / "c" / "000000009").mkdir()
    (tmp_path / "c" / "000000009" / "told.json").write_text('{"step"')
    tensors, told = checkpoint.Checkpoints(tmp_path / "c").newest()
    assert told == {"step": 2}
    assert torch.equal(tensors["a"], torch.zeros(3))


def test_a_checkpoint_is_due_now_and_then(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    kept = checkpoint.Checkpoints(tmp_path / "c")

    assert not kept.due(epoch_ends=True)
    now[0] += 3
    assert kept.due(epoch_ends=True)
    assert not kept.due(epoch_ends=False)
    now[0] += 20
    assert kept.due(epoch_ends=False)


def test_stopped_it_writes_no_model(llama, home):
    steps = []
    follow = Follow(
        report=lambda stage, done, _: steps.append((stage, done)),
        cancelled=lambda: ("train", 3) in steps,
    )
    with pytest.raises(Cancelled):
        fit(llama, home, follow=follow)
    assert steps[-1] == ("train", 3)
    assert not list(home.glob("models/*"))


def test_it_stops_when_nothing_gets_better(llama, home):
    heard = []
    follow = Follow(loss=lambda *point: heard.append(point))
    fit(llama, home, follow=follow, settings=replace(SHORT, epochs=30, patience=2, rate=0.05))

    held = [value for _, value, share in heard if share is not None]
    assert held.index(min(held)) == len(held) - 3
    assert len(held) < 31


@pytest.mark.parametrize(
    ("change", "mode", "said"),
    [
        ({}, "linear", "full or lora"),
        ({"kind": "classification"}, "full", "a task of prompts and texts"),
        ({"train": Rows(())}, "full", r"train split \(0 rows"),
        ({"validation": Rows(("a",), targets=("x" * 200,))}, "full", r"validation split \(1 rows"),
    ],
)
def test_what_cannot_be_learnt_is_named(llama, home, change, mode, said):
    with pytest.raises(BadInput, match=said):
        fit(llama, home, mode, task=asked(**change))
    assert not list(home.glob("models/*"))


def test_a_rate_that_is_too_high_is_named(llama, home, monkeypatch):
    monkeypatch.setattr(Course, "learn", lambda self: float("nan"))
    with pytest.raises(BadInput, match="choose a lower rate"):
        fit(llama, home)


def test_a_model_that_does_not_write_is_refused(tmp_path, home):
    from fakes import classifier

    from workbench.formats import save

    save(classifier(tmp_path / "hf"), tmp_path / "model")
    with pytest.raises(BadInput, match="a causal language model"):
        fit(tmp_path / "model", home)


def test_quantised_weights_are_not_trained(llama, home, monkeypatch):
    from workbench.formats import quantised

    artifact = load(llama)
    how = quantised.library().Int8WeightOnlyConfig(set_inductor_config=False)
    quantised.quantise(artifact.payload, how, "weight_only")
    monkeypatch.setattr("workbench.formats.torch.load", lambda folder: artifact)
    with pytest.raises(BadInput, match="weights that can be trained"):
        fit(llama, home)


def test_without_peft_the_extra_is_named(llama, home, monkeypatch):
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(MissingDependency, match=r"llm-workbench\[lora\]"):
        fit(llama, home, "lora")


def test_the_question_is_the_model_the_task_the_mode_and_its_settings():
    full = writer_id("m", "f", TASK, "full", SHORT)

    assert full.startswith("m--towns--full-")
    others = [
        writer_id("m", "g", TASK, "full", SHORT),
        writer_id("m", "f", replace(TASK, fingerprint="2"), "full", SHORT),
        writer_id("m", "f", TASK, "lora", SHORT),
        writer_id("m", "f", TASK, "full", replace(SHORT, seed=1)),
        writer_id("m", "f", TASK, "lora", replace(SHORT, rank=2)),
    ]
    assert len({full, *others}) == 6
    assert writer_id("m", "f", TASK, "full", replace(SHORT, rank=2)) == full
    assert set(SETTINGS) == {"full", "lora"}


@pytest.mark.parametrize(
    ("rows", "epochs"),
    [(1, 500), (18, 250), (90, 83), (450, 17), (800, 10), (9_999, 4), (60_000, 1)],
)
def test_few_rows_are_read_more_often_and_to_the_end(rows, epochs):
    found = usual("full", rows)

    assert found.epochs == epochs
    assert found.patience == (epochs if epochs > 10 else SETTINGS["full"].patience)
    assert usual("lora", rows) == replace(found, rate=SETTINGS["lora"].rate)


def test_a_wider_model_takes_smaller_steps(tmp_path):
    for family, more, rate in (
        ("gpt2", {}, 1e-3),
        ("llama", {"hidden_size": 256}, 1e-3),
        ("qwen2", {"hidden_size": 512}, 5e-4),
    ):
        source = writer(tmp_path / family, family, **more)
        assert at_width(WriterSettings(), source) == WriterSettings(rate=rate)
