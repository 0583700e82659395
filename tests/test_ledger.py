"""Which answers changed between two runs, and in which groups."""

from __future__ import annotations

import asyncio
import csv
import io
import json

import numpy as np
import pytest
from planted import SLICE, answers, found_in
from test_state import FASTER, REFERENCE, Recorder

from workbench.cli import main
from workbench.core.errors import BadInput
from workbench.core.records import Estimate, Run
from workbench.graphs import pixels
from workbench.i18n.texts_ledger import TEXTS
from workbench.jobs import views
from workbench.ledger import LOST, OTHER, SORTS, WON, Flip, Ledger, Named, exported, ledger
from workbench.ledger.exact import RATE
from workbench.ledger.groups import groups
from workbench.panels.ledger import LedgerPanel
from workbench.recipes.recipe import Recipe
from workbench.runtimes import Torch
from workbench.state.compress import CompressState
from workbench.state.explore import ExploreState
from workbench.state.ledger import PAGE, LedgerState
from workbench.state.session import Session
from workbench.stats.multiple import benjamini_hochberg, discrete_fdr
from workbench.store import Store
from workbench.tasks import Rows, find

CLASSES = ("delivery", "money", "product")
NAMED = Named("new", "old", "t", "test", CLASSES)
EVIL = "<img src=x onerror=alert(1)>"


def logits(answers_, classes=3, sure=4.0):
    made = np.zeros((len(answers_), classes), dtype=np.float32)
    made[np.arange(len(answers_)), answers_] = sure
    return made


def rows(labels, slices=None):
    texts = tuple(f"text {i}" for i in range(len(labels)))
    return Rows(texts, np.asarray(labels, dtype=np.int64), slices or {})


def test_every_row_that_changed_is_listed_once_the_worst_first():
    labels, before, after = [0, 0, 1, 2, 2, 1], [0, 0, 0, 2, 1, 0], [1, 0, 1, 2, 0, 0]
    scores = logits(after)
    scores[0, 1] = 9.0
    made = ledger(NAMED, rows(labels), logits(before), scores)

    assert [(f.row, f.kind) for f in made.flips] == [(0, LOST), (4, OTHER), (2, WON)]
    assert (made.n, made.right_before, made.right_after) == (6, 3, 3)
    assert (made.lost, made.won, made.other, made.changed) == (1, 1, 1, 3)
    first = made.flips[0]
    assert (first.label, first.before, first.after) == ("delivery", "delivery", "money")
    assert first.drop == pytest.approx(first.sure_before - (1 - first.sure_after), abs=0.01)
    assert made.verdict.verdict == "cannot tell"


def test_a_ledger_survives_json():
    labels = [0, 1, 2] * 20
    after = [(label + 1) % 3 if i % 3 == 0 else label for i, label in enumerate(labels)]
    slices = {"channel": tuple("ab" * 30)}
    made = ledger(NAMED, rows(labels, slices), logits(labels), logits(after))
    again = Ledger.from_json(json.loads(json.dumps(made.to_json())))

    assert again == made
    assert {g.column for g in again.groups} == {"", "channel"}
    worst = again.groups[0]
    assert (worst.value, worst.lost, worst.verdict.verdict) == ("delivery", 20, "worse")


def test_outputs_that_are_no_numbers_are_wrong_answers_and_break_nothing():
    broken = np.full((6, 3), np.nan, dtype=np.float32)
    made = ledger(NAMED, rows([1] * 6), logits([1] * 6), broken)

    assert made.lost == 6
    json.loads(json.dumps(made.to_json(), allow_nan=False))


def test_outputs_of_other_rows_are_refused():
    with pytest.raises(BadInput, match="measure it again"):
        ledger(NAMED, rows([0, 1]), logits([0, 1]), logits([0, 1, 2]))


def test_adjusted_p_values_are_those_of_benjamini_and_hochberg():
    from scipy.stats import false_discovery_control

    p = np.random.default_rng(0).random(40) ** 3
    assert benjamini_hochberg(p) == pytest.approx(false_discovery_control(p))
    assert discrete_fdr(p, np.zeros(40), 0.05) == pytest.approx(benjamini_hochberg(p))


