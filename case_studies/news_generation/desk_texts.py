"""What the news page says, in both languages; ``text`` and ``told`` as the workbench has them."""

from __future__ import annotations

import re
from typing import Any

from case_studies.news_generation.desk_words import SLOTS, slot_name
from workbench.core.errors import BadInput
from workbench.i18n.errors import translate_error
from workbench.i18n.table import TEXTS as SHARED
from workbench.i18n.table import text as shared_text

TEXTS: dict[str, tuple[str, str]] = {
    "news.title": ("Newsdesk", "新闻台"),
    "news.machine": ("machine-written", "机器撰写"),
    "news.machine_help": (
        "a language model wrote this text; it may be wrong",
        "此文本由语言模型生成，内容可能有误",
    ),
    "news.event": ("Event", "事件"),
    "news.from": ("Write from", "写作依据"),
    "news.from.event": ("An event", "事件记录"),
    "news.from.free": ("A free prompt", "自由提示"),
    "news.type": ("Type", "类型"),
    "news.language": ("Brief in", "简讯语言"),
    "news.language.en": ("English", "English"),
    "news.language.zh": ("中文", "中文"),
    "news.transfer": (
        "Held out of training: the model has never seen an event of this type.",
        "训练中未出现：模型从未见过这类事件。",
    ),
    "news.optional": ("may be left empty", "可留空"),
    "news.left_out": ("(left out)", "（不填）"),
    "news.write": ("Write the brief", "撰写简讯"),
    "news.go_on": ("Continue the prompt", "续写提示"),
    "news.stop": ("Stop", "停止"),
    "news.another": ("Another event", "换一个事件"),
    "news.back": ("Undo", "撤销"),
    "news.model": ("Model", "模型"),
    "news.another_model": ("Another model", "其他模型"),
    "news.other_model": ("folder, or hf:owner/name", "文件夹，或 hf:所有者/名称"),
    "news.open": ("Open", "打开"),
    "news.prompt": ("Prompt", "提示"),
    "news.prompt_hint": ("The model goes on from here …", "模型将从这里接着写……"),
    "news.how": ("How it is written", "生成方式"),
    "news.compressed_as": ("Compressed as", "压缩为"),
    "news.sampling": ("Temperature, top-p, length", "温度、top-p、长度"),
    "news.knob.temperature": ("Temperature", "温度"),
    "news.knob.top_p": ("Top-p", "Top-p"),
    "news.knob.tokens": ("Longest, tokens", "最长词元数"),
    "news.cold": (
        "At temperature 0 the likeliest token is taken each time: the same event gives the same "
        "text.",
        "温度为 0 时每步取最可能的词元：同一事件总得到同一文本。",
    ),
    "news.warm": (
        "Above 0, tokens are drawn: each click gives another text, on both sides with the same "
        "seed.",
        "温度大于 0 时按概率抽取词元：每次点击得到不同文本，两侧使用同一随机种子。",
    ),
    "news.way.torch": ("PyTorch, as the original", "PyTorch（与原始模型相同）"),
    "news.way.openvino": ("OpenVINO", "OpenVINO"),
    "news.way.openvino_int8": ("OpenVINO, INT8 weights", "OpenVINO，INT8 权重"),
    "news.way.openvino_int4": ("OpenVINO, INT4 weights", "OpenVINO，INT4 权重"),
    "news.way.genai_int8": (
        "ONNX Runtime GenAI, INT8 weights",
        "ONNX Runtime GenAI，INT8 权重",
    ),
    "news.way.genai_int4": (
        "ONNX Runtime GenAI, INT4 weights",
        "ONNX Runtime GenAI，INT4 权重",
    ),
    "news.way_missing": ("{way}: not here. {why}", "{way}：此处不可用。{why}"),
    "news.side.original": ("Original", "原始模型"),
    "news.side.compressed": ("Compressed", "压缩模型"),
    "news.rate": ("Tokens per second", "每秒词元数"),
    "news.first": ("To the first token", "首个词元用时"),
    "news.unknown": ("not yet", "尚无"),
    "news.empty": (
        "Choose an event, change what you like, then press {button}. The text appears here word "
        "by word, with every fact of the event checked.",
        "选择一个事件，按需修改，然后点击“{button}”。文本会在此逐字出现，并逐项核对事件中的事实。",
    ),
    "news.empty_free": (
        "Type a prompt, then press {button}. What the model adds appears here word by word.",
        "输入提示，然后点击“{button}”。模型续写的内容会在此逐字出现。",
    ),
    "news.asked": ("asked", "已提交"),
    "news.running": ("{stage} …", "{stage}……"),
    "news.done": ("{tokens} tokens in {seconds} s", "{tokens} 个词元，用时 {seconds} 秒"),
    "news.once": (
        "One text, timed once: whether a side is faster is for the workbench to measure.",
        "仅为一次写作的用时；哪一侧更快，须由工作台测量得出。",
    ),
    "news.stopped": ("Stopped; the text is not whole.", "已停止，文本不完整。"),
    "news.no_text": ("The model ended without a word.", "模型没有写出任何内容。"),
    "news.facts": ("Facts", "事实核对"),
    "news.fact": ("Fact", "事实"),
    "news.in_record": ("In the event", "事件记录"),
    "news.in_text": ("In the text", "文中所写"),
    "news.verdict": ("Check", "核对"),
    "news.status.right": ("told", "已写明"),
    "news.status.missing": ("missing", "缺失"),
    "news.status.wrong": ("wrong", "有误"),
    "news.status.invented": ("invented", "虚构"),
    "news.beyond": ("Not in the event", "事件中没有"),
    "news.status.pending": ("not yet", "待写"),
    "news.sum.right": ("{n} of {all} told", "{all} 项中已写明 {n} 项"),
    "news.sum.missing": ("{n} missing", "缺失 {n} 项"),
    "news.sum.wrong": ("{n} wrong", "有误 {n} 项"),
    "news.sum.invented": ("{n} invented", "虚构 {n} 处"),
    "news.fact_absent": (" (missing)", "（缺失）"),
}
# English phrases of errors of this package, to Chinese
PHRASES: dict[str, str] = {
    "a number from {low} to {high}": "介于 {low} 与 {high} 之间的数",
    "a date such as 2026-03-07": "形如 2026-03-07 的日期",
    "a time such as 14:35": "形如 14:35 的时间",
    "a name of at most 60 characters": "不超过 60 个字符的名称",
    "one of {choices}": "下列之一：{choices}",
    "both or neither": "两者都填或都不填",
    "two sides, one of which wins": "不同的两方，且有胜负之分",
    "less than {most}": "小于{most}",
    "add it to the record": "请补上",
    "correct it": "请改正",
    "add the other one": "请补上另一项",
    "correct the record": "请改正记录",
}
NAME = re.compile(r"\\\{[^{}]*\\\}")
SLOT = re.compile(r"slot (\w+)(?P<rest> = .*| \(missing\))", re.DOTALL)
WORD = re.compile(r"\b[a-z]+(?:_[a-z]+)*\b")


