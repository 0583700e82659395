"""Verbs that say who won, who bought, and which way a number went."""

from __future__ import annotations

WIN = {
    "en": r"\b(?:beats?|beating|defeat(?:s|ed|ing)?|overc[ao]mes?|edg(?:es?|ed|ing)|s[ae]ws? off"
    r"|outlast(?:s|ed)?|g[eo]ts? the better of|too (?:strong|good) for|w[io]ns?|winn(?:ing|ers)"
    r"|victory"
    r"|prevail(?:s|ed)?|triumph(?:s|ed)?|ahead of(?=\W*$)|elected|takes?|took|downed|thrashed"
    r"|s[ie]nks?|sank|crush(?:es|ed)|stunn?(?:s|ed)?|rout(?:s|ed)|thump(?:s|ed)|hammer(?:s|ed)|upset"
    r"|(?:eas|cruis|storm|squeez|sweep|swept|brush)(?:es|ed|s)? (?:past|aside)"
    r"|g[eo]ts? past|demolish(?:es|ed)|toppl(?:es|ed)|oust(?:s|ed)|unseat(?:s|ed)"
    r"|pip(?:s|ped)|outpoll(?:s|ed)"
    r"|(?<=had )beaten|(?<=has )beaten|(?<=have )beaten|hold off"
    r"|held off|see off|outscored?)\b",
    "zh": r"击败|战胜|力克|打败|获胜|取胜|胜出|拿下|赢下|赢得|赢了|当选|击退|险胜|大胜|完胜|胜"
    r"|力压|领先|横扫|击溃|(?<!被)逆转|淘汰|轻取|大破|扳倒|送走",
}
LOSE = {
    "en": r"\b(?:(?:beaten|defeated|overcome|edged out|downed|thrashed)\b.*\bby|los[et]s?\b.*\bto"
    r"|losing\b.*\bto|go(?:es)? down\b.*\bto|went down\b.*\bto|fell\b.*\bto"
    r"|defeat\b.*\b(?:to|by|against|at the hands of)|loss\b.*\b(?:to|against)|beaten at"
    r"|behind(?=\W*$)|second to|trail(?:s|ed)?(?=\W*$)|no match for|bow(?:s|ed) to)\b",
    "zh": r"不敌|负于|输给|惜败|败给|落败|告负|失利|败于|被.*(?:击败|战胜|打败|逆转)|落后于|憾负",
}
# what sounds like a victory or a defeat, and is none
IDIOMS = {
    "en": r"\b(?:c[ao]m(?:e|es|ing) )?from(?: \w+ points)? behind\b"
    r"|\b(?:t[ao]kes?|took|taking|had|los(?:e|t|es|ing)|gave up|w[io]ns?|held|holding|ahead in)"
    r" (?:an? |the |their |its |his |her |all of )?(?:(?:early|first|second|third|last|big"
    r"|half-time|opening|narrow|\w+-point) )?"
    r"(?:lead|ball|toss|half|quarter|period|advantage|control|game of)\b"
    r"|\b(?:after|having|despite|while) (?:trailing|trailed|falling behind|losing|being behind)\b"
    r"|\b(?:ahead of|behind) (?:the |schedule|plan)\w*|\bbeat(?:ing|s)? (?:expect|forecast)\w+",
    "zh": r"一度(?:大比分)?(?:落后|领先)"
    r"|(?:先|曾|开场|上半场|半场|首节|长时间|始终|大比分)(?:一直|还)?(?:落后|领先)"
    r"|(?:落后|领先)(?:局面|优势|的情况)|胜利在望|胜负|输赢|取胜(?:机会|希望)|不败|反败为胜|转败为胜",
}
# a victory that does not come about
NOT = {
    "en": r"(?:\b(?:fail\w*|unable|not|never|without|cannot|hop(?:ed|ing)|tried|trying)\b|n['’]t)"
    r"[^,;⟨]{0,16}$",
    "zh": r"(?:未能|没能|没有|未|无法|难以|不能|无力|无望|不)[^，⟨]{0,4}$",
}
# a side that is named alone; behind a verb no number of points or votes
WON_ALONE = {
    "en": r"(?:,? who|,? which)?(?: (?:made|reached|scored|got|had) \d+(?: points)?)?"
    r"[\s,]*(?:but |and )?(?:(?:has|have|had|was|is|were|are|duly|then"
    r"|finally|narrowly|comfortably|easily|eventually|still|only just) )*"
    r"(?:(?:won|wins?)\b(?! (?:just |only )?\d+(?!\d*(?:[–:-]| to )\d))"
    r"(?! (?:just|only|praise|(?:their|its|his|her|all|every|both)\b(?! (?:game|match|seat))))"
    r"|elected|prevail(?:s|ed)?|triumph(?:s|ed)?)",
    "zh": r"(?:，[他她]因此)?(?:(?!祝贺|对手|承认|恭喜|未|没|不|被|无)[^⟨，。；]){0,14}"
    r"(?:⟨(?:place|venue)⟩[^⟨，。；未没不]{0,4})?"
    r"(?:获胜|胜出|当选|取胜|告捷|赢得(?:⟨place⟩)?(?:的?比赛|的?选举)"
    r"|(?:赢下|拿下)⟨place⟩|胜选|夺冠)",
}
LOST_ALONE = {
    "en": r"(?:,? who|,? which)?[\s,]*(?:but |and )?(?:(?:has|have|had|narrowly|eventually|then"
    r"|finally|duly|only) )*(?:los[te]s?\b(?! (?:the|an?|their|its|just|only|\d+(?!\d*[–:-]\d)))"
    r"|(?:was|were) (?:well |narrowly )?beaten|went down\b(?! in)|fell short"
    r"|(?:came|finished|placed|was|is|ended) (?:in )?second|took second"
    r"|suffered (?:an? )?(?:\w+ )?(?:defeat|loss)|(?:was|is) (?:the )?runner-up"
    r"|conced(?:es?|ed) (?:defeat|the race|the election|early))",
    "zh": r"(?:(?!避免|不|没有|对手|让|使|令|未)[^⟨，。；]){0,10}"
    r"(?:落败|告负|失利|败北|输球|输掉|饮恨|(?:屈居|位居|名列|排名|排在)第二|落选|憾负|没能笑到最后"
    r"|[列排]在(?:其后|胜者之后))",
}
# a side behind its victory or defeat
WON_BY = {
    "en": r"(?<!no )(?<!home )(?<!away )\b(?:victory|win|triumph) (?:for|by|of)(?: the)? "
    r"|in favou?r of |\b(?:elects?|chose|chooses?) ",
    "zh": "(?:胜者|(?:获胜|胜出|当选|取胜|选举)的)是|选出",
}
LOST_BY = {
    "en": r"\b(?:defeat|loss) (?:for|of)(?: the)? ",
    "zh": "(?:落败|败选|落选)的(?:对手|候选人)?[是为]|负者是",
}
BREAK = {
    "en": r"[,;:]|\b(?:but|while|whereas|although|though|as|when|before|after)\b",
    "zh": "[，；：]",
}
BUY = {
    "en": r"\b(?:buy(?:s|ing)?|bought|acquir(?:e|es|ed|ing)|takes? over|taking over|took over"
    r"|pay(?:s|ing)?|spend(?:s|ing)?|(?:gain(?:s|ed|ing)?|t[ao]kes?|took|taking) control of"
    r"|snap(?:s|ped|ping)? up|swallow(?:s|ed|ing)?|absorb(?:s|ed|ing)?"
    r"|(?:a|the) (?:controlling|majority) stake in|(?:purchase|acquisition|takeover) of)\b",
    "zh": r"吞并|控股(?!权)|入主|吃下|收购|买下|购入|购得|拿下|并购|取得|买入|购买|完成对",
}
BOUGHT = {
    "en": r"\b(?:(?:bought|acquired|taken over|controlled|owned|held)\b.*\bby"
    r"|s(?:old|ells?)\b.*\bto|pass(?:es)?\b.*\bto|goe?s?\b.*\bto)\b",
    "zh": r"被|由|出售给|卖给|转让给|归|易主",
}
BUYS_ALONE = {
    "en": r"(?:,? which)?(?: (?:is|will|has|to|now|plans|agreed|agrees|wants|intends))*"
    r" (?:pay(?:s|ing)?|buy(?:s|ing)?|acquir(?:es?|ing)|spend(?:s|ing)?|purchas(?:es?|ing))\b",
    "zh": r"(?:将|已|计划|拟|打算)?(?:斥资|出资|出价|掏出)",
}
# a noun before both: the first one goes to the second
SALE = {
    "en": r"\b(?:(?:sale|selling|transfer) of [^⟨\n]{0,30}⟨{one}⟩ to|(?:purchase|acquisition"
    r"|takeover) of [^⟨\n]{0,30}⟨{one}⟩ by)(?: the)? ⟨{other}⟩",
    "zh": r"[将把][^⟨。]{0,10}⟨{one}⟩[^⟨。]{0,16}(?:卖|出售|转让)给⟨{other}⟩",
}
UP = {
    "en": r"\b(?:r[oi]se(?:s|n)?|rising|(?<!gave )(?<!give )(?<!gives )(?<!giving )up"
    r"|gr[eo]ws?|grown|growth|climb(?:s|ed)?|gain(?:s|ed)?"
    r"|increas(?:e|es|ed)|higher|advanced?s?|jump(?:s|ed)?|add(?:s|ed)|improv(?:es|ed)"
    r"|soar(?:s|ed)?|surg(?:es|ed)|rall(?:y|ies|ied)|puts? on"
    r"|ahead(?= (?:by )?\d)|lift(?:s|ed)?|boost(?:s|ed)?|leap(?:s|t|ed)?|swell(?:s|ed)?"
    r"|expand(?:s|ed)?|accelerat(?:es|ed)|firm(?:s|ed)|tack(?:s|ed) on|stronger"
    r"|(?<=t) more)\b|(?<=%) more\b",
    "zh": r"上涨|增长|上升|增加|攀升|走高|上扬|收涨|收高|升至|增至|升|涨|增|提高|走强|反弹"
    r"|扩大|劲扬|冲高",
}
DOWN = {
    "en": r"\b(?:f[ae]ll(?:s|en)?|falling|drop(?:s|ped)?|declin(?:e|es|ed)|slip(?:s|ped)?"
    r"|los[te](?:s)?|decreas(?:e|es|ed)|lower|down|slid(?:es?)?|shr[aiu]nk(?:s)?"
    r"|g[ai]ve?s? up|giving up|retreat(?:s|ed)?|loss|ease[sd]?|weaker"
    r"|plung(?:es|ed)|tumbl(?:es|ed)|sinks?|sank|slump(?:s|ed)?|shed|plummet(?:s|ed)?|div(?:es|ed)|dove"
    r"|crash(?:es|ed)|tank(?:s|ed)|skid(?:s|ded)?|nosediv(?:es|ed)|contract(?:s|ed)|dip(?:s|ped)?|sag(?:s|ged)?"
    r"|in the red|off(?= (?:by )?\d)"
    r"|(?<=t) (?:less|fewer))\b|(?<=%) (?:less|fewer)\b",
    "zh": r"下跌|下降|减少|少了|低于|下滑|回落|走低|收跌"
    r"|收低|降至|减至|跌|降|减|缩水|走弱|[下重急]挫|萎缩|跳水|滑落|倒退",
}