def test_tests_that_can_find_nothing_do_not_count():
    p, smallest = [0.004, 0.5, *[1.0] * 60], [0.0001, 0.001, *[0.25] * 60]
    assert discrete_fdr(p, smallest, 0.05)[0] == pytest.approx(0.008)
    assert benjamini_hochberg(p)[0] == pytest.approx(0.248)


def test_a_harm_of_ten_points_on_a_slice_of_five_per_cent_is_found():
    """A sample of ``tests/torture/test_ledger.py``: there 100 of each."""
    told = [found_in(groups(*answers(2000, churn=0.01, seed=seed))) for seed in range(12)]
    assert sum(hit for hit, _ in told) >= 9
    assert np.mean([false for _, false in told]) <= 3 * RATE


def test_a_group_that_only_shares_rows_with_a_finding_is_explained_by_it():
    sides, classes, slices = answers(4000, churn=0.0, seed=3)
    everywhere = {
        **slices,
        "half": tuple("yes" if v == SLICE[1] else "no" for v in slices["kind"]),
    }
    where = np.array(slices["kind"]) == SLICE[1]
    some = where | (np.random.default_rng(0).random(4000) < 0.1)
    everywhere["wide"] = tuple("in" if x else "out" for x in some)
    made = {(g.column, g.value): g for g in groups(sides, classes, everywhere)}

    assert made[SLICE].verdict.verdict.startswith("worse")
    assert made["wide", "in"].verdict.verdict == "explained"
    assert made["wide", "in"].explained.endswith((SLICE[1], "yes"))


def test_a_column_that_tells_rows_apart_is_no_slice_column():
    sides, classes, _ = answers(500, churn=0.0, seed=0)
    made = groups(sides, classes, {"id": tuple(map(str, range(500)))})
    assert {g.column for g in made} == {""}


FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", "=cmd|' /C calc'!A0")


@pytest.mark.parametrize("evil", FORMULAS)
def test_no_cell_of_an_exported_csv_is_a_formula(evil):
    flip = Flip(0, evil, evil, evil, evil, LOST, -0.5, 0.5, 0.5, {evil: evil})
    table = list(csv.reader(io.StringIO(exported([flip], "csv"), newline="")))

    words = [cell for cell in (*table[0], *table[1]) if cell not in ("0", "-0.5", "0.5")]
    assert not [cell for cell in words if cell.lstrip(" ").startswith(tuple("=+-@\t\r＝"))]
    assert json.loads(exported([flip], "jsonl"))["text"] == evil


def test_half_a_character_does_not_stop_an_export():
    flip = Flip(0, "a\ud800b\0", "x", "y", "z", LOST, 0.5, 0.5, 0.5)
    for form in ("csv", "jsonl"):
        exported([flip], form).encode()


def stored(home, name, after, *, client="", reference=None, split="test", task="shopdesk"):
    """A run in the store with these answers."""
    labels = find("shopdesk").rows("test").labels
    right = float((np.asarray(after) == labels).mean())
    made = Run(
        *(name, name, "done", "m", task, split, Recipe(Torch()).to_json(), {}),
        reference=reference,
        metrics={"accuracy": Estimate(right, right, right, len(labels), "1")},
        client=client,
    )
    Store(home).save(made, logits(after, 24))
    return made


@pytest.fixture
def two(home):
    """A reference and a run with 40 answers changed."""
    labels = find("shopdesk").rows("test").labels
    after = np.where(np.arange(len(labels)) < 40, (labels + 1) % 24, labels)
    stored(home, "reference0", labels)
    stored(home, "candidate0", after, reference="reference0")
    return home


def test_a_run_that_is_not_there_has_no_flips(two):
    store = Store(two)
    assert views.flips(store, "candidate0")["lost"] == 40
    for run, against in (("candidate0", "nothing"), ("nothing", ""), ("../runs/candidate0", "")):
        with pytest.raises(BadInput, match="the id of a stored run"):
            views.flips(store, run, against)


