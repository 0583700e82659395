"""Names in a text: those of a record, in full or short, and those that it does not have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from case_studies.news_generation.events import NAMES, Record, Slot
from case_studies.news_generation.facts.marks import GONE, Mark
from case_studies.news_generation.wording import MONTHS

LIKE = 0.72  # how alike two names are, of 1, for one to be taken for the other
CAPITALS = re.compile(r"(?<![\w’'-])[A-Z][\w’'&-]*(?: (?:of )?[A-Z][\w’'&-]*)*")
STARTS = re.compile(r"(?:^|[.!?:;\n“\"(][”’\"')]*\s{0,3}|– )$")
DAYS = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
# capitals that name nobody
ORDINARY = {
    *MONTHS,
    *DAYS,
    *("I", "CEO", "GMT", "UTC", "TV", "EU", "UN", "Basketball", "Local", "Magnitude"),
    *("Richter", "Celsius", "Christmas", "Easter"),
}
TITLES = {
    *("coach", "president", "mayor", "minister", "chief", "executive", "director", "chairman"),
    *("chairwoman", "professor", "dr", "mr", "mrs", "ms", "captain", "analyst", "spokesman"),
    *("spokeswoman", "forecaster", "candidate", "resident", "officer", "sergeant", "inspector"),
}
HAN = r"\u4e00-\u9fff"
STOP = r"，。：；、！？“”‘’（）《》\s" + GONE + "在于与和从至到由对向是了的为将被把给及或以比经距"
KINDS = {
    "place": "(?<![收开股休])市(?![民场值政长内])|县(?![城长])|镇(?!上)|(?<![地色])区(?![域间])",
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
GENERIC = {"救援队", "消防队", "医疗队", "主队", "客队", "代表队", "志愿队", "当地区", "两队"}
SAYS = "表示|说|称|指出|介绍|认为|提醒|坦言|透露|补充|强调|告诉|回忆|估计|先生|女士"
ROLES = (
    "教练|主席|总裁|专家|市长|发言人|董事长|执行官|预报员|居民|市民|球员|队长|导演|记者|分析师|教授"
    "|司机|负责人|局长|主任|裁判|歌手|演员|交警|民警|代言人|作家|医生|老师|工人|学生|店员|游客"
)
PEOPLE = (
    rf"(?<![{HAN}])[{FAMILY}][^{STOP}]{{1,2}}(?={SAYS})",
    rf"(?:{ROLES})[为是]?(?P<name>[{FAMILY}][^{STOP}]{{1,2}})(?={SAYS}|[，。：；、在将也对就宣登]|$)",
)


def known(text: str, record: Record) -> Iterator[Mark]:
    """Where the record's names stand in full; the value is the slot."""
    slots = [(s.name, str(record.slots[s.name])) for s in _names(record)]
    taken: list[tuple[int, int]] = []
    for slot, name in sorted(slots, key=lambda x: -len(x[1])):  # a name may be part of another
        edge = (r"(?<!\w)", r"(?!\w)") if record.language == "en" else ("", "")
        if name[-1].isascii():  # a product's number goes on with any digit or letter
            edge = edge[0], r"(?![A-Za-z0-9])"
        for found in re.finditer(edge[0] + re.escape(name) + edge[1], text):
            if all(found.end() <= a or found.start() >= b for a, b in taken):
                taken.append(found.span())
                yield Mark("name", slot, found.start(), found.end())


def short(text: str, record: Record) -> Iterator[Mark]:
    """Where they stand in a short form; ``text`` is without the full ones."""
    for slot in _names(record):
        for form in _forms(slot.kind, str(record.slots[slot.name]), record.language):
            pattern = re.escape(form)
            if record.language == "en":  # not within a longer name, which is another one
                pattern = rf"(?<![\w’'-])(?<![A-Z]\w )(?<!\w ){pattern}(?![\w])(?! [A-Z])|" + (
                    rf"(?<=[a-z,;:] ){pattern}(?!\w)(?! [A-Z])"
                )
            for found in re.finditer(pattern, text):
                before = (text[max(0, found.start() - 24) : found.start()].split() or [""])[-1]
                joined = text[: found.start()].endswith("\n")
                if record.language == "en" and not joined and _goes_on(before):
                    continue
                yield Mark("name", slot.name, found.start(), found.end())


def _goes_on(word: str) -> bool:
    """Whether a word before a short name makes it part of a longer one."""
    return word[:1].isupper() and not _plain(word.rstrip(","))


