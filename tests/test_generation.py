"""Generation as a kind of task: engines agree, recipes keep their promises, numbers are right."""

from __future__ import annotations

import json

import numpy as np
import pytest
from fakes import require
from test_generate import FAMILIES, PROMPTS, writer, written

import workbench
from workbench import models, tasks
from workbench.core.artifact import Context
from workbench.core.errors import BadInput
from workbench.formats import load, save
from workbench.formats.openvino import GRAPH
from workbench.jobs.making import learns
from workbench.measure.written import COLUMNS, Outputs, likeness, quality, table
from workbench.recipes.plan import plan, reachable
from workbench.recipes.recipe import Recipe
from workbench.recipes.registry import EXPORTS, WAYS, WRITERS
from workbench.runtimes import OpenVino, Torch
from workbench.runtimes.decoder import Sampling, filled
from workbench.runtimes.openvino_decoder import OpenVinoDecoder
from workbench.runtimes.sampler import Sampler
from workbench.runtimes.torch_decoder import TorchDecoder
from workbench.stats import means
from workbench.techniques import Bf16, Distillation, StructuredPruning, WeightOnly

SIXTEEN = {"hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 4}


@pytest.fixture
def llama(tmp_path):
    return writer(tmp_path / "llama", "llama", **SIXTEEN)


@pytest.fixture
def texts(tmp_path):
    """A task of whole texts in a file."""
    lines = [f"rain number {i} fell in the town of Ostmere on day {i} of May" for i in range(60)]
    path = tmp_path / "rain.csv"
    path.write_text("text,desk\n" + "".join(f"{line},weather\n" for line in lines))
    return f"csv:{path}?kind=generation"


def made(folder, config, tmp_path, training=((), ())):
    """What a technique makes of a model, saved and loaded again."""
    artifact = load(folder)
    context = Context(tmp_path, training=training, teacher=artifact)
    way = WAYS[config.name, "torch"]
    save(way.handler(artifact, config, context), tmp_path / config.name)
    return tmp_path / config.name


def exported(folder, tmp_path, config=None):
    """The folder as an OpenVINO artifact, perhaps compressed."""
    artifact = EXPORTS["torch", "openvino"](load(folder), Context(tmp_path))
    if config is not None:
        artifact = WAYS[config.name, "openvino"].handler(artifact, config, Context(tmp_path))
    return artifact.folder


@pytest.mark.parametrize("family", FAMILIES)
def test_openvino_writes_what_torch_writes(family, tmp_path):
    require("openvino", "make install")
    folder = writer(tmp_path / family, family)
    plain = TorchDecoder(folder, Torch())
    other = OpenVinoDecoder(exported(folder, tmp_path), OpenVino())
    rows = [plain.prompts.encode(prompt) for prompt in PROMPTS]

    assert written(other, PROMPTS, Sampling(20)) == written(plain, PROMPTS, Sampling(20))
    theirs, mine = plain.logits(rows), other.logits(rows)
    for place, row in enumerate(rows):
        there = slice(0, len(row))
        assert np.allclose(theirs[place, there], mine[place, there], atol=1e-5)
    assert other.prompts.ends == plain.prompts.ends
    assert other.prompts.positions == plain.prompts.positions


@pytest.mark.parametrize("decoder", ["torch", "openvino"])
def test_a_row_goes_on_behind_its_end_only_when_it_is_asked_to(decoder, tmp_path):
    require("openvino", "make install")
    folder = writer(tmp_path / "m", "llama")
    first = written(TorchDecoder(folder, Torch()), PROMPTS[:1], Sampling(8))[0]
    told = json.loads((folder / "generation_config.json").read_text())
    (folder / "generation_config.json").write_text(json.dumps({**told, "eos_token_id": first[2]}))
    place = folder if decoder == "torch" else exported(folder, tmp_path)
    session = WRITERS[decoder](place, {"torch": Torch, "openvino": OpenVino}[decoder]())
    rows = [session.prompts.encode(PROMPTS[0])]

    assert written(session, PROMPTS[:1], Sampling(8))[0] == first[: first.index(first[2])]
    steps = [step[0] for step in session.generate(rows, Sampling(8), endless=True)]
    assert [int(step) for step in steps if step >= 0] == first


NARROW = StructuredPruning(ffn=0.5, heads=0.5, importance="magnitude")
SHALLOW = StructuredPruning(layers=0.5, importance="magnitude")
TAYLOR = StructuredPruning(ffn=0.25, heads=0.5)


@pytest.mark.parametrize(
    ("family", "config"),
    [
        *(("gpt2", NARROW), ("gpt2", TAYLOR), ("llama", SHALLOW), ("qwen2", TAYLOR)),
        *(("qwen3", NARROW), ("gemma", NARROW)),
    ],
)
def test_a_pruned_writer_has_the_size_that_was_told_and_runs_everywhere(family, config, tmp_path):
    require("openvino", "make install")
    folder = writer(tmp_path / family, family)
    rows = tuple(f"{prompt} and so on" for prompt in PROMPTS)
    place = made(folder, config, tmp_path, (rows, ("was told",) * len(rows)))
    told = plan(Recipe(Torch(), (config,)), models.anatomy(folder))
    (tmp_path / "ov").mkdir()

    assert sum(p.numel() * 4 for p in load(place).payload.parameters()) == told.size_bytes
    plain = TorchDecoder(place, Torch())
    other = OpenVinoDecoder(exported(place, tmp_path / "ov"), OpenVino())
    assert written(other, PROMPTS, Sampling(12)) == written(plain, PROMPTS, Sampling(12))


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_whole_number_weights_have_the_size_that_was_told(bits, family, tmp_path):
    require("nncf", "make install")
    folder = writer(tmp_path / family, family, **SIXTEEN)
    config = WeightOnly(bits=bits)
    told = plan(Recipe(OpenVino(), (config,)), models.anatomy(folder)).size_bytes

    place = exported(folder, tmp_path, config)

    small = 4_000  # a graph's own constants; and equal ones are stored once, as zero biases are
    assert abs((place / GRAPH).with_suffix(".bin").stat().st_size - told) <= small + told // 50
    assert written(OpenVinoDecoder(place, OpenVino()), PROMPTS, Sampling(5))


def test_a_taught_writer_is_nearer_to_its_teacher(tmp_path):
    folder = writer(tmp_path / "llama", "llama", **SIXTEEN, initializer_range=0.2)
    rows = tuple(f"rain number {i} fell" for i in range(40))
    training = (rows, tuple(f" on day {i} of May" for i in range(40)))
    cut = StructuredPruning(ffn=0.5, heads=0.5, importance="magnitude")
    pruned = made(folder, cut, tmp_path)
    artifact, teacher = load(pruned), load(folder)
    context = Context(tmp_path, training=training, teacher=teacher)
    config = Distillation(epochs=6, batch=8, rate=0.005, ce=0.0, temperature=1.0)
    taught = WAYS["distillation", "torch"].handler(artifact, config, context)
    save(taught, tmp_path / "taught")

    def far(place):
        ids = [TorchDecoder(folder, Torch()).prompts.encode(rows[0] + training[1][0])]
        logs = [TorchDecoder(x, Torch()).logits(ids)[0] for x in (folder, place)]
        logs = [x - np.log(np.exp(x).sum(axis=1, keepdims=True)) for x in logs]
        return float((np.exp(logs[0]) * (logs[0] - logs[1])).sum(axis=1).mean())

    assert far(tmp_path / "taught") < 0.9 * far(pruned)


def test_bf16_weights_take_half_and_write_on(llama, tmp_path):
    place = made(llama, Bf16(), tmp_path)
    told = plan(Recipe(Torch(), (Bf16(),)), models.anatomy(llama)).size_bytes

    assert sum(p.numel() * 2 for p in load(place).payload.parameters()) == told
    assert len(written(TorchDecoder(place, Torch()), PROMPTS, Sampling(5))) == 3


def test_techniques_and_runtimes_for_classifiers_are_not_offered_to_writers(llama):
    anatomy = models.anatomy(llama)
    assert anatomy.writes
    assert reachable("torch", True) >= {"torch", "openvino", "weight_only", "structured_pruning"}
    assert not reachable("torch", True) & {"litert", "dynamic_int8", "vocabulary_pruning"}
    with pytest.raises(BadInput, match="dynamic_int8 of a model that writes"):
        plan(Recipe.from_json({"techniques": [{"name": "dynamic_int8"}]}), anatomy)
    with pytest.raises(BadInput, match="runtime litert for a model that writes"):
        plan(Recipe.from_json({"runtime": {"name": "litert"}}), anatomy)


def test_a_recipe_is_measured_against_torch_on_texts(llama, texts, home, monkeypatch):
    require("openvino", "make install")
    monkeypatch.setenv("WORKBENCH_FAST", "1")
    client = workbench.connect(inline=True)
    recipe = {"techniques": [{"name": "weight_only"}], "runtime": {"name": "openvino"}}

    run = client.run(str(llama), texts, Recipe.from_json(recipe))

    assert run.status == "done", run.error
    assert {"decode_1", "decode_8", "prefill", "first_token_p95", "memory"} <= run.metrics.keys()
    assert {"bits_per_byte", "distinct_2", "repetition", "identical", "kl"} <= run.metrics.keys()
    assert set(run.verdicts) >= {"bits_per_byte", "speedup_latency", "speedup_throughput"}
    assert "fidelity" not in run.metrics  # nobody gave records
    assert 0 <= run.metrics["kl"].value < 0.1
    reference = client.recorded(run.reference)
    assert reference.recipe["runtime"]["name"] == "torch"
    assert reference.metrics["bits_per_byte"].value == pytest.approx(
        run.metrics["bits_per_byte"].value, abs=0.2
    )
    again = client.sweep(str(llama), texts, {"runtime": {"name": "torch"}})
    assert [x.id for x in again] == [reference.id]


def test_an_encoder_is_no_writer(texts, home):
    with pytest.raises(BadInput, match="causal language model"):
        workbench.connect(inline=True).run("all-MiniLM-L6-v2", texts, Recipe(Torch()))


def test_newsdesk_is_a_task_whose_records_are_checked():
    task = tasks.find("newsdesk")
    rows = task.rows("validation")

    assert (task.kind, task.metrics[0]) == ("generation", "fidelity")
    assert len(rows.texts) == len(rows.targets) == len(rows.records) == 800
    told = [task.check(rows.records[i], rows.targets[i]) for i in range(16)]
    assert [x["fidelity"] for x in told] == [1.0] * 16
    other = task.check(rows.records[0], rows.targets[2])
    assert other["fidelity"] < 0.5
    assert other["missing"] + other["wrong"] > 0.5
    assert {x.id for x in tasks.catalogue()} >= {"newsdesk", "newsdesk-transfer"}


def test_pairs_and_texts_of_a_file_are_tasks(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("ask,answer\n" + "".join(f"what is {i}?,it is {i}\n" for i in range(30)))
    task = tasks.find(f"csv:{path}?kind=generation&text_column=ask&target_column=answer")
    rows = task.rows("train")
    assert rows.texts[0].startswith("what is")
    assert rows.targets[0].startswith("it is")
    assert len(rows.texts) + sum(len(task.rows(x).texts) for x in ("validation", "test")) == 30

    path.write_text("text\n" + "".join(f"{'word ' * 12}{i}\n" for i in range(30)))
    whole = tasks.find(f"csv:{path}?kind=generation").rows("train")
    assert whole.texts[0] == " ".join(["word"] * 8)
    assert whole.targets[0].startswith(" word word")

    for settings, said in (
        ("kind=poems", "classification or generation"),
        ("kind=generation&text_column=verse", "one of text"),
        ("kind=generation&target_column=verse", "one of text"),
    ):
        with pytest.raises(BadInput, match=said):
            tasks.find(f"csv:{path}?{settings}")
    path.write_text("text\nshort\nalso short\n")
    with pytest.raises(BadInput, match="long enough"):
        tasks.find(f"csv:{path}?kind=generation")


def test_only_steps_that_learn_look_at_training_rows(llama):
    anatomy = models.anatomy(llama)
    quick = plan(Recipe(OpenVino(), (WeightOnly(),)), anatomy)
    slow = plan(Recipe(OpenVino(), (StructuredPruning(ffn=0.5), WeightOnly())), anatomy)
    assert not learns(quick)
    assert learns(slow)


def test_what_was_written_is_counted_right():
    outputs = Outputs([[1, 2, 3, 1, 2, 3, 1, 2, 3], [5, 6], []], ["a", "b", ""], [8.0, 2.0, 0.0],
                      [4, 2, 2])  # fmt: skip
    values = table(outputs, [{}, {}, {}], lambda record, text: dict.fromkeys(
        ("fidelity", "missing", "wrong", "invented"), 0.5 if text == "a" else 0.25))  # fmt: skip
    found, verdicts = quality(values)

    assert values.shape == (3, len(COLUMNS))
    assert values[0, 4:7].tolist() == pytest.approx([3 / 8, 0.5, 9])  # 3 pairs; 3 of 6 runs new
    assert values[1, 4:7].tolist() == [1, 0, 2]
    assert values[2, 4:7].tolist() == [1, 0, 0]
    assert found["fidelity"].value == pytest.approx(1 / 3)
    assert found["bits_per_byte"].value == pytest.approx(10 / np.log(2) / 8)
    assert verdicts == {}
    alike = likeness(outputs, [[1, 2, 3, 1, 9, 9, 9, 9, 9], [5, 6, 7], []])
    assert alike["identical"].value == pytest.approx((4 + 2) / (9 + 3 + 1))
    without = table(Outputs([[1]], ["a"], [], []), (), None)
    assert set(quality(without)[0]) == {"distinct_2", "repetition", "length"}


def test_changes_are_paired_and_called_when_they_are_clear():
    rng = np.random.default_rng(1)
    before = rng.uniform(0.8, 1, 200)
    values = np.full((200, len(COLUMNS)), np.nan)
    values[:, 0], values[:, 4:7], values[:, 7], values[:, 8] = before, 1, before * 9, 10
    worse = values.copy()
    worse[:, 0] -= rng.uniform(0, 0.04, 200)
    worse[:, 7] += 0.5

    found, verdicts = quality(worse, values)
    same, alike = quality(values, values)

    assert found["fidelity_change"].value == pytest.approx(-0.02, abs=0.005)
    assert verdicts["fidelity"].verdict == verdicts["bits_per_byte"].verdict == "worse"
    assert alike["fidelity"].verdict == "cannot tell"
    assert same["fidelity_change"].value == 0


def test_the_bootstrap_covers_what_it_says():
    rng, hits = np.random.default_rng(0), 0
    for _ in range(200):
        values = rng.beta(8, 2, 80)
        told = means.mean(values)
        hits += told.low <= 0.8 <= told.high
    assert 180 <= hits <= 199
    shares = means.mean(np.array([1.0, 3.0]), np.array([2.0, 2.0]))
    assert shares.value == 1.0


def test_draws_take_the_smallest_set_of_likely_tokens():
    logits = np.log(np.array([[0.5, 0.3, 0.15, 0.05]]))
    draw = Sampler(Sampling(1, 1.0, 0.7, 3))
    seen = {int(draw(logits)[0]) for _ in range(200)}
    assert seen == {0, 1}
    assert {int(Sampler(Sampling(1))(logits)[0])} == {0}
    cold = Sampler(Sampling(1, 0.2, 1.0, 3))
    assert np.mean([cold(logits)[0] == 0 for _ in range(200)]) > 0.85


def test_rows_are_filled_up_on_the_side_that_is_asked_for():
    left, mask = filled([[1, 2, 3], [4]], left=True)
    right, other = filled([[1, 2, 3], [4]], left=False)
    assert left.tolist() == [[1, 2, 3], [0, 0, 4]]
    assert mask.tolist() == [[1, 1, 1], [0, 0, 1]]
    assert right.tolist() == [[1, 2, 3], [4, 0, 0]]
    assert other.tolist() == [[1, 1, 1], [1, 0, 0]]
