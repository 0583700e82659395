"""Names of slots and units as the news page shows them, in both languages."""

from __future__ import annotations

# slot to (English, Chinese)
SLOTS: dict[str, tuple[str, str]] = {
    "attendance": ("Attendance", "观众人数"),
    "away": ("Away side", "客队"),
    "away_points": ("Away points", "客队得分"),
    "battery": ("Battery life", "续航时间"),
    "buyer": ("Buyer", "收购方"),
    "category": ("Kind of product", "产品类别"),
    "cause": ("Cause", "原因"),
    "change": ("Change", "变化幅度"),
    "chief": ("Chief executive", "首席执行官"),
    "close": ("Closing level", "收盘点位"),
    "company": ("Company", "公司"),
    "date": ("Date", "日期"),
    "days": ("Length", "持续天数"),
    "delay": ("Delay", "延误"),
    "depth": ("Depth", "震源深度"),
    "detour": ("Detour", "绕行路线"),
    "direction": ("Direction", "涨跌方向"),
    "festival": ("Festival", "文化节"),
    "forecaster": ("Forecaster", "预报员"),
    "from": ("From", "起点"),
    "hazard": ("Hazard", "灾害类型"),
    "home": ("Home side", "主队"),
    "home_points": ("Home points", "主队得分"),
    "homes": ("Homes damaged", "受损房屋"),
    "host": ("Host", "主持人"),
    "hours": ("Duration", "持续时间"),
    "index": ("Index", "指数"),
    "injured": ("Injured", "受伤人数"),
    "level": ("Warning level", "预警级别"),
    "magnitude": ("Magnitude", "震级"),
    "party": ("Party", "党派"),
    "period": ("Period", "报告期"),
    "place": ("Place", "地点"),
    "price": ("Price", "价格"),
    "product": ("Product", "产品"),
    "profit": ("Profit", "利润"),
    "region": ("Region", "地区"),
    "reopening": ("Reopening", "恢复通行"),
    "revenue": ("Revenue", "营收"),
    "road": ("Road", "道路"),
    "runner_share": ("Runner-up's share", "次席得票率"),
    "runner_up": ("Runner-up", "次席"),
    "share": ("Winner's share", "胜者得票率"),
    "staff": ("Staff", "员工人数"),
    "stake": ("Stake", "持股比例"),
    "start": ("Begins", "开始日期"),
    "stores": ("Stores", "门店数量"),
    "target": ("Target", "被收购方"),
    "ticket": ("Ticket", "票价"),
    "time": ("Time", "时间"),
    "to": ("To", "终点"),
    "top_change": ("Its change", "其涨跌幅"),
    "top_company": ("Largest mover", "变动最大的公司"),
    "top_scorer": ("Top scorer", "最佳射手"),
    "turnout": ("Turnout", "投票率"),
    "venue": ("Venue", "比赛地点"),
    "visitors": ("Visitors", "游客人数"),
    "votes": ("Votes", "总票数"),
    "wind": ("Wind", "风速"),
    "winner": ("Winner", "获胜者"),
}
# unit to (English page, Chinese page), each for an event in English and in Chinese
UNITS: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "people": (("people", "people"), ("人", "人")),
    "money": (("$ million", "100 million yuan"), ("百万美元", "亿元")),
    "percent": (("%", "%"), ("%", "%")),
    "price": (("$", "yuan"), ("美元", "元")),
    "km": (("km", "km"), ("公里", "公里")),
    "km_h": (("km/h", "km/h"), ("公里/小时", "公里/小时")),
    "hours": (("hours", "hours"), ("小时", "小时")),
    "minutes": (("minutes", "minutes"), ("分钟", "分钟")),
    "days": (("days", "days"), ("天", "天")),
    "stores": (("stores", "stores"), ("家", "家")),
    "votes": (("votes", "votes"), ("票", "票")),
    "homes": (("homes", "homes"), ("户", "户")),
    "points": (("points", "points"), ("点", "点")),
}


def slot_name(slot: str, language: str) -> str:
    """The name of a slot, in the language of the page."""
    return SLOTS[slot][language == "zh"]


def unit_name(unit: str, language: str, told_in: str) -> str:
    """A unit in the language of the page; empty for none.

    Args:
        unit: as slots spell it.
        language: of the page.
        told_in: language of the event, for its money differs.
    """
    return UNITS[unit][language == "zh"][told_in == "zh"] if unit else ""
