"""The data set of news: every type, phrasing and value; what is held out is held out."""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import re
from pathlib import Path

import pytest

from case_studies.news_generation import corpus as made
from case_studies.news_generation.events import LANGUAGES, checked, events
from case_studies.news_generation.grammar import MOST, SLOT, Writer, count, phrases, told
from case_studies.news_generation.values import Values
from workbench.core.errors import BadInput

EVERY = [(event, language) for event in events() for language in LANGUAGES]
RECORD = {
    "type": "earthquake",
    "language": "en",
    "slots": {
        **{"place": "Ostmere", "magnitude": 6.3, "depth": 12, "date": "2026-03-07"},
        "time": "14:35",
    },
}


@pytest.mark.parametrize(("event", "language"), EVERY)
def test_a_type_has_thirty_phrasings_and_knows_its_slots(event, language):
    known = {slot.name for slot in events()[event].slots if not slot.outcome}
    lines = [line for part in phrases(event, language).values() for line in part]

    assert count(event, language) >= 30
    assert all(line.slots <= known for line in lines)
    assert len({line.text for line in lines}) == len(lines)
    assert known == set().union(*(line.slots for line in lines))
    for line in lines:
        assert line.text.count("[") == line.text.count("]")
        assert not any(SLOT.search(x) for x in re.findall(r"\[[^\]]*\]", line.text))
        if language == "en":  # a value stands after a space, so that names are cut alike
            assert re.search(r"\{\w+\}-\{\w+\}", line.text) or not re.search(r"[^\s]\{", line.text)
            assert not re.search(r"\b[Aa]n? \{", line.text), line.text
    for (section, _), part in phrases(event, language).items():
        stop = "." if language == "en" else "。"
        assert all(line.text.endswith(stop) == (section != "headline") for line in part)


@pytest.mark.parametrize(("event", "language"), EVERY)
def test_every_fact_is_told_in_one_to_four_sentences(event, language):
    for pair in made.pairs("train", event, language, 60):
        stops = len(re.findall(r"。|\.(?=\s|$)", pair.brief.body))
        texts = f"{pair.brief.headline}\n{pair.brief.body}"

        assert 1 <= stops <= MOST
        assert not re.search(r"[\[\]{}|]|\s\s", texts)
        for name in told(pair.record):
            if pair.record.event.slot(name).kind not in ("number", "date", "time", "choice"):
                assert str(pair.record.slots[name]) in pair.brief.body


def test_a_record_can_always_be_told():
    rng = random.Random(1)
    for event, language in EVERY:
        writer, values = Writer(rng), Values(language, "train", rng)
        for _ in range(30):
            writer.brief(values.record(events()[event]))


def test_it_is_made_anew_bit_by_bit():
    first, again = (list(made.pairs("test", "market_close", "zh", 20)) for _ in range(2))

    assert first == again
    assert len({tuple(pair.record.slots.items()) for pair in first}) == 20


def test_it_is_the_data_set_that_its_card_tells_of():
    """Bit by bit: the hashes of the parts, but for the largest, which the same lines make."""
    card = (Path(made.__file__).parent / "DATA.md").read_text(encoding="utf-8")
    told = {name: digest for digest, name in re.findall(r"^([0-9a-f]{64}) (\S+)$", card, re.M)}

    for split in ("validation", "test"):
        assert hashlib.sha256(made.lines(split)).hexdigest() == told[f"{split}.jsonl"]
    again = hashlib.sha256(made.lines("test", transfer=True)).hexdigest()
    assert again == told["transfer-test.jsonl"]


@pytest.mark.parametrize(("event", "language"), EVERY)
def test_no_value_of_the_test_split_occurs_in_training(event, language):
    kinds = {slot.name: slot.kind for slot in events()[event].slots}
    seen, new = set(), set()
    for pair in itertools.islice(made.pairs("train", event, language, 400), 400):
        seen |= {(kinds[k], str(v)) for k, v in pair.record.slots.items()}
    for pair in made.pairs("test", event, language, 50):
        new |= {(kinds[k], str(v)) for k, v in pair.record.slots.items() if kinds[k] != "choice"}

    assert new
    assert not new & seen


def test_a_record_of_somebody_is_checked():
    assert checked(RECORD).slots["magnitude"] == 6.3
    text = {**RECORD, "slots": {**RECORD["slots"], "magnitude": "6.3"}}
    assert checked(text) == checked(RECORD)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"magnitude": None}, "magnitude (missing)"),
        ({"magnitude": "strong"}, "3.6 to 8.4"),
        ({"magnitude": 63}, "3.6 to 8.4"),
        ({"magnitude": True}, "3.6 to 8.4"),
        ({"date": "7 March"}, "2026-03-07"),
        ({"time": "25:00"}, "14:35"),
        ({"place": "x" * 61}, "at most 60"),
        ({"place": "Ost<|body|>mere"}, "at most 60"),
        ({"place": 7}, "at most 60"),
        ({"colour": "red"}, "slots of earthquake"),
    ],
)
def test_a_slot_that_is_wrong_is_named(change, said):
    with pytest.raises(BadInput, match=re.escape(said)):
        checked({**RECORD, "slots": {**RECORD["slots"], **change}})


@pytest.mark.parametrize("given", [None, [], {}, {"type": "war"}, {**RECORD, "language": "fr"}])
def test_what_is_no_record_is_refused(given):
    with pytest.raises(BadInput):
        checked(given)


def test_the_model_that_ships_writes_as_its_card_says():
    """On the first briefs of the test split; its scores are those of all of them."""
    from case_studies.news_generation.scores import scores
    from case_studies.news_generation.study import FOLDER

    told = json.loads((FOLDER / "scores.json").read_text(encoding="utf-8"))
    digest = hashlib.sha256((FOLDER / "model.safetensors").read_bytes()).hexdigest()
    assert digest in (FOLDER / "README.md").read_text(encoding="utf-8")
    assert (FOLDER / "model.safetensors").stat().st_size <= 24_000_000

    found = scores(FOLDER, made.corpus("test")[:64])

    for language in ("en", "zh"):
        assert abs(found[language]["fidelity"] - told[language]["fidelity"]) < 0.15
