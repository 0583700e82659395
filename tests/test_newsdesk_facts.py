"""The check of facts: briefs marked by hand, those of the grammar, and faults put into them."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from case_studies.news_generation.corpus import Pair, pairs
from case_studies.news_generation.events import LANGUAGES, Record, events
from case_studies.news_generation.facts.check import checked, to_json
from case_studies.news_generation.values import Values
from case_studies.news_generation.wording import Style, worded

MARKED = [
    json.loads(line)
    for line in (Path(__file__).parent / "newsdesk_marked.jsonl").read_text("utf-8").splitlines()
]
EVERY = [(event, language) for event in events() for language in LANGUAGES]


def text_of(pair: Pair) -> str:
    return f"{pair.brief.headline}\n{pair.brief.body}"


def test_hand_marks_are_met():
    """150 briefs, 50 of them not from the grammar; the checker was mended with them in view."""
    found = Counter()
    for row in MARKED:
        text = f"{row['headline']}\n{row['body']}"
        told = checked(Record(row["type"], row["language"], row["slots"]), text)
        for fact in told.facts:
            wanted = next((x for x in ("missing", "wrong") if fact.slot in row[x]), "right")
            found["slots"] += 1
            found["as marked"] += fact.status == wanted
        pieces = [text[start:end] for start, end in told.invented]
        found["invented"] += len(row["invented"])
        found["seen"] += sum(any(x in y or y in x for y in pieces) for x in row["invented"])
        found["too many"] += sum(
            not any(x in y or y in x for y in row["invented"]) for x in pieces
        )

    assert len(MARKED) == 150
    assert sum(row["origin"] == "free" for row in MARKED) == 50
    assert found["as marked"] / found["slots"] >= 0.98
    assert found["seen"] / found["invented"] >= 0.9
    assert found["too many"] <= 4


@pytest.mark.parametrize(("event", "language"), EVERY)
def test_a_faultless_brief_is_found_faultless(event, language):
    told = [checked(pair.record, text_of(pair)) for pair in pairs("test", event, language, 40)]

    assert sum(one.fidelity == 1 for one in told) >= 39


@pytest.mark.parametrize(("event", "language"), EVERY)
def test_a_value_exchanged_for_another_is_found(event, language):
    """One slot's value is replaced in the whole text by another of its kind."""
    rng = random.Random(f"{event}{language}")
    fresh = Values(language, "validation", rng)
    found = tried = 0
    for pair in pairs("test", event, language, 40):
        slot = rng.choice(
            [
                s
                for s in pair.record.event.slots
                if s.name in pair.record.slots and s.kind != "choice"
            ]
        )
        text, other = text_of(pair), fresh.record(pair.record.event).slots.get(slot.name)
        if other is None:
            continue
        for place in range(8):  # the ways that a value can be worded
            style = Style(place / 8, place / 8, place / 8, place % 2)
            mine = worded(slot, pair.record.slots[slot.name], language, style, rng)
            text = text.replace(mine, worded(slot, other, language, style, rng))
        if text == text_of(pair) or str(other) in map(str, pair.record.slots.values()):
            continue
        tried += 1
        status = {fact.slot: fact.status for fact in checked(pair.record, text).facts}
        found += status[slot.name] != "right"

    assert tried >= 15
    assert found / tried >= 0.95


@pytest.mark.parametrize(("event", "language"), EVERY)
def test_a_slot_that_is_left_out_is_missing(event, language):
    """The record has an optional fact that the text was written without."""
    optional = [s.name for s in events()[event].slots if s.optional]
    assert optional, "every type has a fact that may be left out"
    rng = random.Random(f"{event}{language}")
    fresh = Values(language, "validation", rng)
    for pair in pairs("test", event, language, 30):
        absent = [name for name in optional if name not in pair.record.slots]
        more = fresh.record(pair.record.event).slots
        added = {name: more[name] for name in absent if name in more}
        slots = {
            s.name: {**pair.record.slots, **added}[s.name]
            for s in pair.record.event.slots
            if s.name in pair.record.slots or s.name in added
        }
        told = checked(Record(event, language, slots), text_of(pair))
        assert all(f.status == "missing" for f in told.facts if f.slot in added)


