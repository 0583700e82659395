"""Sides that are called by what they are: the hosts, the runner-up, 客队, 收购方."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from case_studies.news_generation.events import Record
from case_studies.news_generation.facts.marks import Mark

# event to slot to language to the words
ROLES = {
    "match_result": {
        "home": {
            "en": r"\b(?:the )?(?:hosts|home (?:side|team)|hosting side)\b",
            "zh": "主队|东道主",
        },
        "away": {
            "en": r"\b(?:the )?(?:visitors|guests|visiting (?:side|team)|away (?:side|team)"
            r"|travelling side)\b",
            "zh": "客队|客场球队",
        },
    },
    "election_count": {
        "winner": {
            "en": r"\b(?:the |election )?(?:winner|victor)\b",
            "zh": "当选者|胜选者|获胜者",
        },
        "runner_up": {
            "en": r"\b(?:the )?(?:runner-up|second-placed candidate)\b",
            "zh": "第二名|得票第二的|落选者|落选的",
        },
    },
    "acquisition": {
        "buyer": {
            "en": r"\b(?:the )?(?:buyer|purchaser|acquirer|new owner)\b",
            "zh": "收购方|买方|买家",
        },
        "target": {
            "en": r"\b(?:the )?(?:target|acquired company)\b",
            "zh": "被收购方|标的公司|卖方",
        },
    },
}
# before a name: it is what the word says
IS = {
    "en": r"(?: in [A-Z][\w ]{2,30})?,? (?:(?:was|is|were|are)(?: the)? )?$",
    "zh": r"[是为：]?$",
}
# where a comma, too, has the name of the one that the word stands for behind it
FIRST = re.compile(
    r"(?:^|[\n.!?]\s*|(?:beat|defeated|and) )(?:the )?[\w-]+(?: (?:side|team))?$", re.IGNORECASE
)
# what one side does to the other, or where
WRONG_WAY = {
    "match_result": {
        "en": r"⟨away⟩,? (?:(?:were|was|are|is) )?(?:(?:host(?:s|ed|ing)?|welcom(?:e|ed|ing)"
        r"|entertain(?:ed|ing)?) (?:the )?⟨home⟩|at home (?:to|against) ⟨home⟩)"
        r"|⟨home⟩,? (?:travel(?:led|ed|ling)? to|visit(?:ed|ing)?)(?: the)? ⟨away⟩"
        r"|(?:^|[.!?] )⟨home⟩[^⟨.,\n]{0,24}\b(?:away (?:to|at|against)|on the road)"
        r"|⟨away⟩[^⟨.,\n]{0,24}\b(?:their|its) home (?:game|match|fixture|tie)"
        r"|⟨home⟩[^⟨.,\n]{0,24}\b(?:their|its) away (?:game|match|fixture|tie)"
        r"|⟨away⟩ (?:w[io]ns?|los[te]s?) at home\b",
        "zh": r"⟨home⟩(?:队)?在?(?:客场|做客|作客|远征|远道)|(?:客场作战|做客|远道而来)的⟨home⟩"
        r"|⟨away⟩(?:队)?在?(?:主场|坐镇主场)|(?:坐镇)?主场(?:作战)?的⟨away⟩|来访的⟨home⟩",
    },
    "election_count": {
        "en": r"⟨runner_up⟩,? (?:(?:is|was) )?(?:the winner|⟨winner⟩)"
        r"|⟨winner⟩,? (?:(?:is|was) )?(?:the runner-up|⟨runner_up⟩)",
        "zh": r"⟨winner⟩(?:屈居|位居|名列|排名)第二",
    },
    "acquisition": {
        "en": r"⟨target⟩,? (?:(?:was|is) )?the (?:buyer|purchaser|acquirer|new owner)\b"
        r"|⟨buyer⟩,? (?:(?:was|is) )?the target\b|⟨target⟩ (?:is|was) ⟨buyer⟩"
        r"|\b(?:shareholders|owners) of ⟨buyer⟩",
        "zh": r"⟨target⟩(?:是|作为)(?:收购方|买方|买家)|⟨target⟩[是为]⟨buyer⟩|与⟨buyer⟩的?股东",
    },
    "traffic_disruption": {
        "en": r"from ⟨to⟩ (?:to|towards?) ⟨from⟩",
        "zh": r"⟨to⟩(?:[至到往去]|开往|通往|前往)⟨from⟩",
    },
}


def called(text: str, names: Sequence[Mark], record: Record) -> tuple[list[Mark], bool]:
    """Role words that stand for a side, and whether one stands at the other side's name.

    Those beside the name of their own side are left out.
    """
    found, crossed = [], False
    for slot, words in ROLES.get(record.type, {}).items():
        for match in re.finditer(words[record.language], text, re.IGNORECASE):
            if any(match.start() < n.end and n.start < match.end() for n in names):
                continue
            beside = next(_beside(text, match.end(), names, record), None)
            crossed = crossed or (beside is not None and beside != slot)
            if beside is None and not _behind(text, match.start(), slot, names):
                found.append(Mark("name", slot, match.start(), match.end()))
    inner = [m for m in found if any(m is not n and n.start <= m.start < n.end for n in found)]
    return [mark for mark in found if mark not in inner], crossed


def _beside(text: str, end: int, names: Sequence[Mark], record: Record) -> Iterator[str]:
    """The side whose name follows at once."""
    sides = ROLES[record.type]
    for name in names:
        if name.value in sides and 0 <= name.start - end < 50:
            way = text[end : name.start]
            if re.match(IS[record.language], way) and ("," not in way or FIRST.search(text[:end])):
                yield str(name.value)


def _behind(text: str, start: int, slot: str, names: Sequence[Mark]) -> bool:
    """Whether the side's own name stands right before."""
    return any(n.value == slot and text[n.end : start] in (", ", "，", "（", " (") for n in names)
