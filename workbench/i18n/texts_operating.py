"""Where to run a model: batch, threads and streams under a ceiling of latency."""

TEXTS = {
    "operating.heading": ("Where to run it", "以何种方式运行"),
    "operating.cost": (
        "Which batch, how many threads and streams? {n} settings are tried, about {time} min.",
        "批量多大、几个线程、几路流？将试 {n} 种设置，约 {time}（分:秒）。",
    ),
    "operating.button": ("Try the settings", "试各种设置"),
    "operating.again": ("Try again", "重新试"),
    "operating.busy": ("The settings are being tried.", "正在试各种设置。"),
    "operating.slider": ("p95 at most [ms]", "p95 不超过 [毫秒]"),
    "operating.none": (
        "No setting answers 95 of 100 batches within {ceiling} ms.",
        "没有一种设置能使 100 批中的 95 批在 {ceiling} 毫秒内得到回答。",
    ),
    "operating.found": (
        "Best under the ceiling: batch {batch} · {setting}: {rate} texts/s, p95 of a batch "
        "{tail} ms (n = {n} launches).",
        "上限之内最好：批量 {batch} · {setting}：每秒 {rate} 条，每批 p95 为 {tail} 毫秒"
        "（n = {n} 次启动）。",
    ),
    "operating.failed": ("Not measured: {setting}. {why}", "未能测量：{setting}。{why}"),
    "operating.batch": ("batch {n}", "批量 {n}"),
    "operating.thread": ("{n} thread", "{n} 线程"),
    "operating.threads": ("{n} threads", "{n} 线程"),
    "operating.streams": ("{n} streams", "{n} 路流"),
    "operating.unsorted": ("texts as they come", "文本按到达顺序"),
    "operating.ceiling": ("ceiling", "上限"),
    "operating.best": ("best under it", "上限内最好"),
    "operating.x": ("p95 of a batch [ms]", "每批 p95 [毫秒]"),
    "operating.y": ("Throughput [texts/s]", "吞吐量 [条/秒]"),
    "operating.hover": (
        "batch %{{text}}: %{{y:.3s}} texts/s, p95 %{{x:.3s}} ms",
        "批量 %{{text}}：每秒 %{{y:.3s}} 条，p95 %{{x:.3s}} 毫秒",
    ),
    "jobs.kind.operating": ("Batch, threads, streams", "批量、线程与流"),
    "stage.operating": ("trying settings: {done} of {total}", "正在试各种设置：{done}/{total}"),
}
PHRASES = {
    "one of {kinds}": "{kinds} 之一",
    "a list of different values from {low} to {high}": "一组互不相同的值，从 {low} 到 {high}",
    "list the {name} to try, or leave them out": "列出要试的 {name}，或省略",
    "1 to {a} points": "1 到 {a} 个点",
    "an object with {names}": "一个含有 {names} 的对象",
    "name what to try": "写明要试什么",
    "a run that is done": "已完成的测量",
    "whole numbers with commas between them, such as 1,2,4": "以逗号分隔的整数，如 1,2,4",
    "write them so": "请这样写",
    "milliseconds above 0, at most {most}": "大于 0、不超过 {most} 的毫秒数",
    "give a longer or shorter time": "请改用更长或更短的时间",
    "choose another run": "请选择另一次测量",
}
