"""Why a model that writes is fast or slow: from its own times, in sentences, against memory."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from test_state import Recorder, estimate, run

from workbench.cli.main import main
from workbench.i18n.table import TEXTS
from workbench.i18n.why_words import cause_words, stretch_words
from workbench.jobs import views
from workbench.measure.ceiling import Ceiling, key
from workbench.measure.pace import Pace, floor_s, pace, pace_causes
from workbench.panels.why import WhyPanel
from workbench.recipes.recipe import Recipe
from workbench.runtimes import OpenVino, Torch
from workbench.state.compress import CompressState
from workbench.state.explore import ExploreState
from workbench.state.session import Session
from workbench.state.why import WhyState
from workbench.store import Store, write_json

SLOW = Pace(0.02, 0.005, 32, 24e6, {"8": 4.0, "32": 9.0})
FAST = Pace(0.01, 0.001, 32, 6e6, {"8": 3.0, "32": 2.5})
ROOF = Ceiling(1, {}, {str(2**20): 4e10, str(8 * 2**20): 2e10, str(2**28): 1e10})


def writes(name, recipe, of, reference="ref", **runtime):
    """A run with the metrics that such times make."""
    rates = {"1": 1 / of.token_s, **{size: gain / of.token_s for size, gain in of.gains.items()}}
    found = {f"decode_{size}": estimate(rate, "1/s") for size, rate in rates.items()}
    found |= {"first_token_p50": estimate(of.first_s, "s"), "size": estimate(of.size_bytes, "B")}
    made = run(name, recipe, 0.9, of.total_s, reference)
    made.recipe["runtime"].update(runtime)
    return replace(made, metrics={**made.metrics, **found})


@pytest.fixture
def stored(home):
    store = Store(home)
    plain = Recipe(Torch())
    for one in (
        writes("ref", plain, SLOW, None),
        writes("int8", Recipe(OpenVino()), FAST),
        writes("card", plain, FAST, device="cuda"),
    ):
        store.save(one, None)
    write_json(home / "cache" / views.CEILING.format(key=key({}, 1)), ROOF.to_json())
    return store


def names(found):
    return [cause.name for cause in found]


def test_the_times_of_a_run_are_read_off_its_metrics():
    assert pace(run("x", Recipe(Torch()), 0.9, 0.1).metrics) is None, "of a classifier"
    found = pace(writes("x", Recipe(Torch()), SLOW).metrics)

    assert (found.first_s, found.tokens, found.size_bytes) == (SLOW.first_s, 32, 24e6)
    assert found.token_s == pytest.approx(SLOW.token_s)
    assert found.gains == pytest.approx(SLOW.gains)
    assert found.total_s == pytest.approx(0.02 + 31 * 0.005)


def test_causes_are_named_where_they_are_and_not_where_they_are_not():
    assert names(pace_causes(SLOW, None)) == ["one_row"]
    by_name = {cause.name: cause for cause in pace_causes(FAST, SLOW)}
    assert set(by_name) == {"saved", "one_row", "fewer_bytes"}
    assert by_name["fewer_bytes"].share == pytest.approx(0.75)
    assert by_name["one_row"].values == {"gain": 3.0, "size": "8"}
    assert by_name["saved"].values == {"part": "writing", "seconds": pytest.approx(0.124)}
    assert by_name["saved"].share == pytest.approx(0.124 / 0.134)

    long = replace(FAST, first_s=0.05, gains={"8": 1.2})
    assert names(pace_causes(long, None)) == ["prompt"]
    assert "added" in names(pace_causes(replace(FAST, first_s=0.9), SLOW))
    assert names(pace_causes(SLOW, SLOW)) == ["one_row"], "no difference, nothing that explains it"


def test_the_floor_is_the_weights_once_through_memory():
    assert floor_s(FAST, ROOF) == pytest.approx(6e6 / 4e10), "as fast as what fits into 6 MB"
    assert floor_s(SLOW, ROOF) == pytest.approx(24e6 / 2e10)
    assert floor_s(SLOW, Ceiling(1)) is None


def test_every_sentence_is_there_in_both_languages():
    causes = [*pace_causes(replace(FAST, first_s=0.03), SLOW)]
    causes += pace_causes(replace(FAST, first_s=0.9), SLOW)
    assert {"prompt", "one_row", "fewer_bytes", "saved", "added"} <= set(names(causes))
    for cause in causes:
        for language in ("en", "zh"):
            assert f"cause.{cause.name}" in TEXTS
            assert "{" not in cause_words(cause.to_json(), language)
    assert stretch_words(SLOW.to_json(), "en").startswith("One row at a time, 175")


def test_a_run_is_explained_against_its_reference_and_memory(stored):
    told = views.why(stored, "int8")
    assert told["profile"] is None
    assert told["pace"]["token_s"] == pytest.approx(FAST.token_s)
    assert told["least_s"] == pytest.approx(6e6 / 4e10)
    assert {cause["name"] for cause in told["causes"]} == {"saved", "one_row", "fewer_bytes"}

    assert views.why(stored, "card")["least_s"] is None, "its memory is that of the GPU"
    assert "int8" not in views.limits(stored)["limits"], "a floor per token is no time of a run"


def test_the_command_tells_it(stored, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["why", "int8", "--layers"])
    words = capsys.readouterr().out

    assert ended.value.code == 0
    assert "75 % fewer bytes of weights" in words
    assert "1.0\u202fms for each further one" in words
    assert "15 % of what this machine's memory allows" in words
    with pytest.raises(SystemExit):
        main(["why", "int8", "--json"])
    assert json.loads(capsys.readouterr().out)["pace"]["tokens"] == 32


class Explaining(Recorder):
    def why(self, run_id):
        return self.told

    def limits(self):
        return {}


def test_the_card_tells_it_without_asking_to_measure_again(stored, home):
    client = Explaining(stored.runs())
    client.told = views.why(stored, "int8")
    session = Session(client, home)
    state = WhyState(ExploreState(CompressState(session, Recipe(Torch()))))
    panel = WhyPanel(state)
    session.task, session.model = "shopdesk", stored.run("int8").model
    session.start()
    session.selected = "int8"

    assert "75 % fewer bytes of weights" in panel.body.html
    assert "measure it again" not in panel.body.html
    assert "memory allows: reading the weights once" in panel.body.html
    assert 'data-act="layers"' not in panel.body.html
    state.found = {**state.found, "least_s": None}
    assert "measure it (30 s)" in panel.body.html
    session.language = "zh"
    assert "每个词元读取的权重字节比参照少 75 %" in panel.body.html
