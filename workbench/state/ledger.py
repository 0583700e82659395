"""What the ledger panel knows: the rows that changed, as they are filtered, sorted, paged."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from traitlets import Any as Anything
from traitlets import Bool, HasTraits, Int, Unicode, observe

from workbench.core.errors import BadInput
from workbench.core.records import Run
from workbench.ledger import KINDS, SORTS, Flip, Group, Ledger, exported, ordered
from workbench.state.explore import ExploreState
from workbench.state.later import later

PAGE = 10  # rows
SETTLED = ("worse", "better", "worse than the rest")


class Page(NamedTuple):
    """What is on screen: some rows, the place of the first, and how many there are."""

    flips: tuple[Flip, ...]
    first: int
    total: int


class LedgerState(HasTraits):
    """The run that is looked at, against another.

    Args:
        explore: which run is looked at.
    """

    ledger = Anything(None, help="Ledger, or None while there is none")
    busy = Bool(False)
    trouble = Unicode("", help="empty, or why there is no ledger")
    against = Unicode("", help="id of the run to compare with; empty for the run's reference")
    kind = Unicode("", help="one of KINDS, or empty for all")
    group = Int(-1, help="place in the ledger's groups, or -1 for all rows")
    sort = Unicode("drop")
    page = Int(0)
    wide = Bool(False, help="whether groups without a finding are listed too")

    def __init__(self, explore: ExploreState) -> None:
        super().__init__()
        self.explore, self.session = explore, explore.session
        self._asked: tuple[str, str] = ("", "")
        self.session.observe(self._selected, ["selected"])
        self.session.observe(self._finished, ["runs"])
        self._ask()

    def others(self) -> list[tuple[str, str]]:
        """(words, id) of the runs to compare with, the reference first."""
        run = self.explore.chosen()
        if run is None:
            return []
        reference = [("", run.reference)] if run.reference else []
        return [
            *((self.session.say("ledger.its_reference"), "") for _ in reference),
            *(
                (f"{self.explore.name(other.recipe)} · {other.id[:8]}", other.id)
                for other in reversed(self.session.here(run.split))
                if other.status == "done" and other.id not in (run.id, run.reference)
            ),
        ]

    def compare(self, against: str) -> None:
        """Compare with another run; what is not offered is passed over."""
        if any(against == known for _, known in self.others()):
            self.against = against
            self._ask()

    def show(self, what: str, value: str) -> None:
        """Filter, sort or turn pages: ``kind``, ``group``, ``sort``, ``page`` or ``wide``."""
        number = int(value) if value.lstrip("-").isascii() and value.lstrip("-").isdigit() else -1
        if what == "kind" and value in ("", *KINDS):
            self.kind = value
        elif what == "group" and -1 <= number < len(self._groups()):
            self.group = -1 if number == self.group else number
        elif what == "sort" and value in SORTS:
            self.sort = value
        elif what == "page" and 0 <= number * PAGE < max(1, len(self.chosen())):
            self.page = number
        elif what == "wide":
            self.wide = not self.wide

    @observe("kind", "group", "sort", "ledger")
    def _first_page(self, _: Any) -> None:
        self.page = 0

    def groups(self) -> list[tuple[int, Group]]:
        """(place, group): those with a finding, then, if wanted, the others that changed."""
        placed = list(enumerate(self._groups()))
        found = [one for one in placed if one[1].verdict.verdict in SETTLED]
        if not self.wide:
            return found
        rest = [one for one in placed if one not in found and one[1].lost + one[1].won]
        return found + sorted(rest, key=lambda one: one[1].change.value)

    def _groups(self) -> tuple[Group, ...]:
        return self.ledger.groups if self.ledger is not None else ()

    def chosen(self) -> list[Flip]:
        """Rows that pass the filters, in order."""
        if self.ledger is None:
            return []
        flips = ordered(self.ledger.flips, self.kind, self.sort)
        if 0 <= self.group < len(self.ledger.groups):
            flips = [f for f in flips if _within(f, self.ledger.groups[self.group])]
        return flips

    def shown(self) -> Page:
        """The page on screen."""
        flips, first = self.chosen(), self.page * PAGE
        return Page(tuple(flips[first : first + PAGE]), first, len(flips))

    def export(self, form: str) -> tuple[str, str] | None:
        """File name and content of the rows that pass the filters; None for another format."""
        try:
            return f"flips-{self._asked[0][:8]}.{form}", exported(self.chosen(), form)
        except BadInput:
            return None

    def _selected(self, _: Any) -> None:
        with self.hold_trait_notifications():
            self.against, self.kind, self.group, self.page = "", "", -1, 0
        self._ask()

    def _finished(self, _: Any) -> None:
        run = self.explore.chosen()
        waiting = run is not None and run.status == "done" and self.ledger is None
        if waiting and not self.busy and not self.trouble:
            self._ask()

    def _ask(self) -> None:
        run = self.explore.chosen()
        self.ledger, self.trouble, self.busy = None, "", False
        self._asked = (run.id, self.against) if run is not None else ("", "")
        if run is None or run.status != "done" or not (self.against or run.reference):
            return
        self.busy = True
        asked = self._asked
        later(partial(self.session.client.flips, *asked), partial(self._take, asked))

    def _take(self, asked: tuple[str, str], answer: Any) -> None:
        if asked != self._asked:
            return  # the reader has moved on
        self.busy = False
        if isinstance(answer, BadInput):
            self.trouble = self.session.told(answer)
        elif isinstance(answer, Exception):
            self.trouble = self.session.say("app.offline", why=type(answer).__name__)
        else:
            self.ledger = Ledger.from_json(answer)

    def run(self) -> Run | None:
        """The run that is looked at."""
        return self.explore.chosen()


def _within(flip: Flip, group: Group) -> bool:
    if not group.column:
        return flip.label == group.value
    return flip.slices.get(group.column) == group.value
