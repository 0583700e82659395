"""What a side's card shows, as plain data: elements by name, and texts that stay texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

from case_studies.news_generation.desk_drafts import shown
from case_studies.news_generation.desk_sides import Side
from case_studies.news_generation.desk_words import slot_name
from workbench.core.errors import SHOWN, visible
from workbench.i18n.numbers import THIN, significant

Node = dict[str, Any]
Say = Callable[..., str]
MOST = 20_000  # characters of a text
SIGNS = {"right": "✓", "missing": "○", "wrong": "✗", "invented": "!", "pending": "…"}
STRONGER = {"": 0, "right": 1, "wrong": 2, "invented": 3}  # where two marks lie on one place
HELD = 20  # characters of a word that is not parted from its mark
MARKED = ("wrong", "invented")  # marks that carry their word


def leaf(tag: str, text: str, cls: str = "", **more: str) -> Node:
    """An element with a text; what is invisible in it is spelled out.

    Args:
        tag: a name of ``TAGS`` in ``desk.js``.
        text: anybody's.
        cls: CSS classes.
        more: other attributes, ``_`` for ``-``.
    """
    words = visible(text, MOST, SHOWN + "\n")
    return {"tag": tag, "cls": cls, "text": words, "more": _named(more)}


def branch(tag: str, kids: Iterable[Node], cls: str = "", **more: str) -> Node:
    """An element with others in it; arguments as ``leaf`` has them."""
    return {"tag": tag, "cls": cls, "kids": list(kids), "more": _named(more)}


def _named(more: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in more.items()}


def side_tree(side: Side, say: Say, language: str) -> list[Node]:
    """A whole card.

    Args:
        side: what it shows.
        say: a text in the language of the page.
        language: of the page.
    """
    parts = [_head(side, say), _figures(side, say)]
    if side.status == "empty":
        return parts
    parts += [_text(side, say), _status(side, say)]
    return [*parts, *_facts(side, say, language)]


def _head(side: Side, say: Say) -> Node:
    names = [leaf("h2", say(f"news.side.{side.name}"))]
    names.append(leaf("span", say(f"news.way.{side.way}") if side.way != "torch" else "PyTorch"))
    badge = leaf("span", say("news.machine"), "nd-badge", title=say("news.machine_help"))
    shown = [badge] if side.text else []
    return branch("div", [branch("div", names, "nd-names"), *shown], "nd-head")


def _figures(side: Side, say: Say) -> Node:
    rate, first = side.rate, side.first_s
    told = (
        ("news.rate", None if rate is None else significant(rate, 3)),
        ("news.first", None if first is None else f"{significant(1e3 * first)}{THIN}ms"),
    )
    cells = []
    for key, figure in told:
        value = leaf("b", figure or say("news.unknown"), "" if figure else "wb-unknown")
        cells.append(branch("div", [leaf("span", say(key)), value]))
    return branch("div", cells, "wb-figures nd-figures")


def _text(side: Side, say: Say) -> Node:
    """The text as it stands, with what is wrong or invented marked in it."""
    busy = "true" if side.status == "busy" else "false"
    more = {"aria_busy": busy, "lang": side.record.language} if side.record else {}
    if side.record is None:
        before = leaf("span", side.prompt, "nd-prompt")
        end = " nd-caret" if side.status == "busy" and side.text else ""
        paragraph = branch("p", [before, leaf("span", side.text)], f"nd-free{end}")
        return branch("article", [paragraph], "nd-brief", aria_busy=busy)
    told, whole = side.told, side.whole
    marks: list[tuple[int, int, str]] = []
    if told is not None:
        marks += [(*span, "invented") for span in told.invented]
        marks += [(*span, fact.status) for fact in told.facts for span in fact.spans]
    if side.status != "done":  # half a number is not yet a wrong one
        marks = [mark for mark in marks if mark[2] == "right"]
    cut = whole.find("\n") if "\n" in whole else len(whole)
    caret = ("nd-caret", "") if cut == len(whole) else ("", "nd-caret")
    if side.status != "busy" or not whole:
        caret = ("", "")
    heading = branch("h3", pieces(whole, 0, cut, marks, say), caret[0])
    body = branch("p", pieces(whole, cut + 1, len(whole), marks, say), caret[1])
    return branch("article", [heading, body], "nd-brief", **more)


def pieces(
    whole: str, start: int, end: int, marks: Sequence[tuple[int, int, str]], say: Say
) -> list[Node]:
    """Part of a text in pieces, each plain or with one mark.

    Args:
        whole: the text.
        start: of the part.
        end: of the part.
        marks: (start, end, status) in the whole text.
        say: a text in the language of the page.
    """
    edges = {start, end, *(edge for mark in marks for edge in mark[:2] if start < edge < end)}
    places, found = sorted(edges), list[Node]()
    for left, right in pairwise(places):
        over = [status for a, b, status in marks if a <= left and right <= b]
        status = max(over, key=STRONGER.__getitem__, default="")
        words = whole[left:right]
        if status not in MARKED:
            found.append(leaf("span", words, f"nd-{status}" if status else ""))
            continue
        found.append(_marked(words, status, say))
    return found


def _marked(words: str, status: str, say: Say) -> Node:
    """A mark with its word, which stays on the line of the last word that it belongs to."""
    first, gap, last = words.rpartition(" ")
    hold = [leaf("span", last), leaf("sup", say(f"news.status.{status}"))]
    held = branch("span", hold, "nd-hold" if len(last) <= HELD else "")
    return branch("mark", [leaf("span", first + gap), held], f"nd-{status}")


def _status(side: Side, say: Say) -> Node:
    if side.trouble:
        return leaf("p", side.trouble, "wb-trouble", role="alert")
    if side.status == "busy":
        stage = say(f"stage.{side.stage}") if side.stage != "queued" else ""
        words = stage and say("news.running", stage=stage)
        words = words or say("jobs.queued", ahead=side.ahead)
    elif side.status == "stopped":
        words = say("news.stopped")
    elif not side.tokens and not side.text:
        words = say("news.no_text")
    elif side.seconds is None:
        words = ""
    else:
        words = say("news.done", tokens=f"{side.tokens:,}", seconds=significant(side.seconds))
    return leaf("p", words, "wb-soft nd-status", role="status")


def _facts(side: Side, say: Say, language: str) -> list[Node]:
    """Every fact with its tick, then what was invented."""
    if side.record is None or side.status == "failed":
        return []
    rows = fact_rows(side, say, language)
    heads = (say(f"news.{x}") for x in ("fact", "in_record", "in_text", "verdict"))
    head = branch("thead", [branch("tr", [leaf("th", x, scope="col") for x in heads])])
    body = branch("tbody", [_row(*row, say) for row in rows])
    table = branch("table", [head, body], "nd-facts", aria_label=say("news.facts"))
    return [_summary(side, rows, say), table]


def fact_rows(side: Side, say: Say, language: str) -> list[tuple[str, str, str, str]]:
    """(fact, value of the event, what the text says, status), invented ones at the end."""
    if side.record is None:
        return []
    told, done, whole = side.told, side.status == "done", side.whole
    said = {fact.slot: fact for fact in told.facts} if told else {}
    rows = []
    for slot in side.record.slots:
        fact = said.get(slot)
        status = fact.status if fact else "missing"
        if not done and status != "right":
            status = "pending"
        spans = fact.spans if fact and status != "pending" else ()
        words = " / ".join(dict.fromkeys(whole[a:b].strip() for a, b in spans))
        rows.append((slot_name(slot, language), shown(side.record, slot), words, status))
    invented = told.invented if told and done else ()
    rows += [(say("news.beyond"), "", whole[a:b], "invented") for a, b in invented]
    return rows


def _row(fact: str, value: str, words: str, status: str, say: Say) -> Node:
    verdict = [
        leaf("span", SIGNS[status], "nd-sign", aria_hidden="true"),
        leaf("span", say(f"news.status.{status}")),
    ]
    cells = [leaf("th", fact, scope="row"), leaf("td", value or "–"), leaf("td", words or "–")]
    return branch("tr", [*cells, branch("td", verdict, f"nd-verdict nd-is-{status}")])


def _summary(side: Side, rows: Sequence[tuple[str, str, str, str]], say: Say) -> Node:
    """Chips with their words; an empty line of the same height while the text is written."""
    if side.status != "done":
        return leaf("p", say("news.facts"), "nd-sums wb-soft")
    statuses = [status for *_, status in rows]
    facts = len(statuses) - statuses.count("invented")
    chips = []
    for status in ("right", "missing", "wrong", "invented"):
        n = statuses.count(status)
        if n or status == "right":
            words = f"{SIGNS[status]} {say(f'news.sum.{status}', n=n, all=facts)}"
            chips.append(leaf("span", words, f"wb-chip nd-is-{status}"))
    return branch("p", chips, "nd-sums", role="status")
