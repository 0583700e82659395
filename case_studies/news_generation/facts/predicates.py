"""The right value said of the wrong thing: a loss for a profit, the dead for the injured."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from case_studies.news_generation.facts.marks import Mark
from case_studies.news_generation.facts.sides import Scene

REACH = 48  # characters before a value, and behind it, that are read
# slot to language to what may not stand before its value, and not behind it
WRONG: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "profit": {
        "en": (r"\b(?:loss(?:es)? of|los[te]s?|deficit of) (?:about )?$", r"^ (?:net )?loss\b"),
        "zh": (r"亏损?(?:达|了|为|额为?)?$", r"^的?(?:净)?亏损"),
    },
    "injured": {
        "en": (
            r"\b(?:kill(?:s|ed|ing)|claim(?:s|ed) the lives of|death toll (?:of|at)) $",
            r"^(?: people)? (?:(?:were|are|have been) killed|dead|died|have died|deaths)\b",
        ),
        "zh": (r"(?:遇难|死亡)(?:人数)?(?:达|为|者)?$", r"^[人名]?(?:遇难|死亡|丧生|身亡)"),
    },
    "change": {
        "en": (
            r"\b(?:profits?|earnings)(?: \w+){0,3} (?:by )?$",
            r"^ (?:(?:rise|fall|increase|drop) in|more|less|higher|lower) (?:net )?"
            r"(?:profits?|earnings)\b",
        ),
        "zh": (r"(?:净利润|净利|盈利|利润)(?:同比|环比|大幅)?(?:[增下上减][长降升少幅])?$", "^$"),
    },
}
# of a festival alone: other events have no end
CLOSING = {
    "en": (r"\b(?:clos|end|finish)(?:es|ed|ing|s|ishes)?(?: on)?(?: \w+day,?)? $", "^$"),
    "zh": (r"(?:闭幕|落幕|结束)[于在]?$", "^(?:闭幕|落幕|结束)"),
}
# slot to language to what stands in a text where its value is given to somebody else
ELSEWHERE: Mapping[str, Mapping[str, str]] = {
    "party": {
        "en": r"⟨party⟩(?:['’]s?)?(?: candidate| contender)?,? ⟨runner_up⟩"
        r"|⟨runner_up⟩,? (?:\(⟨party⟩\)|(?:(?:of|from) )?the ⟨party⟩(?: candidate| contender)?)",
        "zh": r"⟨party⟩的?(?:候选人|参选人|对手)?⟨runner_up⟩|⟨runner_up⟩[(（]⟨party⟩[)）]",
    },
    "chief": {
        "en": r"⟨target⟩['’]s?,? (?:chief executive|chief|boss|CEO|head|president),? ⟨chief⟩"
        r"|⟨target⟩,? (?:which is )?(?:led|headed|run) by ⟨chief⟩"
        r"|\b(?:financ\w+|sales|marketing|operating|technical|technology|deputy)"
        r" (?:director|chief|officer|executive),? ⟨chief⟩",
        "zh": r"⟨target⟩的?(?:首席执行官|总裁|董事长|掌门人|CEO)⟨chief⟩"
        r"|(?:财务官|财务总监|运营官|技术官|市场官|副总裁|副总经理|副董事长)⟨chief⟩",
    },
}
# whose staff an acquisition tells of is the one that is bought
BUYERS_STAFF = {
    "en": r"⟨buyer⟩,? (?:(?:which|that) )?(?:employs?|has|with)(?: a staff of)? $",
    "zh": r"⟨buyer⟩(?:拥有|现有|共有|有)$",
}


def misplaced(scene: Scene, told: Mapping[str, Sequence[Mark]], event: str) -> set[str]:
    """Slots whose value a text has, and says of something else.

    Args:
        scene: the text.
        told: slot to where its value stands.
        event: type of the record.
    """
    language = scene.language
    tables = {name: words[language] for name, words in WRONG.items()}
    if event == "festival":
        tables["date"] = CLOSING[language]
    if event == "acquisition":
        tables["staff"] = (BUYERS_STAFF[language], "^$")
    found = {
        name
        for name, ways in tables.items()
        if any(_beside(scene, mark, ways) for mark in told.get(name, ()))
    }
    return found | {
        name
        for name, ways in ELSEWHERE.items()
        if name in told and re.search(ways[language], scene.text, re.IGNORECASE)
    }


def _beside(scene: Scene, mark: Mark, ways: tuple[str, str]) -> bool:
    """Whether the words stand before a value, or behind it."""
    start, end = scene.place(mark.start), scene.place(mark.end)
    before, behind = scene.text[max(0, start - REACH) : start], scene.text[end : end + REACH]
    return bool(
        re.search(ways[0], before, re.IGNORECASE) or re.search(ways[1], behind, re.IGNORECASE)
    )
