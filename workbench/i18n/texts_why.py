"""Why a run is fast or slow: causes, layers, the machine's ceiling."""

TEXTS = {
    "why.heading": ("Why fast or slow", "为什么快或慢"),
    "why.busy": ("Reading the profile…", "正在读取剖析结果…"),
    "why.none": (
        "This run has no profile: measure it again.",
        "此次测量没有剖析结果：请重新测量。",
    ),
    "why.coming": ("The profile is being taken.", "正在剖析。"),
    "why.untraced": (
        "This runtime has no profiler here: only tokenising is told apart.",
        "此运行时没有可用的剖析器：只能区分分词时间。",
    ),
    "why.split": (
        "One text at a time, {time} each: {parts}.",
        "逐条处理，每条 {time}：{parts}。",
    ),
    "why.no_cause": ("Nothing stands out.", "没有明显的原因。"),
    "why.layers": ("layer by layer", "逐层查看"),
    "why.no_layers": ("hide the layers", "收起各层"),
    "why.no_layer_times": (
        "This runtime cannot tell how long each layer takes.",
        "此运行时无法区分各层所用的时间。",
    ),
    "why.limit": (
        "{share} % of what this machine could do: the products and weights alone need at least "
        "{least}.",
        "达到本机极限的 {share} %：仅乘法与读取权重就至少需要 {least}。",
    ),
    "why.stretch": (
        "One row at a time, {time} for {tokens} tokens: {share} % of it until the first, "
        "{token} for each further one.",
        "逐条处理，{tokens} 个词元用时 {time}：其中 {share} % 用于首个词元，其后每个 {token}。",
    ),
    "why.floor": (
        "{share} % of what this machine's memory allows: reading the weights once takes at least "
        "{least} per token.",
        "达到本机内存极限的 {share} %：仅读取一遍权重，每个词元就至少需要 {least}。",
    ),
    "why.no_limit": (
        "How near is this to what the machine can do? Its ceiling was not measured yet.",
        "离本机极限还有多远？尚未测量本机的上限。",
    ),
    "why.measure_limit": ("measure it (30 s)", "测量上限（30 秒）"),
    "part.tokenise": ("tokenising", "分词"),
    "part.linear": ("linear layers", "线性层"),
    "part.attention": ("attention", "注意力"),
    "part.convert": ("converting numbers", "数值转换"),
    "part.other": ("other operators", "其他算子"),
    "part.prompt": ("reading the prompt", "读取提示"),
    "part.writing": ("writing the tokens", "逐个写出词元"),
    "part.overhead": ("overhead of the framework", "框架开销"),
    "cause.tokenise": (
        "{share} % of the time goes into tokenising: a faster model would hardly help.",
        "{share} % 的时间用于分词：模型再快也帮助不大。",
    ),
    "cause.overhead": (
        "{share} % is overhead: time between operators, or in those that only handle shapes. "
        "A runtime that fuses operators, or a larger batch, saves it.",
        "{share} % 是框架开销：花在算子之间或只处理形状的算子上。"
        "融合算子的运行时或更大的批量可以省去。",
    ),
    "cause.attention": (
        "{share} % goes into attention: it grows with the square of the length.",
        "{share} % 用于注意力：它随长度的平方增长。",
    ),
    "cause.other": (
        "{share} % goes into norms, activations and other operators that no quantiser speeds up.",
        "{share} % 用于归一化、激活等算子，量化不会使它们更快。",
    ),
    "cause.linear": (
        "{share} % goes into linear layers: fewer or narrower weights save most here.",
        "{share} % 用于线性层：减少权重或降低精度在这里最有效。",
    ),
    "cause.convert": (
        "{share} % goes into quantising and dequantising, to and fro.",
        "{share} % 用于来回的量化与反量化。",
    ),
    "cause.float_left": (
        "{share} % is spent in linear layers that were left in float32 beside quantised ones.",
        "{share} % 花在未被量化、仍为 float32 的线性层上。",
    ),
    "cause.narrow": (
        "{share} % of the time of linear layers runs in {precision}.",
        "线性层 {share} % 的时间以 {precision} 运算。",
    ),
    "cause.zeros": (
        "{share} % of the weights are zero, and no kernel here skips zeros: they cost as much "
        "as others.",
        "{share} % 的权重为零，但这里没有会跳过零的内核：它们与其他权重一样耗时。",
    ),
    "cause.small_batch": (
        "One text at a time leaves the machine idle: batches of {size} do {gain} times as many "
        "texts a second.",
        "逐条处理会让机器闲着：批量 {size} 每秒能处理 {gain} 倍的文本。",
    ),
    "cause.compile": (
        "Before the first answer, {time} go into loading and compiling; they are not in the "
        "latency.",
        "首次回答之前，载入与编译需要 {time}；这不计入延迟。",
    ),
    "cause.prompt": (
        "{share} % of the time goes into reading the prompt ({time}): a shorter prompt saves it, "
        "narrower weights hardly do.",
        "{share} % 的时间用于读取提示（{time}）：缩短提示可以省去，降低权重精度作用不大。",
    ),
    "cause.one_row": (
        "One row at a time reads all weights for a single token: {size} at once write {gain} "
        "times as many tokens a second.",
        "逐条处理时，每个词元都要读一遍全部权重：同时写 {size} 条，每秒词元数是 {gain} 倍。",
    ),
    "cause.fewer_bytes": (
        "{share} % fewer bytes of weights are read for every token than by the reference.",
        "每个词元读取的权重字节比参照少 {share} %。",
    ),
    "cause.fewer_weights": (
        "{share} % fewer weights than the reference are multiplied.",
        "参与相乘的权重比参照少 {share} %。",
    ),
    "cause.same_work": (
        "The same work as the reference: as many weights, in the same precision.",
        "与参照的工作量相同：权重数量与精度都一样。",
    ),
    "cause.saved": (
        "{share} % of the time saved against the reference is in {part} ({time} per text).",
        "相对参照省下的时间有 {share} % 在{part}（每条 {time}）。",
    ),
    "cause.added": (
        "{share} % of the time lost against the reference is in {part} ({time} per text).",
        "相对参照多花的时间有 {share} % 在{part}（每条 {time}）。",
    ),
    "layers.seconds": ("Time [ms]", "时间 [ms]"),
    "layers.size_bytes": ("Size [MB]", "大小 [MB]"),
    "layers.elements": ("Weights [thousand]", "权重 [千]"),
    "layers.mine": ("this run", "此次测量"),
    "layers.reference": ("original", "原模型"),
    "layers.before": ("before", "之前"),
    "layers.head": ("head", "分类头"),
    "layers.axis": ("layer", "层"),
    "explore.limit": ("least time this machine allows", "本机允许的最短时间"),
    "jobs.kind.ceiling": ("Machine's ceiling", "本机上限"),
    "stage.ceiling": (
        "measuring what this machine can do, about 30 s",
        "正在测量本机的上限，约 30 秒",
    ),
}
PHRASES = {
    "flips or why": "flips 或 why",
}
