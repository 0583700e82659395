"""Words that look like names and are none, and words that names end in."""

from __future__ import annotations

import re

from case_studies.news_generation.facts.days import WEEK
from case_studies.news_generation.facts.marks import GONE
from case_studies.news_generation.facts.moments import MONTHS

HAN = r"\u4e00-\u9fff"
# no name goes on over one of these
STOP = r"，。：；、！？“”‘’（）《》\s" + GONE + "在于与和从至到由对向是了的为将被把给及或以比经距"

TITLES = {
    *("coach", "president", "mayor", "minister", "chief", "executive", "director", "chairman"),
    *("chairwoman", "professor", "dr", "mr", "mrs", "ms", "captain", "analyst", "spokesman"),
    *("spokeswoman", "forecaster", "candidate", "resident", "officer", "sergeant", "inspector"),
    *("ceo", "chair", "head", "host", "guard", "forward", "centre", "striker", "star", "boss"),
}
# behind the name of a place: it is still that place
SITES = {
    *("Stadium", "Arena", "Park", "Hall", "Town", "Airport", "Station", "Hospital", "Council"),
    *("University", "Police", "Theatre", "School", "Sports", "Centre", "Center", "District"),
    *("County", "Region", "Province", "Harbour", "Observatory", "Dome", "Ground", "Court"),
}
# capitals that name nobody
ORDINARY = {
    *MONTHS,
    *WEEK,
    *(
        "I",
        "CEO",
        "GMT",
        "UTC",
        "TV",
        "EU",
        "UN",
        "U",
        "S",
        "US",
        "USD",
        "UK",
        "GPS",
        "LED",
        "USB",
        "MVP",
    ),
    *("Basketball", "Local", "Magnitude", "Richter", "Celsius", "Christmas", "Easter", "English"),
    *(f"{part}{i}" for part, last in (("Q", 4), ("H", 2)) for i in range(1, last + 1)),
}
OPENERS = {
    *("The", "In", "On", "At", "For", "With", "But", "And", "As", "By", "To", "From", "Mr", "Ms"),
    *("After", "Although", "Before", "Both", "While", "When", "Where", "Then", "Yet", "Also"),
    *("Against", "Meanwhile", "Since", "Until", "That", "This", "These", "Those", "If", "So"),
    *("Only", "Even", "Once", "Still", "Under", "Over", "About", "Around", "Between", "Near"),
    *("Its", "Their", "His", "Her", "Our", "It", "He", "She", "They", "We", "There", "An", "A"),
    *("Each", "Every", "No", "Not", "Now", "Today", "Later", "Earlier", "Shares", "Live"),
    *("Residents", "Voters", "Drivers", "Visitors", "Hosts", "Guests", "Fans", "Rivals"),
    *("Winner", "Outside", "Across", "Inside", "Because", "Despite", "During", "Like", "Here"),
    *("Behind", "Beside", "Unlike", "Instead", "Motorists", "Investors", "Organisers", "Buyer"),
}
# before the name of a place: another place
QUALIFIERS = (
    *("North", "South", "East", "West", "New", "Old", "Upper", "Lower", "Port", "Mount", "Lake"),
    *("Fort", "Cape", "Little", "Great", "Saint", "St", "Nether", "Northern", "Southern"),
)


def plain(word: str) -> bool:
    """Whether a word that opens a sentence is hardly part of the name after it."""
    return word in OPENERS or word in ORDINARY or word.lower() in TITLES


# signs that people's family names and these words begin with
NOT_PEOPLE = re.compile(
    "董事|高管|高层|高级|高速|高校|方面|方案|方便|方才|马上|马路|金融|金额|金牌|石油|石头|任何|任务|常常|常年|常说|常委|安全|安保"
    "|白天|白人|黄金|黄昏|夏天|夏季|江边|江水|万人|万一|时间|时候|时常|史上|严重|严格|严峻|陆续|陆地|包括|温度|程度|程序|顾客|许多|周边"
    "|周围|周末|何人|何时|林业|谢谢|于是|曾经|曾在|余下|田间|范围|康复|毛利|雷雨|雷电|武警|文化|文件|齐声|庄园|施工|洪水|管理|盛会|左右"
    "|章程|牛市|钱款|路人|路过|车主|经理|经营|段时|房屋|孔雀|童年|祝贺|易于|熊市|龙舟|贺电|龙头|白领|方同|方负|方发"
)
# in a name's first signs they show that it is none
FUNCTION = re.compile(
    "^(?:这|那|该|此|每|某|几|多|各|本|全|整|许多|不少|另|其他|其它|同|所|有|一些|部分|数|两|双方|等待|关注|看好|期待|加入|进入|离开|支持|感谢|成立|组建|首届|今年|当地|传统|大型|主要|基准|大盘|行业|分类)"
    "|^[一二三四五六七八九十]+[家座个支届次项位条名]|[这那该们已也都还就才很更最不没]|另一|其他|所有|部分|城$"
)
GENERIC = re.compile(
    "(?:团队|乐队|部队|军队|警队|舞队|梯队|救援队|消防队|医疗队|主队|客队|代表队|志愿队|两队|球队|车队|当地区|灾区|地区|城区|市区|郊区|景区|社区|园区|校区|厂区|辖区|小区|居民区"
    "|政党|反对党|执政党|城市|都市|电动汽车|新能源汽车|能源汽车|清洁能源|绿色能源|新能源|再生能源|各大银行|中央银行|商业银行|高科技|新科技"
    "|手机软件|消费电子|(?:科技|物流|保险|航空|软件|食品|汽车|能源|电子|制药|化工|钢铁|传媒|地方|外国|本地|国内|海外|大型|小型|同类|相关|有关"
    "|母|子|分|总|大|小|私营|国有|合资|跨国|上市|控股|收购|参股|投资|贸易|竞争)公司|(?:股票|主要|基准|价格|分类|行业|大盘|市场|股市)指数)$"
)


def common(name: str) -> bool:
    """Whether a Chinese stretch that ends like a name is made of ordinary words."""
    return bool(FUNCTION.search(name[:-1]) or GENERIC.search(name) or NOT_PEOPLE.match(name))
