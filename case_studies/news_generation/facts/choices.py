"""Facts of which there are few, such as a level or a cause, in the words that people have.

``MORE`` are ways of telling a choice beside the words of the event's type; they prove it, but do
not contradict another one, for ``wind`` and ``accident`` are said of any storm and any crash.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain

from case_studies.news_generation.events import Record, Slot
from case_studies.news_generation.facts.marks import Mark, without

# choices of which another word is no contradiction where the right one is told
TOLD_TWICE = ("level", "period", "cause")
# slot to key to language to patterns
MORE: dict[str, dict[str, tuple[str, str]]] = {
    "period": {
        "q1": (
            r"Q1|1st quarter|(?:first|opening) three months|three months to (?:the end of )?March",
            r"(?<!前)(?:一季度|第1季)",
        ),
        "q2": (r"Q2|2nd quarter|three months to (?:the end of )?June", r"二季度|第2季"),
        "q3": (
            r"Q3|3rd quarter|three months to (?:the end of )?September",
            r"(?<!前)(?:三季度|第3季)",
        ),
        "q4": (
            r"Q4|4th quarter|last quarter|three months to (?:the end of )?December",
            r"四季度|第4季",
        ),
        "half": (r"H1|first six months|1st half|half[- ]year", r"前六个月|前6个月|半年"),
        "year": (r"whole year|entire year|full[- ]year|twelve months", r"年度|整年|一整年"),
    },
    "hazard": {
        "rain": (r"rain|rainfall|downpours?", r"大雨|降雨|强降水"),
        "snow": (r"snow|snowfall|snowstorm|blizzard", r"降雪|雪"),
        "wind": (r"gales?|gale[- ]force|(?:strong|high|violent) winds?", r"强风|狂风"),
        "heat": (r"heat|heat[- ]?wave", r"热浪|炎热"),
        "fog": (r"fog|foggy", r"雾"),
        "storm": (r"thunder|thundery|thunder[- ]?storms?|lightning", r"雷雨|雷电"),
        "frost": (r"frost|frosty", r"霜"),
    },
    "category": {
        "phone": (r"handset|mobile", r"手机"),
        "laptop": (r"laptop computer|notebook|portable computer", r"笔记本|手提电脑"),
        "watch": (r"smart[- ]watch(?:es)?|watch(?= (?:runs|costs|is|will))", r"手表|腕表"),
        "camera": (r"cameras", r"照相机|摄像机"),
        "speaker": (r"loudspeaker", r"音响|扬声器"),
        "tablet": (r"tablet PC", r"平板"),
        "bicycle": (r"(?:electric )?(?:bike|bicycle)", r"电动车|电单车|自行车"),
    },
    "cause": {
        "collision": (r"collided|crashed|pile[- ]?up|collisions|smash", r"相撞|碰撞|追尾|车祸"),
        "flooding": (r"flood(?:s|ed)?|floodwaters?", r"水淹|被淹|内涝|洪水"),
        "roadworks": (
            r"road ?works?|repair works?|repairs|resurfacing|construction work",
            r"施工|道路维修|养护",
        ),
        "landslide": (r"land ?slides?|mud ?slide|landslips?", r"滑坡|塌方"),
        "tree": (
            r"trees? (?:that |which )?(?:had |has )?(?:fell|fallen|came down|come down|blocking)"
            r"|(?:toppled|uprooted|falling|downed) trees?",
            r"倒树|树木?倒|大树|倒下的树",
        ),
        "spill": (r"spill(?:s|age)?|(?:spilled|spilt|leaked|leaking) (?:oil|fuel)", r"泄漏|漏油"),
        "fire": (
            r"(?:vehicle|car|lorry|truck|van|bus) (?:\w+ )?(?:fire|ablaze|caught fire)"
            r"|(?:burning|blazing) (?:vehicle|car|lorry|truck|van|bus)",
            r"起火|着火|自燃|燃烧",
        ),
    },
}
# behind a hazard: it is the one that is warned of
WARNED = {
    "en": re.compile(r" (?:warning|alert)\b"),
    "zh": re.compile("(?:[蓝黄橙红]色)?(?:预警|警报)"),
}
# no choice of the record's, but in its place
OTHERS = {
    "level": {
        "en": r"(?:green|amber|purple|white|black)(?=(?:[- ]level)? (?:\w+ )?(?:warning|alert))",
        "zh": r"(?:绿色|紫色|白色|黑色)(?=.{0,4}(?:预警|警报|警告))",
    }
}


def told(record: Record, slot: Slot, text: str) -> tuple[str, list[Mark]]:
    """What a text says of a choice: ``right``, ``wrong`` or ``missing``, and where."""
    language = record.language
    key, own = next(
        (key, words[language])
        for key, words in slot.words.items()
        if words[language][0] == record.slots[slot.name]
    )
    more = MORE.get(slot.name, {}).get(key, ("", ""))[language == "zh"]
    hits = _found(text, own, language, more if slot.name == "period" else None)
    rest = without(text, hits)
    spans = ("half", "year") if slot.name == "period" and hits else ()  # beside a quarter
    words = (told[language] for other, told in slot.words.items() if other not in spans)
    others = [word for word in chain(*words) if word not in own]
    slips = _found(rest, others, language, OTHERS.get(slot.name, {}).get(language))
    hits = hits or ([] if slips else _found(text, (), language, more))
    if hits and slot.name not in TOLD_TWICE:
        warned = slot.name == "hazard"
        slips = [mark for mark in slips if warned and WARNED[language].match(text, mark.end)]
    return ("wrong" if slips else "right" if hits else "missing"), slips or hits


def _found(text: str, words: Sequence[str], language: str, more: str | None = None) -> list[Mark]:
    """Where one of the words stands, or one of the patterns ``more``."""
    made = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    made = "|".join(filter(None, (made.replace(r"\ ", "[ -]"), more)))
    if not made:
        return []
    edge, ends = (r"\b", r"(?:e?s)?\b") if language == "en" else ("", "")
    found = re.finditer(f"{edge}(?:{made}){ends}", text, re.IGNORECASE)
    return [Mark("name", match[0], match.start(), match.end()) for match in found]
