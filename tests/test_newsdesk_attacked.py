"""The check of facts on briefs that are not of the grammar: those that once deceived it.

Each line of ``newsdesk_attacked.jsonl`` is a text about one of the records below, the slots that
it has wrong or does not tell, and what it invents; those with nothing of it must not be faulted.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from case_studies.news_generation.events import checked as whole
from case_studies.news_generation.facts.check import checked

# name: type, language, slots that every text is held against, slots that some are
RECORDS = {
    "game": (
        "match_result",
        "en",
        {
            "home": "Ashford Rovers",
            "away": "Milldown Foxes",
            "home_points": 98,
            "away_points": 87,
            "venue": "Elmford",
            "date": "2026-03-07",
        },
        {},
    ),
    "away_game": (
        "match_result",
        "en",
        {
            "home": "Redmere City",
            "away": "Hallow Point Stags",
            "home_points": 83,
            "away_points": 95,
            "venue": "Wendlesea",
            "date": "2026-05-02",
        },
        {},
    ),
    "results": (
        "company_results",
        "en",
        {
            "company": "Tessandra Group",
            "period": "third quarter",
            "revenue": 840.0,
            "direction": "up",
            "change": 7.5,
            "profit": 103.8,
        },
        {},
    ),
    "quake": (
        "earthquake",
        "en",
        {
            "place": "Sunder Bay",
            "magnitude": 5.9,
            "depth": 17,
            "date": "2026-05-11",
            "time": "02:10",
        },
        {},
    ),
    "warning": (
        "weather_warning",
        "en",
        {
            "hazard": "heavy rain",
            "level": "yellow",
            "region": "Pinefold",
            "start": "2026-06-30",
            "hours": 36,
        },
        {},
    ),
    "vote": (
        "election_count",
        "en",
        {
            "place": "Port Maron",
            "winner": "Ottilie Grange",
            "party": "Harbour Party",
            "share": 61.3,
            "runner_up": "Felix Rowe",
            "runner_share": 24.0,
        },
        {"turnout": 70.2},
    ),
    "launch": (
        "product_launch",
        "en",
        {
            "company": "Aldine Optical",
            "product": "Vista R8",
            "category": "camera",
            "price": 2399,
            "date": "2026-02-03",
        },
        {"battery": 15},
    ),
    "road": (
        "traffic_disruption",
        "en",
        {
            "road": "A1108",
            "from": "Kestrel Hill",
            "to": "Dunmarrow",
            "cause": "landslide",
            "time": "05:30",
            "delay": 90,
        },
        {"detour": "B47"},
    ),
    "market": (
        "market_close",
        "en",
        {
            "index": "Tidewater 200",
            "direction": "down",
            "change": 4.2,
            "close": 9907.0,
            "date": "2026-12-01",
        },
        {"top_company": "Bramley Optics", "top_change": 6.3},
    ),
    "deal": (
        "acquisition",
        "en",
        {
            "buyer": "Pellworth Chemicals",
            "target": "Orrin Plastics",
            "price": 720.0,
            "stake": 66.7,
            "date": "2026-08-11",
        },
        {},
    ),
    "fair": (
        "festival",
        "en",
        {
            "festival": "Glasshouse Festival",
            "place": "Fallowdene",
            "date": "2026-04-10",
            "days": 21,
            "visitors": 12750,
        },
        {},
    ),
    "比赛": (
        "match_result",
        "zh",
        {
            "home": "岚山羚羊队",
            "away": "平洲雄狮队",
            "home_points": 98,
            "away_points": 87,
            "venue": "岚山市",
            "date": "2026-04-04",
        },
        {},
    ),
    "业绩": (
        "company_results",
        "zh",
        {
            "company": "泰盛集团",
            "period": "第三季度",
            "revenue": 840.5,
            "direction": "上升",
            "change": 7.5,
            "profit": 103.8,
        },
        {"chief": "罗安平"},
    ),
    "地震": (
        "earthquake",
        "zh",
        {"place": "海棠市", "magnitude": 5.9, "depth": 17, "date": "2026-05-11", "time": "02:10"},
        {},
    ),
    "预警": (
        "weather_warning",
        "zh",
        {
            "hazard": "暴雨",
            "level": "黄色",
            "region": "柳溪县",
            "start": "2026-06-30",
            "hours": 36,
        },
        {"wind": 95, "forecaster": "阮清和"},
    ),
    "选举": (
        "election_count",
        "zh",
        {
            "place": "东屿市",
            "winner": "陈望舒",
            "party": "绿色联盟",
            "share": 61.3,
            "runner_up": "何立本",
            "runner_share": 24.0,
        },
        {"turnout": 70.2},
    ),
    "新品": (
        "product_launch",
        "zh",
        {
            "company": "明睿光学",
            "product": "星澜X8",
            "category": "相机",
            "price": 2399,
            "date": "2026-02-03",
        },
        {},
    ),
    "路况": (
        "traffic_disruption",
        "zh",
        {
            "road": "G42国道",
            "from": "松岭镇",
            "to": "柳溪县",
            "cause": "山体滑坡",
            "time": "05:30",
            "delay": 90,
        },
        {"detour": "解放大道"},
    ),
    "收购": (
        "acquisition",
        "zh",
        {
            "buyer": "海岳化工",
            "target": "永塑材料",
            "price": 720.0,
            "stake": 66.7,
            "date": "2026-08-11",
        },
        {},
    ),
    "节": (
        "festival",
        "zh",
        {
            "festival": "琉璃艺术节",
            "place": "东屿市",
            "date": "2026-04-10",
            "days": 21,
            "visitors": 12750,
        },
        {"ticket": 15},
    ),
}


def lines(name):
    text = (Path(__file__).parent / name).read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


CASES = lines("newsdesk_attacked.jsonl")
# of records of the corpus, in a reporter's own words; with slots of their own
REPORTED = lines("newsdesk_reported.jsonl")


def named(case):
    return f"{case['kind']}: {case['text'].partition(chr(10))[2]:.60}"


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_brief_of_another_hand_is_read_right(case):
    kind, language, always, sometimes = RECORDS[case["record"]]
    slots = {**always, **{name: sometimes[name] for name in case["more"]}}
    held({**case, "type": kind, "language": language, "slots": slots})


@pytest.mark.parametrize("case", REPORTED, ids=lambda x: f"{x['type']}: {x['text']:.60}")
def test_a_reporters_brief_is_read_right(case):
    held(case)


def held(case):
    """Hold the check to what a case says of its text."""
    slots, text = case["slots"], case["text"]
    record = whole({"type": case["type"], "language": case["language"], "slots": slots})
    told = checked(record, text)
    wanted = {**dict.fromkeys(case["wrong"], "wrong"), **dict.fromkeys(case["missing"], "missing")}
    pieces = [text[start:end] for start, end in told.invented]

    assert {x.slot: x.status for x in told.facts} == {**dict.fromkeys(slots, "right"), **wanted}
    assert len(pieces) == len(case["invented"]), pieces
    assert all(any(x in y or y in x for y in pieces) for x in case["invented"]), pieces


def test_half_of_them_are_right():
    right = [x for x in CASES if not (x["wrong"] or x["missing"] or x["invented"])]

    assert len(CASES) >= 60
    assert 0.4 < len(right) / len(CASES) < 0.6
    assert {x["kind"] for x in CASES if x in right} == {x["kind"] for x in CASES}