def test_answers_to_rows_that_have_changed_since_are_refused(two):
    labels = find("shopdesk").rows("test").labels
    run = stored(two, "stale0", labels, reference="reference0")
    Store(two)
    path = two / "runs" / "stale0" / "run.json"
    told = run.to_json()
    told["metrics"]["accuracy"]["value"] = 0.5
    path.write_text(json.dumps(told))
    (two / "index.sqlite").unlink(missing_ok=True)
    with pytest.raises(BadInput, match="the rows that the task has now"):
        views.flips(Store(two), "stale0")


def test_the_command_prints_and_exports_what_changed(two, capsys, tmp_path):
    out = tmp_path / "flips.csv"
    with pytest.raises(SystemExit) as ended:
        main(["flips", "candid", "--export", str(out)])
    assert ended.value.code == 0
    assert "40 of 504 rows changed: 40 right → wrong" in capsys.readouterr().out
    assert len(list(csv.reader(out.open(newline="")))) == 41

    with pytest.raises(SystemExit):
        main(["flips", "candidate0", "--json"])
    assert Ledger.from_json(json.loads(capsys.readouterr().out)).lost == 40


def told(capsys, *given):
    with pytest.raises(SystemExit) as ended:
        main(["flips", "mixed0", *given])
    assert ended.value.code == 0
    return capsys.readouterr().out


@pytest.fixture
def mixed(two):
    """Beside a worse reference: 30 rows won, 20 lost, 10 wrong in another way."""
    labels = find("shopdesk").rows("test").labels
    place = np.arange(len(labels))
    before = np.where((place < 30) | (place >= 490), (labels + 1) % 24, labels)
    after = np.where((place >= 40) & (place < 60), (labels + 1) % 24, labels)
    after = np.where(place >= 494, (labels + 2) % 24, after)
    stored(two, "worse0", before)
    stored(two, "mixed0", after, reference="worse0")
    return two


def test_the_command_filters_and_sorts_as_the_page_does(mixed, capsys, tmp_path):
    for kind, name, count in (("lost", LOST, 20), ("won", WON, 34), ("other", OTHER, 10)):
        out = tmp_path / f"{kind}.jsonl"
        words = told(capsys, "--kind", kind, "--sort", "row", "--export", str(out))
        made = [json.loads(line) for line in out.read_text().splitlines()]
        rows = [flip["row"] for flip in made]
        assert {flip["kind"] for flip in made} == {name}
        assert len(rows) == count
        assert rows == sorted(rows)
        assert f"{count} changed rows in" in words
        assert "64 of 504 rows changed" in words, "what changed in all stays told"
        found = Ledger.from_json(json.loads(told(capsys, "--kind", kind, "--json")))
        assert {flip.kind for flip in found.flips} == {name}
        assert (found.lost, found.won, found.other) == (20, 34, 10)
        assert found.flips == tuple(sorted(found.flips, key=SORTS["drop"]))
    found = Ledger.from_json(json.loads(told(capsys, "--sort", "label", "--json")))
    assert [f.label for f in found.flips] == sorted(f.label for f in found.flips)


def test_groups_that_cannot_be_told_are_listed_when_that_is_asked_for(mixed, capsys):
    plain, whole = told(capsys), told(capsys, "--groups")

    few, all_ = (
        [line for line in words.splitlines() if line.startswith(("class: ", "channel: "))]
        for words in (plain, whole)
    )
    assert not [line for line in few if "cannot tell" in line]
    assert len(few) < len(all_)
    assert [line for line in all_ if "rows in all would settle it" in line]


@pytest.mark.parametrize(
    "given",
    [
        ["nobody0"],
        ["c"],
        ["reference0"],
        ["candidate0", "--export", "x.xlsx"],
        ["candidate0", "--kind", "found"],
        ["candidate0", "--sort", "size"],
    ],
)
def test_bad_input_to_the_command_is_one_sentence(two, capsys, given):
    with pytest.raises(SystemExit) as ended:
        main(["flips", *given])
    assert ended.value.code == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


