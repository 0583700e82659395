"""What a stranger's folder holds is never run, and is refused in one sentence."""

from __future__ import annotations

import json
import pickle
import tracemalloc
from pathlib import Path

import hostile
import hostile_cases
import numpy as np
import pytest

from workbench import models
from workbench.core.errors import BadInput
from workbench.models import safety

NAMES = [name for name, _, _ in hostile_cases.cases(Path("unused"))]


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_folder_is_refused_in_one_sentence_and_nothing_runs(name, tmp_path, home):
    mark = tmp_path / "it-ran"
    build, said = next((b, s) for n, b, s in hostile_cases.cases(mark) if n == name)
    place = build(tmp_path / "model")
    tracemalloc.start()

    with pytest.raises(BadInput, match=said) as caught:
        models.inspect(str(place), home)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600
    assert peak < 300e6
    assert not mark.exists()


def test_the_mark_would_show_if_a_pickle_were_run(tmp_path):
    pickle.loads(pickle.dumps(hostile.Harm(tmp_path / "it-ran")))

    assert (tmp_path / "it-ran").exists()


def test_the_corpus_has_at_least_60_cases():
    assert len(NAMES) == len(set(NAMES)) >= 60


def test_a_good_folder_passes_without_a_warning(tmp_path):
    assert safety.check(hostile.folder(tmp_path / "model")) == ()


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


def test_a_file_name_with_control_or_direction_marks_is_spelled_out(tmp_path):
    place = hostile.beside(tmp_path / "model", "optimizer\n\u202e\x1b[31m.pt")

    (warning,) = safety.check(place)

    assert warning.isprintable()
    assert "\\u202e" in warning


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
