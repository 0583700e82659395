"""The ledger panel: which answers changed, where they cluster, the worst rows first."""

from __future__ import annotations

from typing import Any

import ipywidgets as w

from workbench.core.records import Estimate
from workbench.graphs.pixels import shown
from workbench.i18n.numbers import chance, change_words
from workbench.ledger import LOST, OTHER, SORTS, WON, Flip, Group, Ledger
from workbench.panels.card import Card, options, trouble, visible
from workbench.panels.foreign import escape
from workbench.panels.web import Markup
from workbench.state.ledger import LedgerState

CELL = 160  # characters of a text in the table
HEADS = ("kind", "label", "before", "after", "text", "drop")
CHIP = {LOST: "worse", WON: "better", OTHER: "reference"}


class LedgerPanel(Card):
    """View over a ``LedgerState``; shown while a finished run is looked at."""

    def __init__(self, state: LedgerState) -> None:
        self.state = state
        self.against = w.Dropdown()
        self.head = Markup(self._act)
        self.rows = Markup(self._act)
        self._showing = False
        super().__init__("ledger", [self.against, self.head, self.rows])
        self.against.observe(self._chosen, "value")
        state.observe(self._show)
        state.session.observe(self._show, ["language", "selected"])
        self._show()

    def _chosen(self, change: Any) -> None:
        if not self._showing and change.new is not None:
            self.state.compare(change.new)

    def _act(self, act: str, value: str) -> None:
        if act == "export":
            made = self.state.export(value)
            if made is not None:
                self.rows.offer(*made)
        else:
            self.state.show(act, value)

    def _show(self, _: Any = None) -> None:
        run, say = self.state.run(), self.state.session.say
        visible(self, run is not None and run.status == "done")
        self.title(say("ledger.heading"))
        self.against.description = self.against.tooltip = say("ledger.against")
        if run is None:
            return
        self._showing = True
        others = self.state.others()
        options(self.against, others, self.state.against)
        self.against.disabled = not others
        self._showing = False
        found = self.state.ledger
        self.head.html = self._summary(found) if found else self._waiting()
        self.rows.html = self._table(found) if found and found.changed else ""

    def _waiting(self) -> str:
        say, state = self.state.session.say, self.state
        if state.trouble:
            return trouble(state.trouble)
        words = say("ledger.busy" if state.busy else "ledger.alone")
        return f'<p class="wb-soft" role="status">{escape(words)}</p>'

    def _summary(self, found: Ledger) -> str:
        say, language = self.state.session.say, self.state.session.language
        counts = {"lost": found.lost, "won": found.won, "other": found.other}
        words = say("ledger.summary", changed=found.changed, n=f"{found.n:,}", **counts)
        if not found.changed:
            words = say("ledger.none")
        overall = change_words(found.change, found.verdict, language)
        told = say("ledger.overall", words=overall, p=chance(found.p))
        return f"<p>{escape(words)}</p><p>{escape(told)}</p>{self._groups(found)}"

    def _groups(self, found: Ledger) -> str:
        say, state = self.state.session.say, self.state
        if not found.changed:
            return ""
        shown = state.groups()
        body = "".join(self._group(place, group) for place, group in shown)
        heads = ("group", "rows", "right_to_wrong", "wrong_to_right", "change", "verdict")
        head = "".join(f"<th>{escape(say(f'ledger.{name}'))}</th>" for name in heads)
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        if not shown:
            table = f'<p class="wb-soft">{escape(say("ledger.no_groups"))}</p>'
        more = say("ledger.fewer_groups" if state.wide else "ledger.more_groups")
        note = say("ledger.groups_note", n=len(found.groups), rate=round(100 * found.rate))
        return (
            f'<div class="wb-details-head"><h2>{escape(say("ledger.groups"))}</h2>'
            f"{_button('wide', '', more)}</div>"
            f'<div class="wb-scroll">{table}</div><p class="wb-soft">{escape(note)}</p>'
        )

    def _group(self, place: int, group: Group) -> str:
        chosen = ' class="wb-selected"' if place == self.state.group else ""
        label = escape(self.state.session.say(f"verdict.{group.verdict.verdict}"))
        kind = "worse" if group.verdict.verdict.startswith("worse") else group.verdict.verdict
        told = self._why(group)
        chip = f'<span class="wb-chip wb-{kind.replace(" ", "-")}" title="{told}">{label}</span>'
        cells = (escape(self.named(group)), f"{group.n:,}", str(group.lost), str(group.won))
        inner = "".join(f"<td>{cell}</td>" for cell in (*cells, _points(group.change), chip))
        return (
            f'<tr data-act="group" data-value="{place}" data-key="group-{place}" tabindex="0"'
            f"{chosen}>{inner}</tr>"
        )

    def _why(self, group: Group) -> str:
        language = self.state.session.language
        if group.explained:
            return escape(self.state.session.say("ledger.explained", group=group.explained))
        tests = f"p {chance(group.p)}, p* {chance(group.q)}"
        rest = f"p {chance(group.p_rest)}, p* {chance(group.q_rest)}"
        if group.verdict.verdict == "cannot tell":
            return escape(change_words(group.change, group.verdict, language))
        return escape(f"McNemar {tests}; Fisher {rest}")

    def named(self, group: Group) -> str:
        """``channel: chat``; a class as ``class: refund``."""
        column = group.column or self.state.session.say("ledger.class")
        return f"{column}: {group.value[:CELL]}"

    def _table(self, found: Ledger) -> str:
        say, state = self.state.session.say, self.state
        page = state.shown()
        heads = "".join(self._head(name) for name in HEADS)
        body = "".join(self._row(flip) for flip in page.flips)
        kept = len(found.flips)
        note = say("ledger.capped", n=f"{kept:,}", run=found.run[:12])
        capped = f'<p class="wb-soft">{escape(note)}</p>' if kept < found.changed else ""
        return (
            f'<div class="wb-row wb-filters">{self._filters(found)}</div><div class="wb-scroll">'
            f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
            f'<div class="wb-details-head"><span>{self._pages(page.first, page.total)}</span>'
            f"<span>{self._exports()}</span></div>{capped}"
        )

    def _filters(self, found: Ledger) -> str:
        say, state = self.state.session.say, self.state
        counts = {"": found.changed, LOST: found.lost, WON: found.won, OTHER: found.other}
        made = []
        for kind, count in counts.items():
            words = say(f"ledger.{kind}" if kind else "ledger.all")
            made.append(_button("kind", kind, f"{words} {count:,}", kind == state.kind))
        if 0 <= state.group < len(found.groups):
            words = say("ledger.within", group=self.named(found.groups[state.group]))
            made.append(_button("group", "-1", f"{words} ×", True))
        return "".join(made)

    def _head(self, name: str) -> str:
        words = self.state.session.say(f"ledger.{name}")
        if name not in SORTS:
            return f"<th>{escape(words)}</th>"
        order = "descending" if name == "drop" else "ascending"
        sorting = f' aria-sort="{order}"' if name == self.state.sort else ""
        help = self.state.session.say("ledger.sort", column=words)
        return f'<th{sorting} class="wb-left-text">{_button("sort", name, words, help=help)}</th>'

    def _row(self, flip: Flip) -> str:
        label = escape(self.state.session.say(f"ledger.{flip.kind}"))
        chip = f'<span class="wb-chip wb-{CHIP[flip.kind]}">{label}</span>'
        picture = shown(flip.text)
        text = flip.text if len(flip.text) <= CELL else f"{flip.text[:CELL]}…"
        inside = _thumb(picture, flip.label) if picture else escape(text)
        slices = "; ".join(f"{name}: {value[:40]}" for name, value in flip.slices.items())
        where = f"{self.state.session.say('ledger.row')} {flip.row}; {slices}".rstrip("; ")
        cells = (
            chip,
            escape(flip.label[:CELL]),
            f"{escape(flip.before[:CELL])} {_sure(flip.sure_before)}",
            f"{escape(flip.after[:CELL])} {_sure(flip.sure_after)}",
            f'<span title="{escape(where)}">{inside}</span>',
            f"{100 * flip.drop:+.0f}".replace("-", "−"),
        )
        inner = "".join(f'<td class="wb-left-text">{cell}</td>' for cell in cells)
        return f"<tr>{inner}</tr>"

    def _pages(self, first: int, total: int) -> str:
        say, page = self.state.session.say, self.state.page
        size = len(self.state.shown().flips)
        told = say("ledger.page", first=first + 1 if size else 0, last=first + size, total=total)
        back = _button("page", str(page - 1), say("ledger.previous")) if page else ""
        more = first + size < total
        ahead = _button("page", str(page + 1), say("ledger.next")) if more else ""
        return f'{back}<span class="wb-soft">{escape(told)}</span>{ahead}'

    def _exports(self) -> str:
        say = self.state.session.say
        return "".join(
            _button("export", form, say("ledger.export", form=form.upper()))
            for form in ("csv", "jsonl")
        )


def _button(act: str, value: str, words: str, on: bool = False, help: str = "") -> str:
    now = " wb-now" if on else ""
    pressed = f' aria-pressed="{"true" if on else "false"}"' if act == "kind" else ""
    title = f' title="{escape(help)}"' if help else ""
    return (
        f'<button class="wb-link{now}" data-act="{act}" data-value="{escape(value)}" '
        f'data-key="{act}-{escape(value)}"{pressed}{title}>{escape(words)}</button>'
    )


def _thumb(picture: str, label: str) -> str:
    """A small picture; its class is what can be said of it in words."""
    return f'<img class="wb-thumb" src="{picture}" alt="{escape(label)}">'


def _points(change: Estimate) -> str:
    ends = f"{100 * change.low:+.1f} – {100 * change.high:+.1f}"
    return f'<span title="{ends}">{100 * change.value:+.1f}</span>'.replace("-", "−")


def _sure(share: float) -> str:
    return f'<small class="wb-soft">{100 * share:.0f} %</small>'