@pytest.mark.parametrize(
    ("language", "more"),
    [
        ("en", " Nine people were hurt."),
        ("en", " Mayor Rufus Hale spoke of 5.5 per cent."),
        ("en", " It will be decided on 9 June 2031."),
        ("zh", "另有3人受伤。"),
        ("zh", "市长贺立群表示满意。"),
        ("zh", "结果将于2031年6月9日公布。"),
    ],
)
def test_a_fact_that_is_added_is_invented(language, more):
    for event in ("earthquake", "product_launch", "traffic_disruption"):
        pair = next(pairs("test", event, language, 1))
        told = checked(pair.record, text_of(pair) + more)

        assert told.invented or any(f.status == "wrong" for f in told.facts)
        assert told.fidelity < 1


def test_what_it_says_can_be_shown():
    pair = next(pairs("test", "earthquake", "en", 1))
    told = checked(pair.record, text_of(pair))

    assert to_json(told, text_of(pair))["fidelity"] == 1
    for fact in told.facts:
        assert fact.spans
        assert all(0 <= start < end <= len(text_of(pair)) for start, end in fact.spans)


ROVERS = {"home": "Ashford Rovers", "away": "Milldown Foxes", "home_points": 98, "away_points": 87}
GAME = {**ROVERS, "venue": "Elmford", "date": "2026-03-07", "attendance": 12400}
WHERE = "in Elmford on 7 March, before 12,400 people."
BEAT = "Ashford Rovers beat Milldown Foxes 98-87"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (f"{BEAT} {WHERE}", set()),
        (f"{BEAT} {WHERE} While Rovers led, Foxes fought.", set()),
        (f"{BEAT.replace('87', '89')} {WHERE}", {"away_points"}),
        (f"Milldown Foxes beat Ashford Rovers 98-87 {WHERE}", {"home", "away"}),
        (f"Ashford Rovers won their home game against Ashford Rovers 98-87 {WHERE}", {"away"}),
        (f"{BEAT} {WHERE} It was a loss for Foxes in their home game.", {"home", "away"}),
        (f"{BEAT} {WHERE} Foxes lost at home.", {"home", "away"}),
        (f"{BEAT} {WHERE} Rovers won at home.", set()),
        (f"The hosts were not beaten. {BEAT} {WHERE}", set()),
        (f"{BEAT} {WHERE.replace('12,400', '12,4000')}", {"attendance"}),
        (f"{BEAT} {WHERE.replace('7 March', '9 March')}", {"date"}),
        (f"{BEAT} {WHERE} It ended at 7:30 in the morning.", {"+"}),
        (f"{BEAT} {WHERE} 另有3人受伤。", {"+"}),
    ],
)
def test_what_a_sub_editor_sees(text, wrong):
    told = checked(Record("match_result", "en", GAME), f"Rovers and Foxes meet\n{text}")
    found = {fact.slot for fact in told.facts if fact.status != "right"}

    assert found | ({"+"} if told.invented else set()) == wrong


@pytest.mark.parametrize(
    "text",
    ["一" + "亿" * 39, "九" * 5_000, "hundred " * 5_000, "4.2% up " * 5_000, "Aa x\n" * 5_000],
)
def test_a_text_without_end_takes_a_moment(text):
    for event, language in EVERY[:4]:
        pair = next(pairs("test", event, language, 1))
        started = time.process_time()
        checked(pair.record, text)
        assert time.process_time() - started < 5


@pytest.mark.parametrize("text", ["", "\n", "\0", "9" * 400, "<b>x</b>", "⟨home⟩", "百分之"])
def test_any_text_is_answered(text):
    for event, language in EVERY:
        pair = next(pairs("test", event, language, 1))
        told = checked(pair.record, text)

        assert all(fact.status in ("missing", "wrong") for fact in told.facts)
