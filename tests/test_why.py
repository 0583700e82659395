"""Why a run is fast or slow: profiles, causes, layers, the machine's ceiling."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import require
from planted_causes import NAMES, PLANTS, planted
from test_state import FASTER, REFERENCE, Recorder

from workbench import models
from workbench.cli.main import main
from workbench.core.errors import BadInput
from workbench.core.home import home as own_home
from workbench.core.records import Job
from workbench.figures.layers import draw_layers, layers_info
from workbench.figures.limits import with_limits
from workbench.figures.tradeoff import Look, draw_tradeoff, tradeoff_info
from workbench.i18n.table import TEXTS
from workbench.i18n.why_words import cause_words
from workbench.jobs import request, views
from workbench.jobs.layers import merged
from workbench.jobs.request import check_request
from workbench.measure import HostFailed
from workbench.measure.causes import Cause, causes
from workbench.measure.ceiling import Ceiling, key, least_s
from workbench.measure.profile import Layer, Profile, profiled, summary
from workbench.panels.why import WhyPanel
from workbench.recipes.plan import plan
from workbench.recipes.recipe import Recipe
from workbench.runtimes import OnnxRuntime, Torch
from workbench.runtimes.trace_openvino import Timed
from workbench.runtimes.trace_openvino import traced as from_openvino
from workbench.runtimes.tracing import Op, Trace, Weight
from workbench.state.compress import CompressState
from workbench.state.explore import ExploreState
from workbench.state.session import Session
from workbench.state.why import WhyState
from workbench.store import Store
from workbench.tasks import Rows
from workbench.techniques import DynamicInt8, StructuredPruning

SOUND = Profile(
    runtime="onnxruntime",
    tokens=16.0,
    open_s=0.3,
    first_s=0.02,
    tokenise_s=0.0005,
    model_s=0.0095,
    seconds={
        "linear": 0.0045,
        "attention": 0.001,
        "convert": 0.0002,
        "other": 0.0025,
        "shapes": 0.0003,
    },
    linear={"float32": 0.0045},
    per_row={"1": 0.01, "8": 0.009, "32": 0.0095},
    elements=1000,
    size_bytes=4000,
    layers=(Layer(-1, 0.001, 0, 0), Layer(0, 0.008, 900, 3600), Layer(1, 0.0001, 100, 400)),
)


def spending(**seconds):
    """The sound profile with more time in some kinds of operators."""
    made = {**SOUND.seconds, **seconds}
    return replace(SOUND, seconds=made, model_s=sum(made.values()))


FAULTS = {
    "tokenise": replace(SOUND, tokenise_s=0.004),
    "overhead": replace(SOUND, model_s=0.02),
    "attention": spending(attention=0.02),
    "other": spending(other=0.02),
    "linear": spending(linear=0.03),
    "convert": spending(convert=0.002),
    "float_left": replace(SOUND, linear={"float32": 0.002, "int8": 0.0025}),
    "narrow": replace(SOUND, linear={"int8": 0.0045}),
    "zeros": replace(SOUND, zeros=0.5),
    "small_batch": replace(SOUND, per_row={"1": 0.01, "8": 0.002}),
    "compile": replace(SOUND, first_s=20.0),
}


def names(found):
    return {cause.name for cause in found}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_named_where_it_is_and_not_where_it_is_not(fault):
    assert names(causes(SOUND)) == set()
    assert fault in names(causes(FAULTS[fault]))


def test_zeros_that_a_kernel_skips_are_no_fault():
    assert "zeros" not in names(causes(replace(SOUND, zeros=0.5, sparse_s=0.004)))


def test_what_was_saved_is_told_by_where_it_was():
    fast = replace(
        SOUND,
        elements=500,
        size_bytes=2000,
        seconds={**SOUND.seconds, "linear": 0.001},
        model_s=0.006,
        linear={"float32": 0.001},
    )
    told = {cause.name: cause for cause in causes(fast, SOUND)}
    assert told["saved"].values["part"] == "linear"
    assert told["saved"].share == pytest.approx(1.0)
    assert told["fewer_weights"].share == pytest.approx(0.5)
    assert causes(SOUND, fast)[0].name == "added"


def test_a_run_that_changed_nothing_is_told_so():
    assert names(causes(SOUND, SOUND)) == {"same_work"}


def test_causes_are_read_from_the_profile_alone_whatever_runtime_it_names():
    for fault, profile in FAULTS.items():
        assert fault in names(causes(replace(profile, runtime="renamed")))


def test_every_cause_has_its_sentence_in_both_languages():
    for profile in (*FAULTS.values(), SOUND):
        for cause in (*causes(profile), *causes(profile, SOUND), *causes(SOUND, profile)):
            assert all(TEXTS[f"cause.{cause.name}"])
            assert Cause.from_json(json.loads(json.dumps(cause.to_json()))) == cause


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 9], ids=lambda n: PLANTS[n].cause)
def test_a_planted_fault_is_named_under_another_techniques_name(number, tmp_path, monkeypatch):
    """A sample of ``tests/torture/test_causes.py``."""
    monkeypatch.setenv("WORKBENCH_FAST", "1")
    plant = PLANTS[number]
    if plant.runtime == "onnxruntime":
        require("onnxruntime", "pip install 'llm-workbench[onnx]'")

    assert plant.cause in planted(plant, NAMES[1], tmp_path, monkeypatch.setitem)


def test_a_profile_knows_the_weights_of_every_layer(tmp_path):
    PLANTS[2].make(tmp_path)
    profile = profiled(tmp_path / "a", {"name": "torch", "threads": 1}, PLANTS[2].texts)

    assert Profile.from_json(json.loads(json.dumps(profile.to_json()))) == profile
    inside = [part for part in profile.layers if part.layer >= 0]
    assert all(part.elements for part in inside), "every layer has its weights"
    assert sum(part.elements for part in profile.layers) == profile.elements


def test_layers_hold_all_weights_of_the_planned_model_and_only_measured_times():
    whole = models.anatomy(models.folder("all-MiniLM-L6-v2", own_home()))
    cut = StructuredPruning(layers=0.5, ffn=0.5)
    planned = plan(Recipe(OnnxRuntime(), (cut, DynamicInt8())), whole)
    timed = replace(SOUND, layers=tuple(Layer(i, 0.001, 1, 1) for i in range(-1, 4)))

    layers = merged(timed, planned.anatomy)

    assert [layer.layer for layer in layers] == [-1, 0, 1, 2, 3], "embeddings, three blocks, head"
    assert sum(layer.elements for layer in layers) == planned.anatomy.parameters
    assert sum(layer.size_bytes for layer in layers) == pytest.approx(planned.size_bytes, abs=4)
    assert layers[0].elements > 0.5 * planned.anatomy.parameters, "the token table"
    assert all(layer.seconds == 0.001 for layer in layers)
    unknown = replace(timed, layers=tuple(replace(x, seconds=None) for x in timed.layers))
    assert {layer.seconds for layer in merged(unknown, planned.anatomy)} == {None}


def test_shares_never_exceed_the_time_without_a_profiler():
    ops = (Op("a", "linear", "float32", 0.02, 0), Op("b", "other", "float32", 0.02, -1))
    made = summary(Trace(ops, (Weight("a", 0, 10, 40, 0.5),), 1), model_s=0.01)
    assert sum(made["seconds"].values()) == pytest.approx(0.01)
    assert made["zeros"] == 0.5
    assert [part.layer for part in made["layers"]] == [-1, 0]


def test_openvinos_profile_is_read_by_its_names():
    inside = "__module.encoder.encoder.layer.1.attention.self.query/aten::linear/MatMul"
    found = [
        Timed(inside, "FullyConnected", "brgemm_avx512_I8", 0.004),
        Timed("__module.head/aten::linear/MatMul", "FullyConnected", "jit_gemm_FP32", 0.001),
        Timed("scores", "MatMul", "brgemm_avx512_FP32", 0.002),
        Timed("to_int8", "FakeQuantize", "jit_avx512_I8", 0.001),
        Timed("norm", "MVN", "jit_avx512_FP32", 0.001),
        Timed("unused", "Reorder", "undef", 0.0),
    ]
    trace = from_openvino(found, [], calls=1)
    told = {op.name: (op.kind, op.precision, op.layer, op.seconds) for op in trace.ops}

    assert told[inside] == ("linear", "int8", 1, 0.004)
    assert told["scores"][0] == "attention"
    assert told["to_int8"][0] == "convert"
    assert "unused" not in told
    assert trace.layers == 2
    assert told["__module.head/aten::linear/MatMul"][2] == 2, "the head comes last"


ROOF = Ceiling(1, {"float32": 1e6, "int8": 4e6}, {"1": 4e5, "100000": 1e5})


def test_the_least_time_is_the_higher_of_the_two_roofs():
    assert least_s(SOUND, ROOF) == pytest.approx(2 * (900 * 16 + 100) / 1e6)
    starved = replace(ROOF, memory={"1": 1e4})
    assert least_s(SOUND, starved) == pytest.approx(4000 / 1e4)
    narrow = replace(SOUND, size_bytes=1000)
    assert least_s(narrow, ROOF) == pytest.approx(2 * (900 * 16 + 100) / 4e6)
    assert least_s(replace(SOUND, elements=0), ROOF) is None
    assert least_s(SOUND, Ceiling(1)) is None


def test_the_ceiling_is_measured_and_kept_for_its_machine_and_threads(home, monkeypatch):
    from workbench.jobs.inline import InlineClient

    monkeypatch.setenv("WORKBENCH_FAST", "1")
    job = InlineClient(home).submit("ceiling", {})

    assert job.status == "done", job.error
    found = Ceiling.from_json(job.result["ceiling"])
    assert found.products["float32"] > 1e8
    assert min(found.memory.values()) > 1e7
    assert len(list((home / "cache").glob("ceiling-*.json"))) == 1
    assert key({"cpu": "a"}, 1) != key({"cpu": "a"}, 2) != key({"cpu": "b"}, 2)
    gpu = key({"cpu": "a", "gpu": "x"}, 1, "cuda")
    assert gpu == key({"cpu": "b", "gpu": "x"}, 2, "cuda") != key({"gpu": "y"}, 1, "cuda")


@pytest.mark.parametrize("threads", [0, 65, 1.5, "2", True, None])
def test_a_ceiling_for_no_number_of_threads_is_refused(home, threads):
    with pytest.raises(BadInput, match="a whole number from 1 to 64"):
        check_request("ceiling", {"threads": threads}, home)


def test_a_ceiling_of_no_device_is_refused(home, monkeypatch):
    with pytest.raises(BadInput, match="one of cpu, cuda"):
        check_request("ceiling", {"device": "tpu"}, home)
    monkeypatch.setattr(request, "no_cuda", lambda: "there is no NVIDIA GPU")
    with pytest.raises(BadInput, match=r"a GPU that torch can use \(there is no NVIDIA GPU\)"):
        check_request("ceiling", {"device": "cuda"}, home)


@pytest.fixture
def stored(home):
    """A reference and a faster run of another visitor, with profiles, and the ceiling."""
    store = Store(home)
    store.save(REFERENCE)
    store.save(replace(FASTER, client="b" * 32))
    store.attach("ref", "profile", SOUND.to_json())
    store.attach("int8", "profile", FAULTS["narrow"].to_json())
    name = views.CEILING.format(key=key({}, 1))
    (home / "cache").mkdir(exist_ok=True)
    (home / "cache" / name).write_text(json.dumps(ROOF.to_json()))
    return store


def test_a_run_is_explained_and_limits_are_listed_to_those_who_may_see_it(stored):
    told = views.view("why", stored, "int8")
    assert "narrow" in [cause["name"] for cause in told["causes"]]
    assert told["least_s"] == pytest.approx(least_s(FAULTS["narrow"], ROOF))
    assert set(views.limits(stored)["limits"]) == {"ref", "int8"}

    def sees(run):
        return run.client == ""

    assert set(views.limits(stored, sees)["limits"]) == {"ref"}
    with pytest.raises(BadInput):
        views.view("why", stored, "nothing")
    with pytest.raises(BadInput):
        views.view("../../token", stored, "int8")


def test_the_command_tells_it_in_words_and_as_data(stored, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["why", "int8", "--layers"])
    assert ended.value.code == 0
    words = capsys.readouterr().out
    for cause in views.why(stored, "int8")["causes"]:
        assert cause_words(cause, "en") in words
    assert "thousand weights" in words
    assert "head" in words

    with pytest.raises(SystemExit):
        main(["why", "int8", "--json"])
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(views.why(stored, "int8")))
    with pytest.raises(SystemExit) as refused:
        main(["why", "nobody"])
    assert refused.value.code == 2


@pytest.mark.parametrize("torn", ["", "{", '{"schema": 1}', "[]", '{"schema": 99}'])
def test_a_torn_profile_is_no_profile(stored, torn):
    (stored.home / "runs" / "int8" / "profile.json").write_text(torn)
    assert views.why(stored, "int8")["profile"] is None


def test_what_is_attached_leaves_no_temporary_file(stored):
    assert not list((stored.home / "runs").rglob(".tmp-*"))


def test_a_profile_that_fails_costs_the_run_nothing(home, monkeypatch):
    import workbench.jobs.meters as meters
    import workbench.jobs.point as point

    def fails(*_, **__):
        raise HostFailed("candidate host (x)", "a process", "try again")

    class Desk:
        store, stage, cancelled = Store(home), staticmethod(lambda *_: None), None

    Desk.home = home
    bench = point.Bench.__new__(point.Bench)
    bench._desk, bench._setup = Desk, type("Setup", (), {"folder": Path(home)})
    bench._meter = meters.Classifying.__new__(meters.Classifying)
    bench._meter._desk, bench._meter._fast = Desk, True
    bench._meter._rows = Rows(("a",))
    monkeypatch.setattr(meters, "profile", fails)
    bench._explain(FASTER)
    assert Store(home).attached("int8", "profile") is None


class Explaining(Recorder):
    """A client that has profiles of two runs."""

    def why(self, run):
        found = causes(FAULTS["narrow"], SOUND)
        return {
            "run": run,
            "profile": FAULTS["narrow"].to_json(),
            "reference": SOUND.to_json(),
            "causes": [cause.to_json() for cause in found],
            "least_s": 0.0001,
        }

    def limits(self):
        return {"int8": 0.0001}


@pytest.fixture
def desk(home):
    session = Session(Explaining([REFERENCE, FASTER]), home)
    explore = ExploreState(CompressState(session, Recipe(Torch())))
    session.task, session.model = "shopdesk", FASTER.model
    session.start()
    return session, explore, WhyState(explore)


def test_the_card_tells_causes_shares_and_the_distance_to_the_ceiling(desk):
    session, _, state = desk
    panel = WhyPanel(state)
    assert panel.layout.display == "none"
    session.selected = "int8"

    assert "runs in int8" in panel.body.html
    assert "linear layers 45 %" in panel.body.html
    assert "7.7 % of what this machine could do" in panel.body.html
    session.language = "zh"
    assert "达到本机极限的 7.7 %" in panel.body.html


def test_layers_are_drawn_on_demand_beside_the_original(desk):
    session, _, state = desk
    panel = WhyPanel(state)
    session.selected = "int8"
    assert panel.plot.layout.display == "none"
    state.show("layers", "")
    state.show("metric", "size_bytes")
    state.show("metric", "nonsense")

    assert state.metric == "size_bytes"
    assert panel.plot.layout.display is None
    assert [bar["name"] for bar in panel.plot.plot.figure["data"]] == ["original", "this run"]


def test_a_shorter_models_head_stands_beside_its_originals():
    long = {
        "layers": [
            {"layer": i, "seconds": 1.0, "size_bytes": 1, "elements": 1} for i in range(-1, 5)
        ]
    }
    short = {"layers": long["layers"][:4]}
    info = layers_info(short, long, "seconds")

    assert info.places == [-1, 0, 1, 2, 3, 4]
    assert info.mine == [1000.0, 1000.0, 1000.0, 0.0, 0.0, 1000.0]
    labels = draw_layers(info, "en")["data"][0]["x"]
    assert labels == ["before", "1", "2", "3", "4", "head"]


def test_the_plot_has_a_line_from_a_run_to_its_least_time(desk):
    import plotly.graph_objects as go

    _, explore, _ = desk
    assert explore.limits == {"int8": 0.0001}
    info = tradeoff_info([REFERENCE, FASTER], "latency_mean", "accuracy", lambda _: "x")
    made = with_limits(draw_tradeoff(info, Look()), info, explore.limits, Look())
    line = made["data"][0]

    assert line["x"] == [pytest.approx(0.1), pytest.approx(1.3), None]
    made["layout"]["font"].pop("family")
    go.Figure(made)
    size = tradeoff_info([FASTER], "size", "accuracy", lambda _: "x")
    drawn = draw_tradeoff(size, Look())
    assert with_limits(drawn, size, explore.limits, Look()) == drawn


def test_the_ceiling_is_asked_for_with_the_runs_threads(desk):
    session, _, state = desk
    session.selected = "int8"
    state.show("ceiling", "")
    assert session.client.asked[-1] == ("ceiling", {"threads": 1, "device": "cpu"})
    panel = WhyPanel(state)
    state.found = {**state.found, "least_s": None}
    assert "measuring what this machine can do" in panel.body.html


def test_the_card_looks_again_when_a_job_has_ended(desk):
    session, _, state = desk
    session.selected = "int8"
    state.found = {**state.found, "least_s": None, "profile": None}
    session.handle({"type": "job", "job": Job("x", "ceiling", "me", {}, "done").to_json()})
    assert state.part("least_s") == 0.0001


def test_integers_that_stand_for_zero_count_as_zeros():
    require("onnxruntime", "pip install 'llm-workbench[onnx]'")
    from workbench.runtimes.trace_onnx import zero_share

    assert zero_share(np.array([[128, 128], [128, 3]], dtype=np.uint8)) == 0.75
    assert zero_share(np.zeros((2, 2), dtype=np.float32)) == 1.0
    assert zero_share(np.zeros((0, 2), dtype=np.float32)) == 0.0


def untimed(profile):
    """The same of a runtime that cannot tell layers apart."""
    return {**profile, "layers": [{**layer, "seconds": None} for layer in profile["layers"]]}


def test_the_layers_are_a_table_too_when_that_is_asked_for(desk):
    session, _, state = desk
    panel = WhyPanel(state)
    session.selected = "int8"
    state.show("layers", "")
    assert panel.plot.table.html == ""
    panel.plot.asked.value = True

    last = FAULTS["narrow"].layers[-1]
    heads, *rows = panel.plot.table.html.split("<tr>")[1:]
    assert [word for word in ("layer", "Time [ms]") if f"<th>{word}</th>" not in heads] == []
    assert f"<td>this run</td><td>head</td><td>{1e3 * last.seconds:.4g}</td>" in "".join(rows)
    session.language = "zh"
    assert "<td>分类头</td>" in panel.plot.table.html


def test_a_reader_of_the_screen_hears_which_metric_of_the_layers_is_shown(desk):
    session, _, state = desk
    panel = WhyPanel(state)
    session.selected = "int8"
    state.show("layers", "")
    state.show("metric", "elements")

    buttons = panel.body.html.split("<button")
    pressed = {b.split('data-value="')[1].split('"')[0]: b for b in buttons if "aria-pressed" in b}
    assert {name: 'aria-pressed="true"' in b for name, b in pressed.items()} == {
        "seconds": False,
        "size_bytes": False,
        "elements": True,
    }


def test_a_runtime_that_cannot_tell_layers_apart_is_said_to_instead_of_an_empty_plot(desk):
    session, _, state = desk
    panel = WhyPanel(state)
    session.selected = "int8"
    state.found = {**state.found, "profile": untimed(FAULTS["narrow"].to_json())}
    state.show("layers", "")

    told = "cannot tell how long each layer takes"
    assert told in panel.body.html
    assert panel.plot.layout.display == "none"
    state.show("metric", "size_bytes")
    assert told not in panel.body.html
    assert panel.plot.layout.display is None


def test_an_original_without_times_has_no_bars_of_no_height():
    mine, other = FAULTS["narrow"].to_json(), untimed(SOUND.to_json())
    assert layers_info(mine, other, "seconds").reference == []
    assert layers_info(mine, other, "size_bytes").reference != []
    bars = draw_layers(layers_info(mine, other, "seconds"), "en")["data"]
    assert [bar["name"] for bar in bars] == ["this run"]


def test_the_command_says_that_layers_cannot_be_told_apart(stored, capsys):
    stored.attach("int8", "profile", untimed(FAULTS["narrow"].to_json()))
    with pytest.raises(SystemExit):
        main(["why", "int8", "--layers"])
    assert "cannot tell how long each layer takes" in capsys.readouterr().out


def test_the_command_measures_the_ceiling_and_tells_it_in_words(home, monkeypatch, capsys):
    from workbench.cli import ceiling as command

    asked, roof = [], Ceiling(1, {"float32": 8.5e10, "int8": 3e11}, {str(2**20): 2.3e10})

    def through(kind, request):
        asked.append((kind, request))
        result = {"ceiling": {**roof.to_json(), "threads": request["threads"]}}
        return Job("j", kind, "owner", request, "done", result=result)

    monkeypatch.setattr(command, "through", through)
    with pytest.raises(SystemExit) as ended:
        main(["ceiling", "--threads", "2"])
    words = capsys.readouterr().out
    assert ended.value.code == 0
    assert asked == [("ceiling", {"threads": 2, "device": "cpu"})]
    assert "2 threads" in words
    assert "float32: 85.0 billion multiplications and additions a second" in words
    assert "int8: 300 billion" in words
    assert "reading 1 MB: 23.0 GB a second" in words

    with pytest.raises(SystemExit):
        main(["ceiling", "--json"])
    assert asked[1] == ("ceiling", {"threads": 1, "device": "cpu"})
    assert json.loads(capsys.readouterr().out)["products"] == dict(roof.products)


def test_a_ceiling_that_cannot_be_measured_says_why(home, monkeypatch, capsys):
    from workbench.cli import ceiling as command

    error = BadInput("candidate host", "an answer in time", "try a smaller model").to_json()
    failed = Job("j", "ceiling", "owner", {}, "failed", error=error)
    monkeypatch.setattr(command, "through", lambda *_: failed)
    with pytest.raises(SystemExit) as ended:
        main(["ceiling"])
    assert ended.value.code == 1
    assert "an answer in time" in capsys.readouterr().err
