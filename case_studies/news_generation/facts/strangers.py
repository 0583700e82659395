"""Names in a text that its record does not have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from case_studies.news_generation.events import Record, Slot
from case_studies.news_generation.facts.headlines import slips, titled
from case_studies.news_generation.facts.marks import GONE, Mark
from case_studies.news_generation.facts.words import (
    HAN,
    ORDINARY,
    SITES,
    STOP,
    TITLES,
    common,
    plain,
)

LIKE = 0.72  # how alike two names are, of 1, for one to be taken for the other
CAPITALS = re.compile(r"(?<![\w’'-])[A-Z][\w’'&-]*(?: (?:of )?[A-Z][\w’'&-]*)*")
STARTS = re.compile(r"(?:^|[.!?:;\n“\"(][”’\"')]*\s{0,3}|– )$")
KINDS = {
    "place": "(?<![收开股休城都上])市(?![民场值政长内])|县(?![城长])|镇(?!上)"
    "|(?<![地色灾])区(?![域间])",
    "club": "(?<!球)队(?![员长伍])",
    "company": "(?<!收购)(?<!控股)(?<!上市)公司|集团|科技|实业|能源|食品|汽车|银行|制药|软件"
    "|航空|物流|传媒|电子|保险|化工|钢铁",
    "party": "联盟|阵线|同盟|协进会|行动党|联合党|联合会|(?<![本该各两])党",
    "road": "国道|省道|大道|高速",
    "festival": "文化节|音乐节|艺术节|电影节|戏剧节|美食节",
    "index": "综指|成指|指数",
}
FAMILY = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶"
    "顾余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
    "齐柳庄严殷施陶洪翟安颜倪葛柯耿芦左章鲁牛卞管盛童"
)
SAYS = "表示|宣布|说|称|指出|介绍|认为|提醒|坦言|透露|补充|强调|告诉|回忆|估计|先生|女士"
ROLES = (
    "创始人|总经理|教练|队员|选手|前锋|后卫|中锋|球星|主持人|主席|总裁|专家|市长|发言人|董事长|执行官|预报员|居民|市民|球员|队长|导演|记者|分析师|教授"
    "|司机|负责人|局长|主任|裁判|歌手|演员|交警|民警|代言人|作家|医生|老师|工人|学生|店员|游客"
)
PEOPLE = (
    rf"(?<![{HAN}])[{FAMILY}][^{STOP}]{{1,2}}(?={SAYS})",
    rf"(?:{ROLES})[为是]?(?P<name>[{FAMILY}][^{STOP}]{{1,2}})(?={SAYS}|[，。：；、在将也对就宣登拿得获独砍率]|$)",
)
# what a name may follow at once
LEADS = (
    "公司",
    "代表",
    "来自",
    "位于",
    "附近",
    "对手",
    "前往",
    "击败",
    "战胜",
    "收购",
    "邻近",
    "旗下",
)


def strangers(text: str, record: Record) -> Iterator[Mark]:
    """What looks like a name; ``text`` is without those of the record, without dates and times."""
    if record.language == "zh":
        yield from _han(text)
        return
    headline = text[: titled(text)]
    yield from slips(headline, record)
    yield from _capitals(GONE * len(headline) + text[len(headline) :])


def _capitals(text: str) -> Iterator[Mark]:
    for found in CAPITALS.finditer(text):
        words, start = found[0].split(" "), found.start()
        opens = start == 0 or bool(STARTS.search(text[max(0, start - 8) : start]))
        while words and (
            words[0].lower() in TITLES or (opens and len(words) > 1 and plain(words[0]))
        ):
            start += len(words[0]) + 1
            words, opens = words[1:], False
        bare = {re.sub(r"['’]s$", "", word) for word in words}
        site = bare <= SITES and text[: found.start()].endswith((GONE + " ", "the "))
        if not words or (opens and len(words) == 1) or bare <= ORDINARY or site:
            continue
        yield Mark("name", " ".join(words), start, found.end())


def _whole(text: str) -> str:
    """The text, as long as before, with words that a name's end would be seen in kept together."""
    return text.replace("自由", "自甴").replace("共和", "共咊")


