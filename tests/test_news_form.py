"""Events of the news page as a form: drawn, edited, refused in words of both languages."""

from __future__ import annotations

import re
import string

import pytest
from news_desk import QUAKE, desk, quake

from case_studies.news_generation import desk_words
from case_studies.news_generation.desk_drafts import drawn, fields, record_of, written
from case_studies.news_generation.desk_texts import TEXTS, told
from case_studies.news_generation.events import LANGUAGES, events
from workbench.core.errors import BadInput

EVERY = [(event, language) for event in events() for language in LANGUAGES]


@pytest.mark.parametrize(("event", "language"), EVERY)
def test_an_event_is_drawn_for_every_type_and_is_a_record(event, language):
    slots = drawn(event, language, 3)
    record = record_of(event, language, slots)

    assert written(record) == slots
    assert drawn(event, language, 4) != slots
    for page in LANGUAGES:
        shown = fields(event, language, page)
        assert [field.name for field in shown] == list(slots)
        assert all(field.label for field in shown)
        assert not any(re.search(r"[A-Za-z]{3}", x.label) for x in shown if page == "zh")


def test_every_slot_and_unit_of_the_events_has_its_words():
    slots = [slot for event in events().values() for slot in event.slots]

    assert {slot.name for slot in slots} == set(desk_words.SLOTS)
    assert {slot.unit for slot in slots if slot.unit} == set(desk_words.UNITS)


@pytest.mark.parametrize("key", TEXTS)
def test_a_text_of_the_page_is_there_in_both_languages_with_the_same_values(key):
    english, chinese = TEXTS[key]

    def names(words):
        return sorted(name for _, name, _, _ in string.Formatter().parse(words) if name)

    assert english.strip()
    assert chinese.strip()
    assert names(english) == names(chinese)


@pytest.mark.parametrize(
    ("slot", "value", "english", "chinese"),
    [
        (
            "place",
            "",
            "Place (missing): expected a name",
            "地点（缺失）：应为不超过 60 个字符的名称",
        ),
        (
            "magnitude",
            "big",
            "Magnitude = 'big': expected a number from 3.6",
            "震级 = 'big'：应为介于",
        ),
        ("depth", "9999", "a number from 5 to 260", "介于 5 与 260 之间的数；请改正"),
        ("date", "yesterday", "a date such as", "形如 2026-03-07 的日期"),
        ("time", "25:00", "a time such as", "形如 14:35 的时间"),
        ("place", "<b>Ostmere</b>", "Place = '<b>Ostmere</b>'", "地点 = '<b>Ostmere</b>'"),
        ("place", "Ost\x07mere", r"Place = 'Ost\x07mere'", r"地点 = 'Ost\x07mere'"),
    ],
)
def test_a_slot_that_is_missing_or_mistyped_is_one_sentence(home, slot, value, english, chinese):
    state = quake(desk(home))
    state.event.set_slot(slot, value)
    state.write()

    assert english in state.event.trouble
    state.session.language = "zh"
    assert chinese in state.event.trouble
    assert state.session.client.asked == []
    state.event.set_slot(slot, QUAKE[slot])
    assert state.event.trouble == "", "the sentence goes as soon as the slot is right"


@pytest.mark.parametrize(
    ("event", "changes", "said"),
    [
        ("market_close", {"top_company": "A Group", "top_change": ""}, "变动最大的公司与其涨跌幅"),
        (
            "match_result",
            {"home_points": "70", "away_points": "70"},
            "主队、客队、主队得分与客队得分",
        ),
        ("weather_warning", {"level": "pink"}, "下列之一：blue, yellow, orange, red"),
    ],
)
def test_slots_that_do_not_go_together_are_told_under_their_names(event, changes, said):
    with pytest.raises(BadInput) as refused:
        record_of(event, "en", {**drawn(event, "en", 1), **changes})
    sentence = told(refused.value, "zh")

    assert said in sentence
    assert "_" not in sentence
