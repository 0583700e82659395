"""What the panels know and can do, without a browser; and the panels as views of it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from workbench import models
from workbench.core.errors import BadInput
from workbench.core.records import Estimate, Job, Run, Verdict
from workbench.figures.tradeoff import Look, draw_tradeoff, tradeoff_info
from workbench.models.catalogue import BUILT_IN
from workbench.recipes.recipe import Recipe
from workbench.runtimes import OnnxRuntime, Sklearn, Torch
from workbench.state.choose import ChooseState
from workbench.state.compress import CompressState
from workbench.state.explore import ExploreState
from workbench.state.measure import MeasureState
from workbench.state.session import Session
from workbench.techniques import DynamicInt8, StructuredPruning

INT8 = Recipe(OnnxRuntime(), (DynamicInt8(),))


class Recorder:
    """A client that writes down what it is asked for; the work is tested with the server."""

    id = "me"

    def __init__(self, runs=()):
        self.asked, self.cancelled, self.kept = [], [], tuple(runs)

    def submit(self, kind, request):
        if request.get("model") == "refused":
            raise BadInput("model refused", "another", "choose another")
        self.asked.append((kind, dict(request)))
        return Job(f"j{len(self.asked)}", kind, "me", request)

    def jobs(self):
        return ()

    def cancel(self, job):
        self.cancelled.append(job)

    def runs(self):
        return self.kept

    def follow(self, listener):
        return lambda: None


def estimate(value, unit="1", spread=0.05):
    return Estimate(value, value * (1 - spread), value * (1 + spread), 3, unit)


def run(name, recipe, accuracy, latency, reference="ref", status="done"):
    return Run(
        name,
        name,
        status,
        BUILT_IN,
        "shopdesk",
        "validation",
        recipe.to_json(),
        {},
        reference=reference,
        metrics={
            "accuracy": estimate(accuracy),
            "latency_mean": estimate(latency, "s"),
            "latency_p50": estimate(latency, "s"),
            "memory": estimate(1e8, "B"),
            "throughput": estimate(1 / latency, "1/s"),
            "size": estimate(2e7, "B"),
            **({"speedup_latency": estimate(0.008 / latency)} if reference else {}),
        },
        verdicts={"speedup_latency": Verdict("faster"), "accuracy": Verdict("cannot tell", 900)},
    )


REFERENCE = run("ref", Recipe(Torch()), 0.90, 0.008, None)
FASTER = run("int8", INT8, 0.89, 0.0013)


@pytest.fixture
def desk(home):
    client = Recorder([REFERENCE, FASTER])
    session = Session(client, home)
    compress = CompressState(session, Recipe(Torch()))
    session.task, session.model = "shopdesk", BUILT_IN
    session.start()
    return client, session, compress


def test_the_rate_slider_keeps_its_promise_and_names_what_it_uses(desk):
    _, _, compress = desk
    for rate in (0.25, 0.5, 0.15, 0.9):
        compress.set_rate(rate)
        assert compress.info.rate == pytest.approx(rate, rel=0.02)
        assert compress.info.size_after == pytest.approx(
            rate * compress.info.size_before, rel=0.02
        )
    compress.set_rate(0.01)
    assert compress.info.rate == pytest.approx(compress.info.floor, rel=0.02)


def test_moving_a_knob_moves_the_rate_and_pruning_sets_heads_and_units_together(desk):
    _, _, compress = desk
    compress.set_pruning(0.5)
    pruning = compress.recipe.techniques[0]

    assert (pruning.ffn, pruning.heads) == (0.5, 0.5)
    assert compress.info.rate < 0.9
    compress.set_pruning(0.0)
    assert compress.recipe.techniques == ()


@pytest.mark.parametrize("value", [1e9, -1.0, float("nan"), "half", None])
def test_a_value_outside_the_domain_is_refused_in_words_and_changes_nothing(desk, value):
    _, _, compress = desk
    before = compress.recipe
    compress.set_pruning(value)

    assert compress.recipe == before
    assert "expected" in compress.trouble


def test_a_technique_that_cannot_follow_another_takes_its_place(desk):
    _, _, compress = desk
    compress.toggle("bf16", True)
    assert compress.recipe.runtime == Torch()
    compress.toggle("dynamic_int8", True)

    assert [c.name for c in compress.recipe.techniques] == ["dynamic_int8"]
    assert compress.recipe.runtime == OnnxRuntime()
    assert compress.info.impossible == ""
    compress.set_runtime("torch")
    assert "dynamic_int8" in compress.info.impossible or "torch" in compress.info.impossible


def test_before_measuring_the_size_is_exact_and_the_rest_is_the_nearest_runs(desk):
    _, _, compress = desk
    compress.load(INT8.to_json())
    assert compress.info.expected.same
    assert compress.info.expected.near.id == "int8"
    compress.set_pruning(0.25)

    expected = compress.info.expected
    assert (expected.near.id, expected.same) == ("int8", False)
    assert expected.metrics["size"].kind == "exact"
    assert expected.metrics["accuracy"] == FASTER.metrics["accuracy"]
    assert compress.info.reference_s == pytest.approx(0.008), "as timed beside that run"


def test_measuring_asks_for_what_is_on_screen(desk):
    client, _, compress = desk
    compress.load(INT8.to_json())
    measure = MeasureState(compress)
    assert measure.measure() is None, "an encoder without a head is tuned first"
    compress.info = replace(compress.info, untuned=False)
    measure.measure()
    measure.measure("test")

    asked = [(kind, request.get("split")) for kind, request in client.asked]
    assert asked == [("run", "validation"), ("sweep", None), ("run", "test")]
    assert client.asked[0][1]["recipe"] == INT8.to_json()
    assert [line.active for line in measure.lines()] == [True, True, True]


def test_the_plain_baseline_is_measured_once_and_stands_on_every_plot_of_its_task(desk):
    client, session, compress = desk
    compress.load(INT8.to_json())
    compress.info = replace(compress.info, untuned=False)
    MeasureState(compress).measure()
    plain = next(request for kind, request in client.asked if kind == "sweep")
    assert (plain["model"], plain["task"], plain["tune"]) == ("tfidf", "shopdesk", "linear")
    elsewhere = replace(run("b1", Recipe(Sklearn()), 0.67, 0.0005, "other"), model="tfidf--x")
    beside = replace(elsewhere, id="b2", reference="ref")
    explore = ExploreState(compress)

    session.runs = (*client.kept, elsewhere)
    assert [r.id for r in explore.points()] == ["ref", "int8", "b1"]
    explore.x = "speedup_latency"
    assert [r.id for r in explore.points()] == ["ref", "int8"], "compared with another model"
    session.runs = (*client.kept, beside, elsewhere)
    assert [r.id for r in explore.points()] == ["ref", "int8", "b2"]

    explore.x = "latency_mean"
    info = tradeoff_info(explore.points(), "latency_mean", "accuracy", explore.name)
    drawn = draw_tradeoff(info, Look())
    marks = {mark.id: (mark.kind, mark.name) for mark in info.marks}
    assert marks["b2"] == ("baseline", "TF-IDF + logistic regression")
    trace = next(t for t in drawn["data"] if t.get("name") == "plain baseline")
    assert (trace["marker"]["symbol"], trace["customdata"]) == ("square-open", ["b2"])
    session.jobs = ()
    MeasureState(compress).measure()
    assert [kind for kind, _ in client.asked].count("sweep") == 1, "there is one already"


def test_the_recipe_follows_to_the_runtime_of_the_plain_baseline_and_back(desk, tmp_path, home):
    from fakes import small_task

    from workbench import tasks
    from workbench.training.baseline import fit_baseline
    from workbench.training.fit import Follow

    _, session, compress = desk
    task = tasks.find(small_task(tmp_path))
    made = fit_baseline("tfidf", task, home, lambda *_: {"accuracy": {"value": 1.0}}, Follow())

    session.task, session.model = task.id, made.id
    assert (compress.recipe, compress.info.impossible) == (Recipe(Sklearn()), "")
    assert (compress.info.rate, compress.info.floor) == (1.0, 1.0)
    compress.toggle("bf16", True)
    assert "sklearn" in compress.info.impossible
    session.model = BUILT_IN
    assert compress.info.impossible == ""


def test_a_refusal_is_shown_and_nothing_is_lost(desk):
    _, session, _ = desk
    assert session.ask("run", model="refused") is None
    assert session.trouble == "model refused: expected another; choose another."
    session.language = "zh"
    session.ask("run", model="refused")
    assert "应为" in session.trouble


def test_events_replace_runs_and_jobs_in_their_place(desk):
    _, session, _ = desk
    session.handle({"type": "run", "run": replace(FASTER, status="running", id="new").to_json()})
    assert [r.id for r in session.runs] == ["ref", "int8", "new"]
    session.handle({"type": "run", "run": replace(FASTER, id="new").to_json()})
    assert session.runs[-1].status == "done"
    session.handle({"type": "run", "run": replace(FASTER, id="new", status="cancelled").to_json()})
    assert [r.id for r in session.runs] == ["ref", "int8"]
    session.handle({"type": "loss", "job": "j", "step": 5, "loss": 0.5, "accuracy": None})
    assert session.losses == ((5, 0.5, None),)


def test_a_model_is_chosen_only_from_the_list_and_a_task_too(desk):
    _, session, _ = desk
    choose = ChooseState(session)
    choose.choose_model("nobody")
    choose.choose_task("nothing")
    assert (session.model, session.task) == (BUILT_IN, "shopdesk")
    assert not choose.fits()
    choose.tune("linear")
    assert session.jobs[-1].request["mode"] == "linear"


def test_a_bad_file_is_refused_in_the_panel_with_one_sentence(desk, tmp_path):
    _, session, _ = desk
    choose = ChooseState(session)
    path = tmp_path / "one.csv"
    path.write_text("text,label\na,x\nb,x\n")
    choose.look(str(path))

    assert choose.preview is None
    assert choose.trouble == ""
    assert "at least two classes" in choose.file_trouble
    assert choose.columns == ("text", "label"), "so that another column can be chosen"


def test_a_file_without_header_and_with_a_test_file_becomes_a_task(desk, tmp_path):
    _, session, _ = desk
    choose = ChooseState(session)
    for name in ("train", "test"):
        lines = [f"words of {name} {i},{'ab'[i % 2]}" for i in range(40)]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n")
    choose.look(str(tmp_path / "train.csv"))
    choose.change_file(header=False, test=str(tmp_path / "test.csv"))
    choose.use_file()

    task = choose.task()
    assert choose.file_trouble == ""
    assert task.classes == ("a", "b")
    assert task.rows("test").texts[0] == "words of test 0"
    again = ChooseState(session)
    again.ask_for("task", task.id)
    assert again.task().classes == ("a", "b"), "an address that is opened again finds it"


def test_the_plot_marks_the_runs_that_nobody_beats():
    worse = run("worse", INT8, 0.85, 0.004)
    info = tradeoff_info([REFERENCE, FASTER, worse], "latency_mean", "accuracy", lambda _: "x")

    assert [m.kind for m in info.marks] == ["reference", "on_front", "measured"]
    assert info.marks[1].x[0] == pytest.approx(1.3)
    assert info.marks[1].y[0] == pytest.approx(89.0)
    assert (info.x_unit, info.y_unit) == ("ms", "%")


@pytest.mark.parametrize("x", ["latency_mean", "size", "memory", "speedup_latency", "throughput"])
def test_plotly_accepts_every_figure(x):
    import plotly.graph_objects as go

    info = tradeoff_info(
        [REFERENCE, FASTER],
        x,
        "accuracy",
        lambda _: "<b>x",
        expected=FASTER.metrics,
        selected="int8",
    )
    figure = draw_tradeoff(info, Look(log=x != "size"))
    figure["layout"]["font"].pop("family")
    made = go.Figure(figure)
    assert made.layout.xaxis.title.text
    assert "<b>x" not in str(figure["data"])


def test_a_plot_is_a_table_too_when_that_is_asked_for(desk):
    from workbench.panels.explore import ExplorePanel

    _, session, compress = desk
    panel = ExplorePanel(ExploreState(compress))
    assert panel.plot.table.html == ""
    panel.plot.asked.value = True

    table = panel.plot.table.html
    assert "<td>8 (7.6 – 8.4)</td><td>90 (85.5 – 94.5)</td>" in table, (
        "the reference, with its ends"
    )
    session.language = "zh"
    assert "以表格显示" in panel.plot.asked.description


def test_rows_and_code_say_what_was_measured(desk):
    _, session, compress = desk
    explore = ExploreState(compress)
    rows = explore.rows()
    explore.select("int8")

    assert rows[0].speed == ("faster", "6.2× faster (5.8 to 6.5)")
    assert rows[1].speed[0] == "reference"
    assert explore.chosen().id == "int8"
    explore.select("unknown")
    assert session.selected == "int8"
    assert "DynamicInt8()" in explore.code(FASTER)
    with pytest.raises(BadInput):
        explore.x = "nonsense"


def test_foreign_texts_reach_the_page_escaped(desk):
    from workbench.panels.choose import ChoosePanel
    from workbench.panels.explore import DetailsPanel, RunsPanel
    from workbench.panels.measure import JobsPanel, MeasurePanel

    evil = "<img src=x onerror=alert(1)>"
    _, session, compress = desk
    error = {"value": evil, "expected": evil, "remedy": evil}
    session.runs = (replace(FASTER, id=evil, status="failed", error=error, split="validation"),)
    session.jobs = (Job(evil, "run", evil, {"model": evil}, "failed", error=error),)
    session.trouble, session.selected = evil, evil
    explore, measure = ExploreState(compress), MeasureState(compress)
    choose = ChooseState(session)
    choose.models = (replace(models.catalogue.__globals__["built_in"](), license=evil),)
    panels = [RunsPanel(explore), DetailsPanel(explore), JobsPanel(measure)]
    panels += [MeasurePanel(measure), ChoosePanel(choose)]

    shown = "".join(
        child.html for panel in panels for child in panel.children if hasattr(child, "html")
    )
    assert "&lt;img" in shown
    assert "<img" not in shown


def test_a_panel_works_alone_in_a_fresh_process(tmp_path):
    code = (
        "from pathlib import Path; import workbench.apps.page as page;"
        "from workbench.jobs.inline import InlineClient; from workbench.panels.web import Markup;"
        "one = page.app(InlineClient(Path.cwd())).panels['compress'];"
        "one.toggles['bf16'].value = True; print(one.state.recipe.techniques, one.runtime.value)"
    )
    environment = {**os.environ, "WORKBENCH_HOME": str(tmp_path)}
    told = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=tmp_path,
        text=True,
        capture_output=True,
        check=True,
    )
    assert told.stdout.strip() == "(Bf16(),) torch"


def test_a_rate_that_nothing_reaches_is_told(desk):
    _, _, compress = desk
    compress.set_rate(0.518)
    assert "the nearest" in compress.trouble
    compress.set_rate(0.4)
    assert compress.trouble == ""
    assert compress.info.unpruned == pytest.approx(0.25, abs=0.02), "INT8 alone is smaller"


def test_a_panel_copies_the_state_and_hands_back_what_is_moved(desk):
    from workbench.panels.compress import CompressPanel

    _, session, compress = desk
    panel = CompressPanel(compress)
    panel.rate.value = 0.25
    assert compress.recipe.techniques[-1] == DynamicInt8()
    assert panel.toggles["dynamic_int8"].value
    panel.pruning.value = 0.5
    assert StructuredPruning(ffn=0.5, heads=0.5) in compress.recipe.techniques
    assert panel.rate.value < 0.24
    session.language = "zh"
    assert panel.rate.description == "压缩率"
    assert "压缩后大小" in panel.formulas.html


def test_what_a_browser_answers_to_a_moved_slider_is_no_move(desk):
    """It puts every handle on the nearest step, and tells the value as it counts it."""
    import ipywidgets as w

    from workbench.panels.compress import CompressPanel

    _, _, compress = desk
    panel = CompressPanel(compress)
    knobs = 0
    for rate in (0.9, 0.5, 0.33, 0.25, 0.2, 0.16):
        panel.rate.value = rate
        reached = compress.recipe
        made = [one for one in panel.below.children if isinstance(one, w.FloatSlider)]
        shown = [one for one in made if one.layout.display != "none"]
        sliders, knobs = [panel.rate, panel.pruning, *shown], knobs + len(shown)
        for _ in range(3):
            for slider in sliders:
                steps = round((slider.value - slider.min) / slider.step)
                seen = slider.min + steps * (slider.max - slider.min) / round(
                    (slider.max - slider.min) / slider.step
                )
                assert seen == pytest.approx(slider.value, abs=1e-6), "it stands on a step"
                slider.value = seen
        assert compress.recipe == reached
    assert knobs, "made when they are first shown"


def test_a_model_without_weights_leaves_nothing_of_the_one_before_on_screen(desk):
    from workbench.panels.choose import ChoosePanel
    from workbench.panels.compress import CompressPanel

    _, session, compress = desk
    choose = ChooseState(session)
    panel, chooser = CompressPanel(compress), ChoosePanel(choose)
    assert "MB" in panel.formulas.html

    choose.choose_model("tfidf")

    assert session.model == "tfidf"
    assert compress.info is None
    assert panel.formulas.html == ""
    assert panel.runtime.value == compress.recipe.runtime.name
    assert "0.0" not in chooser.about.html
    assert "no weights yet" in chooser.about.html
