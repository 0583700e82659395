"""Worker processes side by side, and one model shared out among several devices."""

TEXTS = {
    "parallel.x": ("Worker processes", "工作进程数"),
    "parallel.y": ("Requests finished [1/s]", "每秒完成的请求数 [1/s]"),
    "parallel.measured": ("measured", "实测"),
    "parallel.perfect": ("if each did as much as one alone", "假如每个都与单独一个时一样快"),
    "parallel.hover": (
        "%{{x}} workers: %{{y:.3s}} requests/s<br>%{{text}}",
        "%{{x}} 个进程：每秒 %{{y:.3s}} 个请求<br>%{{text}}",
    ),
    "parallel.against": (
        "{value}× as many as one ({low} to {high}, n = {n} launches)",
        "为单个进程的 {value} 倍（{low} 至 {high}，n = {n} 次启动）",
    ),
    "parallel.against_once": (
        "{value}× as many as one (a single launch)",
        "为单个进程的 {value} 倍（仅 1 次启动）",
    ),
    "parallel.one": ("one worker", "单个进程"),
    "parallel.stops": ("more than {n} do not pay", "超过 {n} 个不再划算"),
    "parallel.stops_one": ("more than one does not pay", "超过 1 个不再划算"),
    "parallel.goes_on": ("pays up to {n}, the most tried", "直到所试的最大数 {n} 个都划算"),
    "parallel.goes_on_one": ("only one worker was tried", "只试了 1 个进程"),
    "parallel.cannot_tell": (
        "cannot tell whether more than {n} pay",
        "无法判断超过 {n} 个是否划算",
    ),
    "parallel.cannot_tell_one": (
        "cannot tell whether more than one pays",
        "无法判断超过 1 个是否划算",
    ),
    "parallel.explained": (
        "A step pays if it gives at least 5 % more requests/s and its 95 % interval excludes "
        "no gain.",
        "每一步须使每秒请求数至少增加 5%，且其 95% 区间不含“无增益”，才算划算。",
    ),
    "jobs.kind.parallel": ("Worker processes", "工作进程"),
    "stage.parallel": (
        "letting workers write: {done} of {total}",
        "正在让各进程写作：{done}/{total}",
    ),
}
PHRASES = {
    "a folder as Hugging Face has it": "Hugging Face 格式的文件夹",
    "a model that writes": "能写作的模型",
    "a family with a plan for sharing out its layers, such as llama, qwen or gemma": (
        "有分配各层方案的模型族，如 llama、qwen 或 gemma"
    ),
    "use several worker processes instead": "请改用多个工作进程",
    "a number of processes that divides {a}": "能整除 {a} 的进程数",
    "at most {a}, as many as there are": "不超过现有的 {a} 个",
    "choose another number": "请另选一个数",
    "choose fewer": "请减少",
    "processes that live until all is written": "写完之前一直运行的进程",
    "at least one of each": "两者至少各一",
}
