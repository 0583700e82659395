"""Whose a number is, where an event has several of a kind: the words that stand beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from case_studies.news_generation.facts.marks import Mark
from case_studies.news_generation.facts.sides import Scene

# slots of one unit to the words for each; ⟨x⟩ is a name's place
GROUPS: tuple[Mapping[str, Mapping[str, str]], ...] = (
    {
        "revenue": {
            "en": r"revenues?|sales|turnover|(?<!net )income",
            "zh": r"营收|营业收入|收入|销售额",
        },
        "profit": {
            "en": r"(?:net )?(?:profits?|earn(?:s|ed|ings)?|income)|net",
            "zh": r"利润|盈利|净赚|净利",
        },
    },
    {
        "time": {
            "en": r"since|closed at|began|started|happened|(?<!again )from",
            "zh": r"起|开始|发生|自",
        },
        "reopening": {
            "en": r"reopen(?:s|ed|ing)?|open(?:s|ed)?|clear(?:s|ed)?|until",
            "zh": r"恢复|重新开放|开放|通车|解除",
        },
    },
    {
        "home_points": {"en": "⟨home⟩", "zh": "⟨home⟩"},
        "away_points": {"en": "⟨away⟩", "zh": "⟨away⟩"},
    },
    {
        "share": {
            "en": "⟨winner⟩|winning (?:share|candidate)|the winner",
            "zh": "⟨winner⟩|胜者(?!之后)|胜选者|当选者",
        },
        "runner_share": {
            "en": r"(?:(?:rival|challenger|opponent),? )?⟨runner_up⟩"
            r"|(?:nearest|closest|main) (?:rival|challenger|opponent)(?!,? ⟨)",
            "zh": "(?:竞争者|对手|第二名)?⟨runner_up⟩|竞争者(?!⟨)|对手(?!⟨)|排在胜者之后|得票次多",
        },
        "turnout": {
            "en": r"turnout|took part|turned out|to the polls"
            r"|cast (?:a|their) (?:ballots?|votes?)|entitled|(?:eligible|registered) voters"
            r"|of the electorate",
            "zh": r"投票率|参选率|参与度|(?:参加|参与|前往|到场)投票",
        },
    },
    {
        "change": {"en": "⟨index⟩", "zh": "⟨index⟩"},
        "top_change": {"en": "⟨top_company⟩", "zh": "⟨top_company⟩"},
    },
    {
        "road": {
            "en": r"clos(?:e|es|ed|ure|ing)|shut|block(?:s|ed|ing)?|⟨from⟩",
            "zh": r"封闭|中断|受阻|阻断|关闭|封路|⟨from⟩",
        },
        "detour": {
            "en": r"detour|divert(?:ed)?|diversions?|alternative|via"
            r"|(?<!who )(?<!that )use|tak(?:e|ing)"
            r"|re-?rout(?:e|ed|ing)|by way of|switch to|(?:sent|sending|directed|directing)"
            r" (?:\w+ )?(?:over|along|via|onto|to)",
            "zh": r"绕行|绕道|改道|改走|改行|经由|借道|分流",
        },
    },
)
PLAIN = {"en": r"(?<!\w)(?:{})(?!\w)", "zh": "(?:{})"}
MOST = 12  # numbers, and words for them, in a sentence that are read
BEFORE, AFTER = 80, 45  # the longest ways from words to their number
BEHIND = 6  # words behind a number count as so much farther away
BREAK = 14  # as does what stands behind a comma
FIRM = 40  # a way that is short enough for a word to have its number beyond doubt
# whose number it is
OWNERS = {
    "home_points": "home",
    "away_points": "away",
    "share": "winner",
    "runner_share": "runner_up",
}
PARTED = re.compile(r"[,;，；、]| (?:and|but|while|with|on|against)\b|[和而与及]")
SCORE = re.compile(r"\s?(?:%|percent|per cent|分)?\s?(?:[–:-]|to|比|对|against|versus|vs\.?)\s?$")
TOGETHER = re.compile(r"\s?(?:,|and|和|与|及|、|以及)\s?(?:its |a |the |net |净)?$")


RESPECTIVELY = re.compile(r"\brespectively\b|分别|各[为得]")


@dataclass(frozen=True)
class _Cue:
    start: int
    end: int
    slot: str
    firm: bool  # whether it is no object of a verb


@dataclass(frozen=True)
class _Number:
    start: int
    end: int
    slot: str


def verdicts(
    scene: Scene, told: Mapping[str, Sequence[Mark]], status: Mapping[str, str]
) -> dict[str, str]:
    """New statuses of slots whose values stand at another slot's words.

    Args:
        scene: the text.
        told: slot to where its value stands.
        status: slot to what was found so far.
    """
    found: dict[str, str] = {}
    for group in GROUPS:
        slots = [name for name in group if name in status]
        marks = {name: told.get(name, ()) for name in slots if status[name] == "right"}
        if len(slots) > 1 and marks:
            found |= _group(scene, {x: group[x] for x in slots}, marks, status)
    return found


def _group(
    scene: Scene,
    group: Mapping[str, Mapping[str, str]],
    marks: Mapping[str, Sequence[Mark]],
    status: Mapping[str, str],
) -> dict[str, str]:
    at: dict[str, list[tuple[str, bool]]] = {name: [] for name in marks}
    again: set[str] = set()
    for numbers, cues in _sentences(scene, group, marks):
        again |= _twice(scene.text, numbers)
        for number, cue, firm in _assigned(scene.text, numbers, cues):
            at[number.slot].append((cue.slot, firm))
    found = {x: "wrong" for x in group if again and status[x] == "missing" and len(group) == 2}
    for name, places in at.items():
        for place, firm in places:
            if place != name:
                found |= _verdict(name, place, firm, at, status)
                whole = found.get(place) == "wrong" and status[place] == "missing"
                if whole and _moved(at, name) and len(places) == len(marks[name]):
                    found[name] = "missing"
    return found


def _moved(at: Mapping[str, Sequence[tuple[str, bool]]], name: str) -> bool:
    """Whether a number stands at words, but never at its own."""
    return bool(at.get(name)) and name not in (place for place, _ in at[name])


def _verdict(
    name: str,
    place: str,
    firm: bool,
    at: Mapping[str, Sequence[tuple[str, bool]]],
    status: Mapping[str, str],
) -> dict[str, str]:
    """What follows from the number of one slot at the words of another."""
    moved = _moved(at, name)
    owner = OWNERS.get(name, "")
    if moved and status.get(owner) == "missing":  # the other one's name has come to stand twice
        return {owner: "wrong"}
    crossed = firm and (name, True) in at.get(place, ())  # right once, and exchanged once
    if crossed or (moved and _moved(at, place)):
        return {name: "wrong", place: "wrong"}
    if firm and status[place] == "missing":
        return {place: "wrong"}
    if firm and moved and status[place] == "right" and not at[place]:
        return {name: "wrong", place: "wrong"}
    return {}


def _sentences(
    scene: Scene, group: Mapping[str, Mapping[str, str]], marks: Mapping[str, Sequence[Mark]]
) -> Iterator[tuple[list[_Number], list[_Cue]]]:
    """The numbers and the words for them in each sentence."""
    language = scene.language
    placed = sorted(
        (
            _Number(scene.place(m.start), scene.place(m.end), slot)
            for slot in marks
            for m in marks[slot]
        ),
        key=lambda x: x.start,
    )
    for start, end in scene.spans:
        numbers = [x for x in placed if start <= x.start < end][:MOST]
        if not numbers:
            continue
        cues = [
            _Cue(start + x.start(), start + x.end(), slot, _firm(scene, start, x))
            for slot, words in group.items()
            for x in re.finditer(
                PLAIN[language].format(words[language]), scene.text[start:end], re.IGNORECASE
            )
        ]
        taken = {(x.start, x.end) for x in numbers}
        cues = [x for x in cues if not any(a <= x.start < b for a, b in taken)]
        yield numbers, sorted(cues, key=lambda x: x.start)[:MOST]


def _firm(scene: Scene, start: int, cue: re.Match[str]) -> bool:
    """Whether words are beyond doubt a number's; a side may be the object of a verb."""
    if "⟨" not in cue[0]:
        return True
    before = scene.text[start : start + cue.start()].rstrip()
    if scene.language == "zh":
        return not re.search(r"(?:胜|败|克|敌|给|下|压|于|战|过|比|对)$", before)
    return bool(not before or re.search(r"(?:[,;:]|\b(?:and|but|while|for|the)|⟩)$", before))


