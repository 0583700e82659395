"""Pairs with other names and numbers: the same story, told of somebody else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_studies.news_generation.corpus import corpus
from case_studies.news_generation.events import Record
from case_studies.news_generation.facts.check import checked
from case_studies.news_generation.tokens import parsed, prompt, target
from workbench.training.exchanged import exchanged

FIELDS = ["name", "city", "price", "seats"]


def values(text):
    return dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)


def one(text, target, others=()):
    texts, targets = exchanged([text, *others], [target, *("" for _ in others)], 0)
    return values(texts[0]), targets[0]


def test_every_fact_of_an_exchanged_brief_is_still_told():
    """200 briefs of both languages; the check of facts knows nothing of the exchange."""
    pairs = corpus("validation", transfer=True)
    given = [prompt(pair.record) for pair in pairs]
    texts, targets = exchanged(given, [target(pair) for pair in pairs], 5)

    assert all(text != before for text, before in zip(texts, given, strict=True))
    for pair, text, told in zip(pairs, texts, targets, strict=True):
        new, old = values(text.replace("<|headline|>", "")), pair.record.slots
        slots = {name: type(old[name])(value) for name, value in new.items()}
        brief = parsed(told.removesuffix("<|end|>"))
        record = Record(pair.record.type, pair.record.language, slots)
        assert checked(record, f"{brief.headline}\n{brief.body}").fidelity == 1


def test_a_value_is_exchanged_wherever_it_stands_by_itself():
    new, told = one(
        "name: Ann Bo\nseats: 12\nprice: 1234.5",
        "Ann Bo has 12 seats, not 120, at 1,234.5. Ann Boes has 12.5. 12!",
        ["name: Cy Di"],
    )
    seats, price = new["seats"], float(new["price"])
    assert told == (
        f"{new['name']} has {seats} seats, not 120, at {price:,}. Ann Boes has 12.5. {seats}!"
    )
    assert len(seats) == 2
    assert new["name"] in ("Ann Bo", "Ann Di", "Cy Bo", "Cy Di")


def test_a_value_is_left_out_with_the_sentence_that_tells_it_alone():
    text = "name: Ann Bo\nseats: 12\nprice: 34.5\nend: 7"
    told = (
        "Ann Bo opens<|body|> Ann Bo has come. There are 12 seats. For 34.5, stay until 7.<|end|>"
    )
    found = {tuple(values(exchanged([text], [told], seed)[0][0])) for seed in range(20)}
    assert found == {("name", "seats", "price", "end"), ("name", "price", "end")}
    for seed in range(20):
        texts, targets = exchanged([text], [told], seed)
        assert ("seats" in texts[0]) == ("seats." in targets[0])
        assert targets[0].endswith(".<|end|>")


def test_what_is_told_in_other_words_stays_in_both():
    text = "date: 2026-03-07\nteam: red\nvisitors: 48000"
    assert exchanged([text], ["On 7 March the red team drew 48 thousand."], 1) == (
        [text],
        ["On 7 March the red team drew 48 thousand."],
    )


def test_numbers_keep_their_order():
    for seed in range(20):
        texts, targets = exchanged(["home: 98\naway: 87"], ["They won 98–87."], seed)
        new = values(texts[0])
        assert int(new["home"]) > int(new["away"])
        assert targets == [f"They won {new['home']}–{new['away']}."]


def test_chinese_names_are_put_together_from_others():
    texts, targets = exchanged(
        ["买方：星邦科技\n价格：30", "买方：万源制药"], ["星邦科技出价30亿元", ""], 3
    )
    name, price = (line.partition("：")[2] for line in texts[0].splitlines())
    assert targets[0] == f"{name}出价{price}亿元"
    assert set(name) <= set("星邦科技万源制药")


def test_a_seed_is_an_exchange():
    pairs = corpus("validation", transfer=True)[:20]
    given = [prompt(pair.record) for pair in pairs], [target(pair) for pair in pairs]
    assert exchanged(*given, 1) == exchanged(*given, 1)
    assert exchanged(*given, 1) != exchanged(*given, 2)


@pytest.mark.parametrize("text", ["", "tell me of rain", "a:", ": b", "\ue000", "name: \ue0ff"])
def test_other_prompts_stay_as_they_are(text):
    assert exchanged([text], [text], 0) == ([text], [text])


@given(
    st.lists(st.tuples(st.text(max_size=40), st.text(max_size=60)), max_size=4),
    st.lists(st.sampled_from(["Ann", "12", "0.5", "北京市", "", "007"]), min_size=4, max_size=4),
)
def test_any_pairs_come_back_as_many(pairs, drawn):
    lines = "\n".join(f"{k}: {v}" for k, v in zip(FIELDS, drawn, strict=True))
    given = [(f"{text}\n{lines}", f"{told} {' '.join(drawn)}") for text, told in pairs]
    texts, targets = exchanged([a for a, _ in given], [b for _, b in given], 0)
    assert len(texts) == len(targets) == len(pairs)
    assert all(not re.search("[\ue000-\ue1ff]", x) for x in (*texts, *targets)) or any(
        re.search("[\ue000-\ue1ff]", a + b) for a, b in given
    )
