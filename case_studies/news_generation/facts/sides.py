"""Who did it to whom: winners and losers, buyers and bought, up and down, whose number it is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from case_studies.news_generation.events import Record
from case_studies.news_generation.facts.marks import Mark

WIN = {
    "en": r"\b(?:beats?|defeat(?:s|ed)?|overc[ao]mes?|edged?|s[ae]ws? off|outlast(?:s|ed)?"
    r"|g[eo]ts? the better of|too (?:strong|good) for|w[io]ns?|winning|victory|prevail(?:s|ed)?"
    r"|triumph(?:s|ed)?|ahead of|elected|takes?|took)\b",
    "zh": r"击败|战胜|力克|打败|获胜|取胜|胜出|拿下|赢下|赢得|当选|击退|险胜|大胜|胜",
}
LOSE = {
    "en": r"\b(?:(?:beaten|defeated|overcome|edged out)\b.*\bby|los[et]s?\b.*\bto|losing\b.*\bto"
    r"|go(?:es)? down\b.*\bto|went down\b.*\bto|fell\b.*\bto|defeat\b.*\b(?:to|by|against)"
    r"|loss\b.*\bto|beaten at|behind|second to|trail(?:s|ed)?)\b",
    "zh": r"不敌|负于|输给|惜败|败给|落败|告负|失利|败于|被.*(?:击败|战胜|打败)|落后|憾负",
}
# a side that is named alone, and one that is called by its part
ALONE = {
    "en": r"(?: (?:has|have|had|was|is|were|are))? "
    r"(?:(?:won|wins?)\b(?! (?:just |only )?\d)|elected|prevail(?:s|ed)?|triumph(?:s|ed)?)",
    "zh": r".{0,4}(?:获胜|胜出|当选|取胜|告捷)",
}
HOST = {"en": r"\b(?:visitors|guests|hosts|home side)\b", "zh": r"主队|客队|东道主"}
VISITOR = r"visitors|guests|客队"
# behind a verb: what was won is points or votes, not the game
NO_NUMBER = r"(?!\s*(?:an early|the lead|a lead|[\d一二三四五六七八九十百]))"
NOT = {"en": r"\b(?:was|were|been|be|fail(?:ed)?|never|could|not)\b|n't", "zh": r"被|未|没|不|无"}
BUY = {
    "en": r"\b(?:buy(?:s|ing)?|bought|acquir(?:e|es|ed|ing)|takes? over|taking over|took over"
    r"|pay(?:s|ing)?)\b",
    "zh": r"收购|买下|购入|购得|拿下|并购|取得",
}
BOUGHT = {
    "en": r"\b(?:(?:bought|acquired|taken over|controlled|owned|held)\b.*\bby"
    r"|s(?:old|ells?)\b.*\bto|pass(?:es)?\b.*\bto|goe?s?\b.*\bto)\b",
    "zh": r"被|由|出售给|卖给|转让给|归|易主",
}
UP = {
    "en": r"\b(?:r[oi]se(?:s|n)?|rising|(?<!gave )(?<!give )(?<!gives )(?<!giving )up"
    r"|gr[eo]ws?|grown|growth|climb(?:s|ed)?|gain(?:s|ed)?"
    r"|increas(?:e|es|ed)|higher|advanced?s?|jump(?:s|ed)?|add(?:s|ed)|improv(?:es|ed)"
    r"|soar(?:s|ed)?|surg(?:es|ed)|rall(?:y|ies|ied)|puts? on|(?<=[%t]) more)\b",
    "zh": r"上涨|增长|上升|增加|攀升|走高|上扬|收涨|收高|升至|增至|升|涨|增|提高",
}
DOWN = {
    "en": r"\b(?:f[ae]ll(?:s|en)?|falling|drop(?:s|ped)?|declin(?:e|es|ed)|slip(?:s|ped)?"
    r"|los[te](?:s)?|decreas(?:e|es|ed)|lower|down|slid(?:es?)?|shr[aiu]nk(?:s)?"
    r"|g[ai]ve?s? up|giving up|retreat(?:s|ed)?|loss|ease[sd]?|weaker"
    r"|plung(?:es|ed)|tumbl(?:es|ed)|sinks?|sank|slump(?:s|ed)?|shed|(?<=[%t]) (?:less|fewer))\b",
    "zh": r"下跌|下降|减少|少了|低于|下滑|回落|走低|收跌|收低|降至|减至|跌|降|减|缩水",
}
# for two slots of one unit: the words that say which of them a number is; {x} is a name's place
CUES: Mapping[tuple[str, str], Mapping[str, tuple[str, str]]] = {
    ("revenue", "profit"): {
        "en": (r"revenues?|sales|turnover|income", r"profits?|earn(?:s|ed|ings)?|net"),
        "zh": (r"营收|营业收入|收入|销售额", r"利润|盈利|净赚|净利"),
    },
    ("time", "reopening"): {
        "en": (
            r"since|closed at|began|started|happened|from",
            r"reopen(?:s|ed|ing)?|open(?:s|ed)?|clear(?:s|ed)?|until",
        ),
        "zh": (r"起|开始|发生|自", r"恢复|重新开放|开放|通车|解除"),
    },
    ("home_points", "away_points"): {"en": ("⟨home⟩", "⟨away⟩"), "zh": ("⟨home⟩", "⟨away⟩")},
    ("share", "runner_share"): {
        "en": ("⟨winner⟩", "⟨runner_up⟩"),
        "zh": ("⟨winner⟩", "⟨runner_up⟩"),
    },
    ("change", "top_change"): {
        "en": ("⟨index⟩", "⟨top_company⟩"),
        "zh": ("⟨index⟩", "⟨top_company⟩"),
    },
}
SENTENCE = re.compile(r"[^。！？\n]+?(?:[。！？\n]|[.!?](?=\s|$)|$)")


class Scene:
    """A text in which the record's names are replaced by ``⟨slot⟩``.

    Args:
        text: of a brief.
        names: where the record's names stand, in full or short; the value is the slot.
        record: what it should tell.
    """

    def __init__(self, text: str, names: Sequence[Mark], record: Record) -> None:
        self._record, self._language = record, record.language
        made, shift = text, 0
        self._moved: list[tuple[int, int]] = []
        for mark in sorted(names, key=lambda x: x.start):
            label = f"⟨{mark.value}⟩"
            start, end = mark.start + shift, mark.end + shift
            made = made[:start] + label + made[end:]
            shift += len(label) - (mark.end - mark.start)
            self._moved.append((mark.end, shift))
        self._text = made
        self._spans = [found.span() for found in SENTENCE.finditer(made)]

    def place(self, old: int) -> int:
        """Where a place of the text lies now."""
        return old + next((s for end, s in reversed(self._moved) if end <= old), 0)

    def turned(self) -> set[str]:
        """The two sides, if a sentence gives the victory or the purchase to the wrong one."""
        event = self._record.event
        if event.beats:
            one, other, most, least = event.beats
            first = self._record.slots[most] > self._record.slots[least]  # type: ignore[operator]
            right, wrong = (one, other) if first else (other, one)
            pair = WIN, LOSE
        elif event.name == "acquisition":
            right, wrong, pair = "buyer", "target", (BUY, BOUGHT)
        else:
            return self._crossed()
        for start, end in self._spans:
            if self._wrongly(self._text[start:end], right, wrong, pair):
                return {right, wrong}
        return set()

    def _wrongly(
        self, sentence: str, right: str, wrong: str, pair: tuple[Mapping[str, str], ...]
    ) -> bool:
        """Whether a sentence has the two sides the wrong way round."""
        does, suffers = (words[self._language] for words in pair)
        host = re.search(
            f"({HOST[self._language]})([^⟨,，]{{0,16}}?)(?:{does}){NO_NUMBER}",
            sentence,
            re.IGNORECASE,
        )
        denied = host and re.search(NOT[self._language], host[2], re.IGNORECASE)
        if host and not denied and "home" in (right, wrong):
            visiting = re.search(VISITOR, host[1], re.IGNORECASE)
            return ("away" if visiting else "home") == wrong
        places = {x: sentence.find(f"⟨{x}⟩") for x in (right, wrong)}
        if min(places.values()) < 0:
            alone = re.search(f"⟨{wrong}⟩{ALONE[self._language]}", sentence, re.IGNORECASE)
            denied = alone and re.search(NOT[self._language], alone[0], re.IGNORECASE)
            return bool(alone) and not denied and places[right] < 0 and pair[0] is WIN
        first, second = sorted(places, key=lambda x: places[x])
        between, after = sentence[places[first] : places[second]], sentence[places[second] :]
        passive = self._language == "zh" and "被" in between and re.search(does, after)
        if passive or re.search(suffers, between, re.IGNORECASE):
            return first == right
        return bool(re.search(does, between, re.IGNORECASE)) and first == wrong

    def _crossed(self) -> set[str]:
        """A way from one place to another, told the other way round."""
        if "from" not in self._record.slots:
            return set()
        turned = r"from ⟨to⟩ to ⟨from⟩|⟨to⟩[至到]⟨from⟩"
        return {"from", "to"} if re.search(turned, self._text) else set()

    def exchanged(self, one: str, other: str, marks: Mapping[str, Sequence[Mark]]) -> bool:
        """Whether the numbers of two slots stand each at the words of the other."""
        cues = CUES.get((one, other), {}).get(self._language)
        if cues is None or not marks.get(one) or not marks.get(other):
            return False
        told = [
            ({self._nearest(mark, cues) for mark in marks[slot]} - {-1}, wrong)
            for slot, wrong in ((one, 1), (other, 0))
        ]
        return all(found == {wrong} for found, wrong in told)

    def _nearest(self, mark: Mark, cues: tuple[str, str]) -> int:
        """Which of two cues stands nearest before a number in its sentence; -1 for neither."""
        place = self.place(mark.start)
        start = next(a for a, b in self._spans if a <= place < b)
        found = [
            (match.end(), number)
            for number, words in enumerate(cues)
            for match in re.finditer(words, self._text[start:place], re.IGNORECASE)
        ]
        if found:
            return max(found)[1]
        after = self._text[self.place(mark.end) : self.place(mark.end) + 14]
        return next((number for number, words in enumerate(cues) if re.search(words, after)), -1)

    def direction(self, marks: Sequence[Mark]) -> str:
        """``up``, ``down``, ``both`` or nothing: what the verb nearest to a change says."""
        told = {self._near(mark) for mark in marks} - {""}
        headline = self._text.partition("\n")[0]
        if "⟨top_company⟩" not in headline:
            ways = {
                way for way, words in (("up", UP), ("down", DOWN)) if self._has(words, headline)
            }
            told |= ways if len(ways) == 1 else set()
        if not told:
            ways = {
                way for way, words in (("up", UP), ("down", DOWN)) if self._has(words, self._text)
            }
            told = ways if len(ways) == 1 else set()
        return "both" if len(told) > 1 else next(iter(told), "")

    def _has(self, words: Mapping[str, str], text: str) -> bool:
        return bool(re.search(words[self._language], text, re.IGNORECASE))

    def _near(self, mark: Mark) -> str:
        place = self.place(mark.start)
        start, end = next((a, b) for a, b in self._spans if a <= place < b)
        found = [
            (abs(start + (match.start() + match.end()) // 2 - place), way)
            for way, words in (("up", UP), ("down", DOWN))
            for match in re.finditer(words[self._language], self._text[start:end], re.IGNORECASE)
        ]
        return min(found)[1] if found else ""
