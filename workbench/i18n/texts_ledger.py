"""Which answers changed between two runs."""

TEXTS = {
    "ledger.heading": ("Which answers changed", "哪些回答变了"),
    "ledger.against": ("Against", "对比"),
    "ledger.its_reference": ("its reference", "其参照"),
    "ledger.busy": ("Comparing row by row…", "正在逐行比较…"),
    "ledger.alone": (
        "This is a reference: choose a run to compare it with.",
        "这是参照本身：请选择一次测量与它比较。",
    ),
    "ledger.unfinished": (
        "Rows are compared once the run is finished.",
        "测量完成后才能逐行比较。",
    ),
    "ledger.none": ("Both answer every row alike.", "两者对每一行的回答都相同。"),
    "ledger.summary": (
        "{changed} of {n} rows changed: {lost} right → wrong, {won} wrong → right, "
        "{other} wrong → another wrong answer.",
        "{n} 行中有 {changed} 行变了：{lost} 行由对变错，{won} 行由错变对，{other} 行错法不同。",
    ),
    "ledger.overall": (
        "Overall: {words}; McNemar p {p}.",
        "总体：{words}；McNemar 检验 p {p}。",
    ),
    "ledger.groups": ("Classes and slices", "类别与切片"),
    "ledger.groups_note": (
        "Corrected for {n} groups: at most {rate} % of the findings are expected to be none.",
        "已按 {n} 个分组校正：预计至多 {rate} % 的发现并不成立。",
    ),
    "ledger.no_groups": (
        "No class or slice stands out.",
        "没有哪个类别或切片明显不同。",
    ),
    "ledger.more_groups": ("show all groups", "显示全部分组"),
    "ledger.fewer_groups": ("show findings only", "只看有结论的分组"),
    "ledger.class": ("class", "类别"),
    "ledger.group": ("Group", "分组"),
    "ledger.rows": ("Rows", "行数"),
    "ledger.change": ("Change, points", "变化（百分点）"),
    "ledger.verdict": ("Verdict", "结论"),
    "ledger.all": ("all", "全部"),
    "ledger.right_to_wrong": ("right → wrong", "由对变错"),
    "ledger.wrong_to_right": ("wrong → right", "由错变对"),
    "ledger.wrong_to_wrong": ("wrong → wrong", "错法不同"),
    "ledger.within": ("in {group}", "分组：{group}"),
    "ledger.row": ("Row", "行号"),
    "ledger.kind": ("What happened", "发生了什么"),
    "ledger.label": ("Right answer", "正确答案"),
    "ledger.before": ("Before", "之前"),
    "ledger.after": ("After", "之后"),
    "ledger.text": ("Text", "文本"),
    "ledger.drop": ("Lost certainty", "信心下降"),
    "ledger.sort": ("sort by {column}", "按{column}排序"),
    "ledger.page": ("{first} to {last} of {total}", "第 {first} 至 {last} 行，共 {total} 行"),
    "ledger.previous": ("back", "上一页"),
    "ledger.next": ("next", "下一页"),
    "ledger.export": ("export {form}", "导出 {form}"),
    "ledger.capped": (
        "The worst {n} are shown; workbench flips {run} --export FILE writes all.",
        "此处只列最严重的 {n} 行；用 workbench flips {run} --export FILE 可导出全部。",
    ),
    "ledger.explained": ("only through {group}", "仅因 {group}"),
    "verdict.worse than the rest": ("worse than the rest", "比其余更差"),
    "verdict.explained": ("explained", "已有解释"),
}

# What is expected, and what to do, as errors of this part say it in English.
PHRASES = {
    "a name that ends in .csv or .jsonl": "以 .csv 或 .jsonl 结尾的文件名",
    "csv or jsonl": "csv 或 jsonl",
    "a run on {a} of {b}": "{b} 的 {a} 划分上的测量",
    "a run to compare it with": "可与之比较的另一次测量",
    "answers to the rows that the task has now": "针对该任务现有数据行的回答",
    "outputs for {a} rows and {b} classes": "{a} 行、{b} 个类别的输出",
    "choose another run": "另选一次测量",
    "name one with --against": "用 --against 指定一个",
}
