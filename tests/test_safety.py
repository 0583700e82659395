"""What a stranger's folder holds is never run, and is refused in one sentence."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
import threading
from pathlib import Path

import hostile
import hostile_texts
import make_hostile
import numpy as np
import pytest

from workbench import models
from workbench.core.errors import BadInput
from workbench.formats import config
from workbench.i18n.errors import translated
from workbench.jobs import closed, load, loader
from workbench.jobs.load import inspect_loaded
from workbench.jobs.loader import looked_through
from workbench.jobs.request import check_request
from workbench.models import limits, safety, sizes

NAMES = [case.name for case in make_hostile.cases(Path("unused"))]
COMMAND = [sys.executable, "-m", "workbench", "inspect", "--load"]


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_folder_is_answered_in_one_sentence_and_nothing_runs(name, tmp_path, home):
    mark = tmp_path / "it-ran"
    case = next(case for case in make_hostile.cases(mark) if case.name == name)
    place = case.build(tmp_path / "model")

    try:
        code, said = 0, "; ".join(looked_through(str(place), place, home)["warnings"])
    except BadInput as err:
        code, said = 2, str(err)

    assert code == case.code, said
    assert re.search(case.says, said), said
    assert said.isprintable()
    assert len(said) < 600
    assert not mark.exists()


def test_the_mark_would_show_if_a_pickle_were_run(tmp_path):
    pickle.loads(pickle.dumps(hostile.Harm(tmp_path / "it-ran")))

    assert (tmp_path / "it-ran").exists()


def test_the_corpus_has_at_least_60_cases_and_a_script(tmp_path):
    assert len(NAMES) == len(set(NAMES)) >= 60
    assert callable(make_hostile.make)


def test_every_limit_has_a_sentence_in_both_languages():
    found = [value for value in vars(limits).values() if isinstance(value, limits.Limit)]

    assert len(found) >= 15
    for limit in found:
        limit.check(limit.most, "x.json")
        with pytest.raises(BadInput) as caught:
            limit.check(limit.most + 1, "x.json")
        assert str(caught.value).startswith(f"x.json ({limit.most + 1:,} {limit.unit}): expected")
        assert not re.search("[a-z]", translated(caught.value.expected).replace("JSON", ""))


@pytest.mark.parametrize("name", [*hostile_texts.CODE, *hostile_texts.ELSEWHERE])
def test_the_loader_takes_no_setting_that_a_family_does_not_have(name, tmp_path):
    asked = (hostile_texts.CODE | hostile_texts.ELSEWHERE)[name]
    place = hostile.folder(tmp_path / "model", asked)

    taken = config.read(place).to_dict()

    plain = config.read(hostile.folder(tmp_path / "plain")).to_dict()
    assert taken == plain


def test_a_job_on_a_hostile_folder_is_refused_at_the_door(tmp_path, home):
    place = hostile.folder(tmp_path / "model", {"auto_map": {"AutoModel": "m.M"}})

    for kind, more in (("tune", {}), ("run", {"recipe": {}}), ("sweep", {"grid": {}})):
        request = {"model": str(place), "task": "shopdesk", **more}
        with pytest.raises(BadInput, match="remote code"):
            check_request(kind, request, home)


def test_a_good_folder_passes_without_a_warning(tmp_path, home):
    place = hostile.folder(tmp_path / "model")

    assert safety.check(place) == ()
    assert looked_through(str(place), place, home)["loaded"] is True


def asked(place, *more, cwd=None):
    return subprocess.run(
        [*COMMAND, *more, str(place)], capture_output=True, text=True, cwd=cwd, timeout=300
    )


@pytest.mark.parametrize("name", ["pickle renamed", "device", "auto_map", "tensor of a terabyte"])
def test_the_command_says_one_sentence_and_exits_with_2(name, tmp_path):
    case = next(c for c in make_hostile.cases(tmp_path / "it-ran") if c.name == name)

    done = asked(case.build(tmp_path / "model"))

    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"[^\n]+: expected [^\n]+; [^\n]+\.\n", done.stderr)
    assert re.search(case.says, done.stderr)
    assert not (tmp_path / "it-ran").exists()


def test_no_library_is_taken_from_the_folder_one_stands_in(tmp_path):
    place = hostile.folder(tmp_path / "model")
    code = f"import os\nos.makedirs({str(tmp_path / 'it-ran')!r}, exist_ok=True)\n"
    for name in ("torch", "json", "numpy", "tokenizers", "transformers", "typing", "typer"):
        (place / f"{name}.py").write_text(code)

    done = asked(".", "--json", cwd=place)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["loaded"] is True
    assert not (tmp_path / "it-ran").exists()


def test_a_lone_surrogate_is_printed_as_an_escape(tmp_path):
    config = {"architectures": ["BertForSequenceClassification"], "id2label": {"0": "a\ud800"}}
    place = hostile.folder(tmp_path / "model", config)

    done = subprocess.run(
        [*COMMAND[:-1], "--json", str(place)], capture_output=True, text=True, timeout=300
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["labels"] == ["a\ud800"]


def test_a_folder_that_changes_while_it_is_read_is_refused_or_read_as_it_was(tmp_path, home):
    place, mark = hostile.folder(tmp_path / "model"), tmp_path / "it-ran"
    config = (place / "config.json").read_bytes()
    other = json.dumps(hostile.CONFIG | {"auto_map": {"AutoModel": "m.M"}}).encode()
    (place / "m.py").write_text(f"import os\nos.mkdir({str(mark)!r})\n")
    stop = threading.Event()

    def swap():
        while not stop.is_set():
            for content in (other, config):
                (place / "new").write_bytes(content)
                (place / "new").replace(place / "config.json")

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        with pytest.raises(BadInput) as caught:
            inspect_loaded(str(place), home)
    finally:
        stop.set()
        swapper.join()

    assert re.search("remote code|changed while|is there", str(caught.value))
    assert not mark.exists()


def test_in_the_cage_nothing_outside_is_read_written_or_run(tmp_path):
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "good").write_text("x")
    (tmp_path / "secret").write_text("x")
    (tmp_path / "inside" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "scratch").mkdir()
    code = f"""