def _han(text: str) -> Iterator[Mark]:
    whole = _whole(text)
    before = "|".join((rf"(?<=[{STOP}])", "^", *(f"(?<={lead})" for lead in LEADS)))
    patterns = [rf"(?:{before})[^{STOP}\d]{{2,4}}(?:{ends})" for ends in KINDS.values()]
    party = rf"(?:{before})[^{STOP}\d]党(?=候选人|提名|主席|[{STOP}]|$)"
    patterns = [r"[GS]\d{1,4}(?:国道|省道)", *PEOPLE, *patterns, party]
    taken: list[tuple[int, int]] = []
    for pattern in patterns:
        for found in re.finditer(pattern, whole):
            group = "name" if "name" in found.groupdict() else 0
            start, end = found.span(group)
            if all(end <= a or start >= b for a, b in taken) and not common(text[start:end]):
                taken.append((start, end))
                yield Mark("name", text[start:end], start, end)


def other_language(text: str, language: str) -> Iterator[Mark]:
    """Stretches of the other language, beside the record's names."""
    pattern = rf"[{HAN}]{{2,}}" if language == "en" else r"[A-Za-z]{2,}(?: [A-Za-z]+){2,}"
    for found in re.finditer(pattern, text):
        yield Mark("name", found[0], found.start(), found.end())


def nearly(text: str, name: str, kind: str, missing: bool) -> tuple[int, int] | None:
    """Where a Chinese name stands in part, or with one sign changed; None if nowhere.

    Args:
        text: without what was understood.
        name: as the record has it.
        kind: of its slot.
        missing: whether the right name is nowhere; then half of it is a slip, too.
    """
    text, name = _whole(text), _whole(name)
    for length in (len(name), len(name) - 1, len(name) + 1):
        for start in range(len(text) - length + 1):
            window = text[start : start + length]
            if GONE in window or window == name or re.search(f"[{STOP}]", window):
                continue
            if _changes(window, name) == 1 and len(name) > 2:
                return start, start + length
    found = re.search(half, text) if missing and (half := _half(name, kind)) else None
    return found.span() if found else None


def _half(name: str, kind: str) -> str:
    """A pattern for a name whose one half is the record's."""
    if kind == "person":
        return f"{name[:2]}(?!{name[2:]})|(?<!{name[0]}){name[1:]}" if len(name) == 3 else ""
    if kind not in KINDS or len(name) < 4:
        return ""
    head, tail = re.escape(name[:2]), re.escape(name[2:])
    return rf"{head}[^{STOP}\d]{{0,2}}(?:{KINDS[kind]})|[^{STOP}\d]{{2}}{tail}"


def _changes(one: str, other: str) -> int:
    if len(one) == len(other):
        return sum(a != b for a, b in zip(one, other, strict=True))
    long, brief = (one, other) if len(one) > len(other) else (other, one)
    # the ends must be kept: a name without its last sign is a short form
    cut = any(long[:i] + long[i + 1 :] == brief for i in range(1, len(long) - 1))
    return 1 if cut else 2


def in_place(mark: Mark, slot: Slot, text: str, language: str) -> bool:
    """Whether a foreign name can stand for a slot that is not told."""
    before = text[: mark.start].rstrip().rsplit(" ", 1)[-1].lower()
    ways = ("to", "from", "between", "and") if slot.name in ("from", "to") else ("around", "for")
    where = before in ("in", "at", "near", "off", *ways)
    words = str(mark.value).split()
    if language == "en":
        return {
            "place": where,
            "person": len(words) == 2 and not where,
            "road": bool(re.search(r"\d", text[mark.start : mark.end + 4])),
        }.get(slot.kind, True)
    ends = KINDS.get(slot.kind)
    return bool(re.search(f"(?:{ends})$", str(mark.value))) if ends else slot.kind == "person"


def alike(one: str, other: str, missing: bool = True) -> bool:
    """Whether a name is meant to be the other one, which the text lacks or tells elsewhere."""
    mine, wanted = one.split(), other.split()
    if one.startswith(f"{other} ") and len(wanted) == 1:  # Elmford Harriers are not Elmford
        return False
    shared = {word for word in mine if len(word) > 3} & set(wanted)
    if shared and (missing or len(mine) == len(wanted)):
        return True
    return SequenceMatcher(None, one, other).ratio() >= LIKE
