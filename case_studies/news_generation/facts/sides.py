"""Who did it to whom: winners and losers, buyers and bought, up and down."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from case_studies.news_generation.events import Record
from case_studies.news_generation.facts.marks import Mark
from case_studies.news_generation.facts.roles import WRONG_WAY, called
from case_studies.news_generation.facts.verbs import (
    BOUGHT,
    BREAK,
    BUY,
    BUYS_ALONE,
    DOWN,
    IDIOMS,
    LOSE,
    LOST_ALONE,
    LOST_BY,
    NOT,
    SALE,
    UP,
    WIN,
    WON_ALONE,
    WON_BY,
)

SENTENCE = re.compile(r"[^。！？\n]+?(?:[。！？\n]|[.!?](?=\s|$)|$)")
PARTY = re.compile(
    r" (?:of|from|for) (?:the )?⟨party⟩|,? ?[(（]⟨party⟩[)）]"
    r"|(?:为|代表)⟨party⟩(?:参选)?|⟨party⟩的(?=⟨)"
)
BY = r"(?:\.0)?\s?(?:%|per ?cent|points?|分)?\s?(?:[–:-]|to|比|对)\s?(?:百分之)?"
PAIRS = (("home", "away"), ("winner", "runner_up"), ("buyer", "target"), ("from", "to"))
# before these and behind them the same side cannot stand
AGAINST = {
    "en": r"\b(?:against|over|beats?|defeat(?:s|ed)|past|los[te]s? to|(?:beaten|defeated) by"
    r"|acquired?|buy|bought|take over|control of|sold to|shares in)",
    "zh": r"(?:击败|战胜|力克|打败|不敌|负于|输给|对阵|迎战|收购|买下|并购|出售给|卖给|领先)",
}
# between a side of a headline like ``A 61, B 56`` or ``A 61:56 B`` and what follows
SCORED = r" ?\d+ ?(?:[:：,，–-]|to|比|对) ?"
# behind these a score may have the loser's number first
SUFFERED = (
    r"\b(?:los[te]s?|losing|(?:was|were|been|be) (?:\w+ )?(?:beaten|defeated)|went down|fell"
    r"|defeat\b(?! of)"
    r"|visit|could not|failed|unable)\b|\b(?:beaten|defeated)(?: at home)? by\b"
    r"|(?<![击打])败|负|失利|不敌|落后|输|未能|没能|无法"
)
READ = 40  # places of a number
# what a sentence says of the share that moved most, which is not the index
TOP = re.compile(r"⟨top_company⟩[^。；;\n]*?(?:[。；;\n]|\.(?=\s|$)|$)")
GAP = 48  # characters of a clause between a side and what it does
MOST = 12  # names of the two sides in a sentence that are read


class Scene:
    """A text in which the record's names are replaced by ``⟨slot⟩``.

    Args:
        text: of a brief.
        names: where the record's names stand, in full or short; the value is the slot.
        record: what it should tell.
    """

    def __init__(self, text: str, names: Sequence[Mark], record: Record) -> None:
        self._record, self.language = record, record.language
        roles, self._crossed = called(text, names, record)
        made, shift = text, 0
        self._moved: list[tuple[int, int]] = []
        for mark in sorted((*names, *roles), key=lambda x: x.start):
            label = f"⟨{mark.value}⟩"
            start, end = mark.start + shift, mark.end + shift
            made = made[:start] + label + made[end:]
            shift += len(label) - (mark.end - mark.start)
            self._moved.append((mark.end, shift))
        self.text = made
        self.spans = [found.span() for found in SENTENCE.finditer(made)]

    def place(self, old: int) -> int:
        """Where a place of the text lies now."""
        return old + next((s for end, s in reversed(self._moved) if end <= old), 0)

    def turned(self) -> set[str]:
        """The two sides, if a sentence gives the victory or the purchase to the wrong one."""
        event, slots = self._record.event, self._record.slots
        wins = bool(event.beats)
        if event.beats:
            one, other, most, least = event.beats
            first = slots[most] > slots[least]  # type: ignore[operator]
            right, wrong = (one, other) if first else (other, one)
        elif event.name in ("acquisition", "traffic_disruption"):
            right, wrong = ("buyer", "target") if "buyer" in slots else ("from", "to")
        else:
            return set()
        way = WRONG_WAY[event.name][self.language]
        if self._crossed or re.search(way, self.text, re.IGNORECASE):
            return {right, wrong}
        if event.name == "traffic_disruption":
            return set()
        verbs = (WIN, LOSE) if wins else (BUY, BOUGHT)
        for sentence in self._sentences():
            alone = self._alone(sentence, right, wrong) if wins else self._sold(sentence)
            if alone or self._governed(sentence, right, wrong, verbs):
                return {right, wrong}
        return set()

    def repeated(self) -> set[str]:
        """Sides in whose place the other one's name stands, as in ``from A to A``."""
        return {
            other
            for pair in PAIRS
            for one, other in (pair, pair[::-1])
            if re.search(rf"⟨{one}⟩[^⟨.。，,;；\n]{{1,24}}⟨{one}⟩", self.text)
        }

    def against_itself(self) -> set[str]:
        """Sides that a sentence leaves out, having the other one face or buy itself."""
        words = AGAINST[self.language]
        return {
            other
            for pair in PAIRS
            for one, other in (pair, pair[::-1])
            if re.search(
                rf"⟨{one}⟩(?:[^⟨.。;；!！?？\n]|⟨(?!{one}|{other})\w+⟩){{0,{GAP}}}?{words}"
                rf"(?: the)? ?⟨{one}⟩|⟨{one}⟩{SCORED}(?:⟨{one}⟩ ?\d|\d+ ?⟨{one}⟩)",
                self.text,
                re.I,
            )
        }

    def backwards(self) -> set[str]:
        """The slots of a score that a winner is given with the loser's number first."""
        if not self._record.event.beats:
            return set()
        points = self._record.event.beats[2:]
        low, high = sorted((self._record.slots[x] for x in points), key=float)
        score = rf"(?<![\d.]){low:g}{BY}{high:g}(?!\d)"
        for sentence in self._sentences():
            found = re.search(score, sentence)
            wins = re.search(f"{WIN[self.language]}|in favou?r", sentence, re.IGNORECASE)
            loses = re.search(SUFFERED, sentence, re.IGNORECASE)
            between = found and sentence[found.end() :].startswith((" ⟨", "⟨"))
            if found and wins and not loses and not between:
                return set(points)
        return set()

    def _sentences(self) -> Iterator[str]:
        """Each sentence, without what only sounds like a victory."""
        for start, end in self.spans:
            made = PARTY.sub("", self.text[start:end])
            yield re.sub(IDIOMS[self.language], lambda x: " " * len(x[0]), made, flags=re.I)

    def _alone(self, sentence: str, right: str, wrong: str) -> bool:
        """Whether the winner has lost or the loser won, whoever the other one is."""
        language = self.language
        ways = (
            f"⟨{wrong}⟩{WON_ALONE[language]}",
            f"⟨{right}⟩{LOST_ALONE[language]}",
            f"(?:{WON_BY[language]})⟨{wrong}⟩",
            f"(?:{LOST_BY[language]})⟨{right}⟩",
        )
        return any(re.search(way, sentence, re.IGNORECASE) for way in ways)

    def _sold(self, sentence: str) -> bool:
        """Whether the one that is bought buys, whoever the other one is."""
        if re.search(f"⟨target⟩{BUYS_ALONE[self.language]}", sentence, re.IGNORECASE):
            return True
        way = SALE[self.language].replace("{one}", "buyer").replace("{other}", "target")
        return bool(re.search(way, sentence, re.IGNORECASE))

    def _governed(
        self, sentence: str, right: str, wrong: str, verbs: tuple[Mapping[str, str], ...]
    ) -> bool:
        """Whether a verb between the two sides has them the wrong way round."""
        found = list(re.finditer(f"⟨(?:{right}|{wrong})⟩", sentence))[:MOST]
        for first, second in pairwise(found):
            if first[0] == second[0]:
                continue
            between = sentence[first.end() : second.start()]
            did = self._did(between, sentence[second.end() :], verbs)
            if did and (first[0] == f"⟨{wrong}⟩") == (did > 0):
                return True
        return False

    def _did(self, between: str, after: str, verbs: tuple[Mapping[str, str], ...]) -> int:
        """1 if the first side did it to the second, -1 if the second did, 0 if nobody did."""
        language = self.language
        does, suffers = (words[language] for words in verbs)
        if language == "zh" and re.search("被|由", between) and re.search(does, after):
            return -1
        did = [(x.end(), 0, x) for x in re.finditer(does, between, re.IGNORECASE)]
        did += [(x.end(), 1, x) for x in re.finditer(suffers, between, re.IGNORECASE)]
        if not did:
            return 0
        end, suffered, verb = max(did, key=lambda x: x[:2])
        if re.search(BREAK[language], between[end:], re.IGNORECASE):
            return 0  # the second side belongs to another clause
        denied = re.search(NOT[language], between[: verb.start()], re.IGNORECASE)
        return -1 if suffered or denied else 1

    def direction(self, marks: Sequence[Mark]) -> str:
        """``up``, ``down``, ``both`` or nothing: what the verb nearest to a change says."""
        told = {self._near(mark) for mark in marks[:READ]} - {""}
        headline = self.text.partition("\n")[0]
        if "⟨top_company⟩" not in headline:
            ways = {
                way for way, words in (("up", UP), ("down", DOWN)) if self._has(words, headline)
            }
            told |= ways if len(ways) == 1 else set()
        if not told:
            rest = TOP.sub("", self.text)
            ways = {way for way, words in (("up", UP), ("down", DOWN)) if self._has(words, rest)}
            told = ways if len(ways) == 1 else set()
        return "both" if len(told) > 1 else next(iter(told), "")

    def _has(self, words: Mapping[str, str], text: str) -> bool:
        return bool(re.search(words[self.language], text, re.IGNORECASE))

    def _way(self, one: int, other: int) -> str:
        """The text between two places."""
        return self.text[min(one, other) : max(one, other)]

    def _near(self, mark: Mark) -> str:
        place = self.place(mark.start)
        start, end = next((a, b) for a, b in self.spans if a <= place < b)
        found = [
            (abs(start + (match.start() + match.end()) // 2 - place), way)
            for way, words in (("up", UP), ("down", DOWN))
            for match in re.finditer(words[self.language], self.text[start:end], re.IGNORECASE)
            if "⟨top_company⟩" not in self._way(start + match.start(), place)
        ]
        return min(found)[1] if found else ""