def text(key: str, language: str, **values: Any) -> str:
    """The text of a key, of this page or of the workbench, its ``{names}`` filled in.

    Raises:
        KeyError: if no text has that key: our own mistake.
    """
    if key in SHARED:
        return shared_text(key, language, **values)
    return TEXTS[key][language == "zh"].format(**values)


def told(error: BadInput, language: str) -> str:
    """An error as one sentence, slots under the names that the page gives them."""
    value, expected, remedy = error.value, error.expected, error.remedy
    if found := SLOT.fullmatch(value):
        if found[1] in SLOTS:
            rest = found["rest"]
            rest = text("news.fact_absent", language) if rest.startswith(" (") else rest
            value = slot_name(found[1], language) + rest
    else:
        value = _named(value, language)
    expected = _named(expected, language)
    if language == "zh":
        expected, remedy = _chinese(expected), _chinese(remedy)
    return translate_error(BadInput(value, expected, remedy), language)


def _named(words: str, language: str) -> str:
    """Words in which slots with an underscore, or pairs of slots, have their names."""
    if not re.match(r"only one of |less than |\w+, \w+, \w+|\w+ = ", words):
        return words
    named = WORD.sub(
        lambda found: slot_name(found[0], language) if found[0] in SLOTS else found[0], words
    )
    if language != "zh":
        return named
    return named.replace("only one of ", "只有").replace(" and ", "与").replace(", ", "、")


def _chinese(phrase: str) -> str:
    """A phrase of this package in Chinese; another one as it is."""
    for english, chinese in PHRASES.items():
        names = re.findall(r"\{(\w+)\}", english)
        pattern = NAME.sub("(.+?)", re.escape(english))
        if found := re.fullmatch(pattern, phrase, re.DOTALL):
            return chinese.format(**dict(zip(names, found.groups(), strict=True)))
    return phrase