class Comparing(Recorder):
    """A client that compares: 25 rows changed, one text an attack."""

    def flips(self, run, against=""):
        if run == "refused":
            raise BadInput("run", "another", "choose another")
        labels = [0, 1, 2] * 30
        after = [(x + 1) % 3 if i < 25 else x for i, x in enumerate(labels)]
        slices = {EVIL: tuple("ab" * 45)}
        data = rows(labels, slices)
        picture = pixels.told(np.zeros((8, 8, 1), np.uint8))
        data = Rows((EVIL, picture, *data.texts[2:]), data.labels, slices)
        return ledger(
            Named(run, "ref", "t", "test", CLASSES), data, logits(labels), logits(after)
        ).to_json()


@pytest.fixture
def desk(home):
    session = Session(Comparing([REFERENCE, FASTER]), home)
    explore = ExploreState(CompressState(session, Recipe(Torch())))
    session.task, session.model = "shopdesk", FASTER.model
    session.start()
    return session, LedgerState(explore)


def test_a_click_on_a_run_shows_its_worst_rows(desk):
    session, state = desk
    assert state.ledger is None
    session.selected = "int8"

    page = state.shown()
    assert (len(page.flips), page.total, page.first) == (PAGE, 25, 0)
    assert page.flips[0].drop == max(f.drop for f in state.ledger.flips)
    session.selected = ""
    assert state.ledger is None


def test_a_picture_is_shown_as_one(desk):
    session, state = desk
    session.selected = "int8"
    state.show("sort", "row")
    table = LedgerPanel(state).rows.html

    assert table.count('<img class="wb-thumb" src="data:image/png;base64,') == 1
    assert "8x8x1:" not in table
    assert EVIL not in table


def test_rows_are_filtered_sorted_and_paged_and_nonsense_is_passed_over(desk):
    session, state = desk
    session.selected = "int8"
    state.show("sort", "row")
    state.show("page", "2")
    assert [f.row for f in state.shown().flips] == list(range(20, 25))
    state.show("group", "0")
    assert state.page == 0
    assert {f.label for f in state.chosen()} == {state.ledger.groups[0].value}
    state.show("kind", WON)
    assert state.chosen() == []
    before = (state.kind, state.group, state.sort, state.page)
    for what, value in (
        ("kind", "x"),
        ("group", "999"),
        ("sort", "evil"),
        ("page", "²"),
        ("x", ""),
    ):
        state.show(what, value)
    assert (state.kind, state.group, state.sort, state.page) == before
    assert state.export("exe") is None
    assert state.export("csv")[0] == "flips-int8.csv"


def test_the_page_does_not_wait_for_the_comparison(desk):
    session, state = desk

    async def visit():
        session.selected = "int8"
        waiting = state.busy, state.ledger
        while state.busy:
            await asyncio.sleep(0.01)
        return waiting

    assert asyncio.run(visit()) == (True, None)
    assert state.ledger.lost == 25


def test_the_panel_shows_rows_as_text_and_speaks_both_languages(desk):
    session, state = desk
    panel = LedgerPanel(state)
    assert panel.layout.display == "none"
    session.selected = "int8"
    state.show("wide", "")
    shown = panel.head.html + panel.rows.html

    assert panel.layout.display is None
    assert "&lt;img" in shown
    assert "<img" not in shown.replace('<img class="wb-thumb"', "")
    assert "25 of 90 rows changed" in shown
    session.language = "zh"
    assert "25 行变了" in panel.head.html
    assert all(len(pair) == 2 and all(pair) for pair in TEXTS.values())


def test_a_refusal_is_told_in_the_card(desk):
    from dataclasses import replace

    session, state = desk
    session.runs = (*session.runs, replace(FASTER, id="refused"))
    panel = LedgerPanel(state)
    session.selected = "refused"
    assert "expected another" in panel.head.html