_OPENERS = {
    *("The", "In", "On", "At", "For", "With", "But", "And", "As", "By", "To", "From", "Mr", "Ms"),
    *("After", "Although", "Before", "Both", "While", "When", "Where", "Then", "Yet", "Also"),
    *("Against", "Meanwhile", "Since", "Until", "That", "This", "These", "Those", "If", "So"),
    *("Only", "Even", "Once", "Still", "Under", "Over", "About", "Around", "Between", "Near"),
    *("Its", "Their", "His", "Her", "Our", "It", "He", "She", "They", "We", "There", "An", "A"),
    *("Each", "Every", "No", "Not", "Now", "Today", "Later", "Earlier", "Shares", "Live"),
}


def _names(record: Record) -> list[Slot]:
    return [s for s in record.event.slots if s.kind in NAMES and s.name in record.slots]


def _forms(kind: str, name: str, language: str) -> list[str]:
    """Short forms of a name, longest first."""
    words = name.split()
    if language == "zh":
        cut = {
            "person": [name[:n] + title for n in (2, 1) for title in ("先生", "女士", "氏")],
            "company": [name[:-2]],
            "club": [name[:-1], name[-3:], name[-3:-1]],
            "place": [name[:-1]],
        }
        return [form for form in cut.get(kind, []) if len(form) > 1]
    cut = {
        "person": words[-1:],
        "club": [" ".join(words[:-1]), words[-1]],
        "company": [" ".join(words[:-1])],
        "product": words[:1],
        "index": words[:1],
        "party": words[-1:],
        "festival": [" ".join(words[1:])],
    }
    return [form for form in cut.get(kind, []) if len(form) > 2 and len(words) > 1]


def strangers(text: str, language: str) -> Iterator[Mark]:
    """What looks like a name; ``text`` is without those of the record, without dates and times."""
    yield from _capitals(text) if language == "en" else _han(text)


def _capitals(text: str) -> Iterator[Mark]:
    for found in CAPITALS.finditer(text):
        words, start = found[0].split(" "), found.start()
        opens = start == 0 or bool(STARTS.search(text[max(0, start - 8) : start]))
        while words and (
            words[0].lower() in TITLES or (opens and len(words) > 1 and _plain(words[0]))
        ):
            start += len(words[0]) + 1
            words, opens = words[1:], False
        plain = {re.sub(r"['’]s$", "", word) for word in words}
        if not words or (opens and len(words) == 1) or plain <= ORDINARY:
            continue
        yield Mark("name", " ".join(words), start, found.end())


def _plain(word: str) -> bool:
    """Whether a word that opens a sentence is hardly part of the name after it."""
    return word in _OPENERS or word in ORDINARY or word.lower() in TITLES


def _han(text: str) -> Iterator[Mark]:
    patterns = [rf"(?:(?<=[{STOP}])|^)[^{STOP}\d]{{2,4}}(?:{ends})" for ends in KINDS.values()]
    patterns = [r"[GS]\d{1,4}(?:国道|省道)", *PEOPLE, *patterns]
    taken: list[tuple[int, int]] = []
    for pattern in patterns:
        for found in re.finditer(pattern, text):
            group = "name" if "name" in found.groupdict() else 0
            start, end = found.span(group)
            if all(end <= a or start >= b for a, b in taken) and text[start:end] not in GENERIC:
                taken.append((start, end))
                yield Mark("name", text[start:end], start, end)


def other_language(text: str, language: str) -> Iterator[Mark]:
    """Stretches of the other language, beside the record's names."""
    pattern = rf"[{HAN}]{{2,}}" if language == "en" else r"[A-Za-z]{2,}(?: [A-Za-z]+){2,}"
    for found in re.finditer(pattern, text):
        yield Mark("name", found[0], found.start(), found.end())


def nearly(text: str, name: str) -> tuple[int, int] | None:
    """Where a Chinese name stands with one sign changed, missing or added; None if nowhere."""
    for length in (len(name), len(name) - 1, len(name) + 1):
        for start in range(len(text) - length + 1):
            window = text[start : start + length]
            if GONE in window or window == name or re.search(f"[{STOP}]", window):
                continue
            if _changes(window, name) == 1 and len(name) > 2:
                return start, start + length
    return None


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
    where = before in ("in", "at", "near", "to", "from", "between", "for", "off", "and", "around")
    words = str(mark.value).split()
    if language == "en":
        return {
            "place": where,
            "person": len(words) == 2 and (not where or before in ("and", "to", "from")),
            "road": bool(re.search(r"\d", text[mark.start : mark.end + 4])),
        }.get(slot.kind, True)
    ends = KINDS.get(slot.kind)
    return bool(re.search(f"(?:{ends})$", str(mark.value))) if ends else slot.kind == "person"


def alike(one: str, other: str) -> bool:
    """Whether a name is meant to be the other one."""
    shared = {word for word in one.split() if len(word) > 3} & set(other.split())
    return bool(shared) or SequenceMatcher(None, one, other).ratio() >= LIKE