def _assigned(
    text: str, numbers: Sequence[_Number], cues: Sequence[_Cue]
) -> Iterator[tuple[_Number, _Cue, bool]]:
    """Each number with its word, the nearest ones first."""
    numbers = [x for x in numbers if x not in _scores(text, numbers)]
    taken: set[object] = set()
    for one, other in pairwise(cues):  # revenue and profit were 1 and 2
        behind = [x for x in numbers if x.start >= other.end]
        if (
            one.slot != other.slot
            and len(behind) == 2
            and not any(one.end <= x.start < other.start for x in numbers)
            and (
                TOGETHER.fullmatch(text[one.end : other.start])
                or RESPECTIVELY.search(text[one.end : behind[1].end + 30])
            )
        ):
            for cue, number in zip((one, other), behind, strict=True):
                taken |= {cue, number}
                yield number, cue, True
    ways = [
        (way, i, j)
        for i, number in enumerate(numbers)
        for j, cue in enumerate(cues)
        if (way := _way(text, number, cue, numbers, cues)) is not None
    ]
    for way, i, j in sorted(ways):
        if numbers[i] not in taken and cues[j] not in taken:
            taken |= {numbers[i], cues[j]}
            yield numbers[i], cues[j], cues[j].firm and way <= FIRM


def _scores(text: str, numbers: Sequence[_Number]) -> set[_Number]:
    """Numbers of a score, as in 98–87, that does not stand between its sides' names."""
    found: set[_Number] = set()
    for one, other in pairwise(numbers):
        after = text[other.end :]
        sides = text[: one.start].rstrip().endswith("⟩") and after.startswith((" ⟨", "⟨"))
        sides = sides or after.startswith((" for ⟨", "对⟨"))
        if SCORE.fullmatch(text[one.end : other.start]) and not sides:
            found |= {one, other}
    return found


def _twice(text: str, numbers: Sequence[_Number]) -> set[str]:
    """Slots whose number stands on both sides of a score."""
    return {
        one.slot
        for one, other in pairwise(numbers)
        if one.slot == other.slot and SCORE.fullmatch(text[one.end : other.start])
    }


def _way(
    text: str,
    number: _Number,
    cue: _Cue,
    numbers: Sequence[_Number],
    cues: Sequence[_Cue],
) -> int | None:
    """How far a number is from words; None if too far."""
    ahead = cue.end <= number.start
    start, end = (cue.end, number.start) if ahead else (number.end, cue.start)
    gap = text[start:end]
    if end < start or len(gap) > (BEFORE if ahead else AFTER):
        return None
    between = sum(start <= x < end for x in [y.start for y in numbers] + [y.start for y in cues])
    parted = len(PARTED.findall(gap)) + 2 * (gap == " to ")  # 92 to the visitors' 72
    return len(gap) + BREAK * (parted + between) + (0 if ahead else BEHIND)
