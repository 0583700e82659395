"""The news page without a page: events that are picked or typed, two sides, every fact."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from news_desk import BRIEF, QUAKE, all_texts, desk, model, quake, result

import workbench
from case_studies.news_generation.desk_drafts import record_of
from case_studies.news_generation.desk_session import DeskSession
from case_studies.news_generation.desk_sides import ORIGINAL, SIDES, WAYS, Side
from case_studies.news_generation.desk_state import DeskState
from case_studies.news_generation.desk_tree import fact_rows, side_tree
from case_studies.news_generation.events import Record
from case_studies.news_generation.facts.check import checked
from case_studies.news_generation.tokens import BODY, HEADLINE, prompt
from workbench.core.errors import BadInput


def test_both_sides_are_asked_alike(home):
    state = quake(desk(home))
    state.write()
    first, second = state.session.client.asked

    assert first.request["prompts"] == [prompt(record_of("earthquake", "en", QUAKE))]
    assert {k: first.request[k] for k in ORIGINAL} == ORIGINAL
    assert second.request["prompts"] == first.request["prompts"]
    assert second.request["sampling"] == first.request["sampling"]


def test_facts_are_ticked_as_the_text_comes(home):
    state = quake(desk(home))
    client = state.session.client
    state.write()
    client.write("j9", "of somebody else")
    client.write("j0", " Earthquake of 6.3 hits")
    assert [side.text for side in state.sides] == [" Earthquake of 6.3 hits", ""]
    rows = fact_rows(state.sides[0], state.session.say, "en")
    assert {row[0]: row[3] for row in rows}["Magnitude"] == "right"
    assert {row[3] for row in rows} == {"right", "pending"}, "nothing is wrong before the end"
    text = f" {BRIEF.headline}{BODY} {BRIEF.body}"
    client.write("j0", text.removeprefix(" Earthquake of 6.3 hits"))
    client.end("j0", result=result(text))
    client.end("j1", result=result(text, tokens=80))

    original, compressed = state.sides
    assert original.whole == f"{BRIEF.headline}\n{BRIEF.body}"
    assert original.told == checked(original.record, original.whole)
    assert (original.rate, compressed.rate) == (20.0, 40.0)
    assert compressed.text == text, "what was lost on the way is in the result"
    assert not state.busy
    rows = fact_rows(original, state.session.say, "en")
    assert [(name, status) for name, _, _, status in rows] == [
        *(("Place", "right"), ("Magnitude", "right"), ("Depth", "wrong"), ("Date", "right")),
        *(("Time", "right"), ("Not in the event", "invented")),
    ]
    assert rows[-1][2].startswith("340")


def test_a_card_holds_texts_and_no_markup(home):
    record = Record("earthquake", "en", {"place": "Ostmere", "magnitude": 6.3})
    hostile = "<img src=x onerror=alert()> \u202e\x07 340 people"
    side = Side("original", status="done", record=record, text=f"Ostmere{BODY}{hostile}")
    side = replace(side, told=checked(record, side.whole))
    words = list(all_texts(side_tree(side, desk(home).session.say, "en")))

    assert "".join(words).count("<img src=x onerror=alert()>") == 1
    assert "\\u202e\\x07" in "".join(words)
    assert "invented" in words
    assert all(isinstance(word, str) for word in words)
    tags = json.dumps(side_tree(side, desk(home).session.say, "en"))
    assert '"tag": "img"' not in tags


def test_stopping_cancels_both_and_keeps_what_was_written(home):
    state = quake(desk(home))
    client = state.session.client
    state.write()
    client.write("j0", " Earth")
    state.stop()
    client.end("j0", "cancelled")
    client.end("j1", "cancelled")

    assert client.cancelled == ["j0", "j1"]
    assert [(side.status, side.text) for side in state.sides] == [
        ("stopped", " Earth"),
        ("stopped", ""),
    ]
    rows = fact_rows(state.sides[0], state.session.say, "en")
    assert {row[3] for row in rows} == {"pending"}


def test_a_refusal_is_told_where_it_belongs(home):
    state = quake(desk(home))
    client = state.session.client
    client.refuse = {0: BadInput("model x", "a model that writes", "choose another model")}
    state.write()

    assert "a model that writes" in state.trouble
    assert [side.status for side in state.sides] == ["empty", "empty"]
    assert len(client.asked) == 1, "what is wrong with one is wrong with both"
    client.refuse = {2: BadInput("recipe", "an engine", "install it")}
    state.write()
    assert state.trouble == ""
    assert [side.status for side in state.sides] == ["busy", "failed"]
    client.end("j1", "failed", error=BadInput("memory", "more", "close programs").to_json())
    assert state.sides[0].trouble.startswith("memory: expected more")


def test_above_temperature_0_every_click_draws_anew_on_both_sides_alike(home):
    state = quake(desk(home))
    client = state.session.client
    state.models.set_sampling(temperature=0.8, top_p=0.9, tokens=50)
    for _ in range(2):
        state.write()
        for job in client.jobs()[-2:]:
            client.end(job.id, result=result("x"))
    drawn_with = [job.request["sampling"] for job in client.jobs()]

    assert drawn_with[0] == drawn_with[1]
    assert drawn_with[2] == drawn_with[3]
    assert drawn_with[0]["seed"] != drawn_with[2]["seed"]
    assert drawn_with[0] | {"seed": 0} == {
        **{"tokens": 50, "temperature": 0.8, "top_p": 0.9, "seed": 0}
    }
    state.models.set_sampling(temperature=9.0)
    assert "from 0 to 2" in state.models.trouble
    assert state.models.sampling.temperature == 0.8


def test_a_free_prompt_goes_as_it_is_and_has_no_facts(home, tmp_path):
    state = desk(home)
    folder = str(model(tmp_path / "open"))
    state.choose_mode("free")
    state.open_model(folder)
    state.prompt = "<b>Once</b> upon"
    state.write()
    job = state.session.client.asked[-1]

    assert job.request["prompts"] == ["<b>Once</b> upon"]
    assert job.request["model"] == folder
    assert state.models.longest == 320, "as many tokens as the model holds"
    assert state.models.span("tokens").high == 320
    state.session.client.write(job.id, " a time")
    assert fact_rows(state.sides[1], state.session.say, "en") == []
    assert "<b>Once</b> upon" in all_texts(side_tree(state.sides[1], state.session.say, "en"))


def test_a_stranger_names_no_files(home, tmp_path):
    state = desk(home, published=True, public=True)
    state.choose_mode("free")
    state.open_model(str(model(tmp_path / "open")))

    assert "a model or task of the list" in state.models.trouble
    assert state.session.model == "newsdesk-lm"


def test_the_model_is_warmed_once_and_quietly(home):
    state = desk(home)
    client = state.session.client
    client.refuse = {0: BadInput("model", "one", "choose")}
    state.warm()
    state.warm()

    assert len(client.asked) == 1
    assert state.session.trouble == state.trouble == ""
    state = desk(home)
    state.warm()
    request = state.session.client.asked[0].request
    assert request["sampling"] == {"tokens": 1}
    assert not state.busy, "nobody waits for it"


def test_both_sides_are_warmed_each_as_it_will_write(home):
    state = desk(home)
    state.models.way = "openvino_int8"
    state.warm()
    asked = [x.request for x in state.session.client.asked]
    assert [x.get("recipe", {}).get("runtime", {}).get("name") for x in asked] == [
        None,
        "openvino",
    ]
    state.models.way = "openvino_int4"  # another way is another model
    assert state.session.client.asked[-1].request["recipe"]["techniques"][0]["bits"] == 4
    assert len(state.session.client.asked) == 3


def test_a_model_is_warmed_again_when_somebody_comes_back_to_an_event(home, monkeypatch):
    state = desk(home)
    clock = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    state.event.another()
    assert state.session.client.asked == [], "a page that is not open yet asks for nothing"
    state.warm()
    for seconds, asked in ((5, 1), (90, 2), (5, 2)):
        clock[0] += seconds
        state.event.another()
        assert len(state.session.client.asked) == asked


def test_another_event_can_be_had_back_and_a_language_brings_its_own(home):
    state = quake(desk(home))
    state.event.another()
    assert state.event.slots != QUAKE
    state.event.take_back()
    assert state.event.slots == QUAKE
    state.session.language = "zh"
    assert state.event.told_in == "en", "what was typed stays"

    fresh = desk(home)
    fresh.session.language = "zh"
    assert fresh.event.told_in == "zh"
    assert re.search("[一-鿿]", fresh.event.slots["venue"])


def test_a_way_that_is_not_here_is_passed_over_with_its_reason(home, monkeypatch):
    from case_studies.news_generation import desk_sides

    monkeypatch.setattr("workbench.recipes.registry.installed", lambda module: False)
    desk_sides.unusable.cache_clear()
    try:
        state = desk(home)
        assert "openvino is not installed" in state.models.why_not("openvino")
        assert "nncf is not installed" in state.models.why_not("openvino_int8")
        state.models.choose_way("openvino")
        assert state.models.way == "torch"
        assert desk_sides.first_usable() == "torch"
    finally:
        desk_sides.unusable.cache_clear()


def test_a_real_model_writes_on_both_sides(home, tmp_path):
    client = workbench.connect(inline=True)
    session = DeskSession(client, home)
    state = DeskState(session, str(model(tmp_path / "lm")))
    session.start()
    state.models.way = "torch"
    state.models.set_sampling(tokens=12)
    heard = []
    state.observe(lambda change: heard.append(change.new[0].text), ["sides"])
    quake(state).write()

    original, compressed = state.sides
    assert [side.status for side in state.sides] == ["done", "done"], original.trouble
    assert original.text == compressed.text != ""
    assert (original.tokens, compressed.tokens) == (12, 12)
    assert 0 < original.first_s <= original.seconds
    assert any(0 < len(text) < len(original.text) for text in heard) or len(set(heard)) == 2
    assert len(original.told.facts) == 5
    assert set(SIDES) == {original.name, compressed.name}
    assert WAYS[compressed.way] == ORIGINAL
    assert HEADLINE not in original.text