import os, socket, subprocess
from pathlib import Path
from workbench.models import cage
here = Path({str(tmp_path)!r})
print(cage.close([here / "inside"], here / "scratch", 2**28, 60))
def tried(what):
    try: what(); return "done"
    except Exception as err: return type(err).__name__
print(tried(lambda: (here / "inside/good").read_text()))
print(tried(lambda: (here / "inside/link").read_text()))
print(tried(lambda: (here / "secret").read_text()))
print(tried(lambda: (here / "inside/new").write_text("x")))
print(tried(lambda: (here / "scratch/new").write_text("x")))
print(tried(lambda: subprocess.run(["/bin/true"])))
print(tried(lambda: bytearray(2**30)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    watched, *tried = done.stdout.split()
    if watched == "False":
        pytest.skip("this kernel has no Landlock")
    denied = "PermissionError"
    assert tried == ["done", denied, denied, denied, "done", denied, "MemoryError"]


SMALL = "a model that is loaded within bounded memory"


def test_what_takes_too_long_or_dies_is_one_sentence(tmp_path, home, monkeypatch):
    place = hostile.folder(tmp_path / "model")
    monkeypatch.setattr(load, "SECONDS", 0)

    with pytest.raises(BadInput, match=r"model: expected a model that is loaded within 0 s"):
        inspect_loaded(str(place), home)
    died = subprocess.CompletedProcess([], -9, stdout=b"")
    with pytest.raises(BadInput, match=r"ended with SIGKILL\): expected .* bounded memory"):
        closed.read(died, closed.Order("m", (), "model", "loading", SMALL, "", 5))


def test_only_weights_that_are_used_widen_the_cage(tmp_path, monkeypatch):
    single, indexed = hostile.folder(tmp_path / "single"), tmp_path / "indexed"
    hostile.sharded(indexed, {"a": "one.safetensors"})
    one = (single / "model.safetensors").stat().st_size
    for place in (single, indexed):
        for name in ("optimizer.bin", "more.safetensors", "pytorch_model.bin"):
            hostile.hole(place / name, 2**36)

    assert loader.used(single) == loader.used(indexed) == load.sizes(single) == one
    monkeypatch.setattr(load, "memory", lambda: 7)
    assert loader.used(indexed) == load.sizes(indexed) == 7  # the whole machine at most
    assert loader.used(tmp_path) == load.sizes(tmp_path / "absent") == 0


def test_the_cage_is_closed_before_an_index_is_read_and_then_widened_for_the_weights(tmp_path):
    (tmp_path / "scratch").mkdir()
    code = f"""
import resource
from pathlib import Path
from workbench.models import cage
cage.close([Path("/usr")], Path({str(tmp_path / "scratch")!r}), 2**28, 60)
def tried(size):
    try: return len(bytearray(size))
    except MemoryError: return 0
first, seconds = tried(2**29), resource.getrlimit(resource.RLIMIT_CPU)[0]
cage.bound(2**30, 600)
print(first, tried(2**29), resource.getrlimit(resource.RLIMIT_CPU)[0] - seconds >= 540)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["0", str(2**29), "True"]


def test_weights_beyond_memory_are_refused_for_networks_and_baselines(tmp_path, monkeypatch):
    monkeypatch.setattr(sizes, "memory", lambda: 1000)

    for place in (hostile.folder(tmp_path / "a"), hostile.baseline(tmp_path / "b", 20)):
        with pytest.raises(BadInput, match=r"[ab] \(\d,\d+ bytes of weights\): .* memory"):
            safety.check(place)


@pytest.mark.parametrize("first", [0x80, 0x50])
def test_a_header_whose_length_begins_like_a_pickle_is_no_pickle(tmp_path, first):
    header = json.dumps(
        {"h.0.a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}
    ).encode()
    length = 0x4B50 if first == 0x50 else 0x80
    weights = hostile.framed(header.ljust(length), b"\0" * 16)
    assert weights[0] == first

    assert safety.check(hostile.folder(tmp_path / "model", weights=weights)) == ()


@pytest.mark.parametrize(
    "name",
    ["optimizer.pt", "scheduler.pt", "training_args.bin", "rng_state_0.pth", "pytorch_model.bin"],
)
def test_what_a_checkpoint_holds_besides_weights_stays_shut_with_a_warning(tmp_path, name):
    harm = pickle.dumps(hostile.Harm(tmp_path / "it-ran"))

    warnings = safety.check(hostile.beside(tmp_path / "model", name, harm))

    assert warnings == (f"{name} was left unopened",)
    assert not (tmp_path / "it-ran").exists()


def test_ordinary_company_is_no_reason_to_refuse(tmp_path):
    place = hostile.folder(tmp_path / "model")
    (place / "data_config.json").write_text("[1, 2]")
    (place / "merges.json").write_text("not read by anybody")
    (place / "openvino").mkdir()
    (place / "openvino" / "openvino_model.bin").write_bytes(b"raw")
    (place / "openvino" / "openvino_model.xml").write_text("<net/>")
    (place / "handler.py").write_text("raise SystemExit")

    warnings = safety.check(place)

    assert warnings == ("openvino_model.bin was left unopened", "handler.py was not used")


def test_the_layout_of_the_hubs_cache_is_allowed(tmp_path):
    blobs = tmp_path / "models--a--b" / "blobs"
    place = hostile.folder(tmp_path / "models--a--b" / "snapshots" / "abc")
    blobs.mkdir()
    (place / "model.safetensors").rename(blobs / "1234")
    (place / "model.safetensors").symlink_to("../../blobs/1234")

    assert safety.check(place) == ()


def test_plain_tensors_in_a_torch_zip_are_read_and_harmful_ones_are_not(tmp_path, home):
    import torch

    place = hostile.folder(tmp_path / "model")
    (place / "model.safetensors").unlink()
    tensors = {"h.0.a": torch.ones(40, 4), "b": torch.zeros(3, dtype=torch.bfloat16)}
    tensors["again"] = torch.nn.Parameter(tensors["h.0.a"])  # tied
    torch.save(tensors, place / "pytorch_model.bin")

    card = models.find(str(place), home)

    assert (card.format, card.parameters) == ("torch", 160 + 3 + 160)
    torch.save(
        {"a": torch.ones(4), "b": hostile.Harm(tmp_path / "it-ran")}, place / "pytorch_model.bin"
    )
    with pytest.raises(BadInput, match=r"mkdir.*plain tensors only"):
        safety.check(place)
    assert not (tmp_path / "it-ran").exists()


def test_a_torch_zip_whose_tensors_claim_more_than_it_holds_is_refused(tmp_path):
    import torch

    place = hostile.folder(tmp_path / "model")
    (place / "model.safetensors").unlink()
    torch.save({"a": torch.ones(1).expand(10**6, 10**6)}, place / "pytorch_model.bin")

    with pytest.raises(BadInput, match="no more than its storage holds"):
        safety.check(place)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", ["F32", "F16", "F64", "BF16"])
def test_weights_that_are_no_numbers_are_told(tmp_path, home, bad, kind):
    values = np.array([1.0, bad, -2.0], "<f4")
    raw = {
        "F32": values,
        "F16": values.astype("<f2"),
        "F64": values.astype("<f8"),
        "BF16": (values.view("<u4") >> 16).astype("<u2"),
    }[kind].tobytes()
    fine = np.float32([3e38, -1e-45, 0]).tobytes()
    header = {
        "fine": {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]},
        "h.0.odd": {"dtype": kind, "shape": [3], "data_offsets": [12, 12 + len(raw)]},
    }
    place = hostile.folder(
        tmp_path / "model", weights=hostile.framed(json.dumps(header).encode(), fine + raw)
    )

    assert models.nonfinite(place) == ("h.0.odd",)
    told = models.inspect(str(place), home)
    assert told["warnings"] == ["1 tensors hold NaN or infinity, such as 'h.0.odd'"]
    assert told["loaded"] is False
