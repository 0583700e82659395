"""Choosing: model, task, preview, recommendation, tuning."""

TEXTS = {
    "choose.heading": ("Model and task", "模型与任务"),
    "choose.model": ("Model", "模型"),
    "choose.task": ("Task", "任务"),
    "choose.tuned_here": ("tuned here from {base}", "由 {base} 在本机微调而来"),
    "choose.other_model": ("Folder or hf:owner/name", "文件夹或 hf:owner/name"),
    "choose.other_task": ("CSV or JSONL file", "CSV 或 JSONL 文件"),
    "choose.open": ("Open", "打开"),
    "choose.card": (
        "{parameters} parameters · {size} · {license} · {languages}",
        "{parameters}参数 · {size} · {license} · {languages}",
    ),
    "choose.task_card": (
        "{classes} classes · {rows} {split} rows",
        "{classes} 类 · {rows} 行{split}数据",
    ),
    "choose.no_head": (
        "This encoder has no head for the task yet: tune it first.",
        "该编码器还没有适用于此任务的分类头：请先微调。",
    ),
    "choose.tuned": (
        "Tuned on {task}: {accuracy} on validation",
        "已在 {task} 上微调：验证集 {accuracy}",
    ),
    "choose.tune_linear": ("Tune a linear head", "微调线性头"),
    "choose.tune_full": ("Tune all weights", "微调全部权重"),
    "choose.tune_linear_help": (
        "the encoder stays as it is; takes seconds",
        "编码器保持不变，只需数秒",
    ),
    "choose.tune_full_help": (
        "usually a few points better; takes minutes",
        "通常更准几个百分点，需数分钟",
    ),
    "choose.recommend": ("Which one should I choose?", "该选哪个模型？"),
    "choose.language": ("Language", "语言"),
    "choose.budget": ("At most", "最大"),
    "choose.examples": ("Rows of this task", "任务样例"),
    "choose.preview": (
        "{rows} rows, {classes} classes, {bad} bad rows left out; "
        "text in “{text}”, label in “{label}”",
        "{rows} 行，{classes} 个类别，忽略 {bad} 个坏行；文本列“{text}”，标签列“{label}”",
    ),
    "choose.text_column": ("Text column", "文本列"),
    "choose.label_column": ("Label column", "标签列"),
    "choose.data": ("Own data", "自己的数据"),
    "choose.header": ("The first line names the columns", "首行为列名"),
    "choose.test": ("Test file", "测试文件"),
    "choose.test_none": ("none: rows are held out", "无：从训练数据中留出"),
    "choose.unlabelled": ("Texts without labels", "无标签文本"),
    "choose.unlabelled_none": ("none; a file to distil on", "无；用于蒸馏的文件"),
    "choose.take": ("Take it", "采用"),
    "choose.use": ("Use this file", "使用此文件"),
    "choose.bad_row": ("line {line}: {reason}", "第 {line} 行：{reason}"),
    "choose.more": ("Other models, own data, advice", "其他模型、自己的数据、选择建议"),
    "choose.millions": ("{n} M", "{n} 百万"),
    "choose.hardware": ("Hardware", "硬件"),
    "hardware.cpu": ("processor only", "仅处理器"),
    "hardware.gpu": ("a GPU", "有 GPU"),
    "preview.encoding": (
        "The encoding was guessed as {encoding}: see whether the examples can be read.",
        "编码推测为 {encoding}：请查看样例能否正常阅读。",
    ),
    "preview.look_alikes": (
        "Labels that differ only in case or width are classes of their own: {labels}.",
        "仅大小写或全半角不同的标签各算一类：{labels}。",
    ),
    "split.train": ("training", "训练"),
    "split.validation": ("validation", "验证"),
    "split.test": ("test", "测试"),
    "mode.linear": ("linear head", "线性头"),
    "mode.full": ("all weights", "全部权重"),
    "language.en": ("English", "英文"),
    "language.zh": ("Chinese", "中文"),
    "recommend.fits": (
        "{model}: it serves {kind} in {language}, at {size} the smallest that fits; "
        "on a processor the smallest is the first to try.",
        "{model}：支持{language}的{kind}，{size}，是满足条件的最小模型；只有处理器时应先试最小的。",
    ),
    "recommend.fits_gpu": (
        "{model}: it serves {kind} in {language}, at {size} the largest that fits; a GPU has room "
        "for it.",
        "{model}：支持{language}的{kind}，{size}，是满足条件的最大模型；有 GPU 时足以承载。",
    ),
    "recommend.language": (
        "No model here serves {language}: the vocabulary of {model} has hardly any of its "
        "characters. Take a multilingual encoder such as hf:intfloat/multilingual-e5-small.",
        "这里没有支持{language}的模型：{model} 的词表几乎不含该语言的字符。"
        "请选用多语言编码器，例如 hf:intfloat/multilingual-e5-small。",
    ),
    "recommend.other": (
        "No model here was made for {language}; {model} was made for English. Take a multilingual "
        "encoder such as hf:intfloat/multilingual-e5-small.",
        "这里没有面向{language}的模型；{model} 面向英文。"
        "请选用多语言编码器，例如 hf:intfloat/multilingual-e5-small。",
    ),
    "recommend.size": (
        "No model here is below {limit}; the smallest that serves the task is {model} with "
        "{size}. Compression can bring it down to {floor}.",
        "没有小于 {limit} 的模型；适合此任务的最小模型是 {model}（{size}）。"
        "压缩后可降至 {floor}。",
    ),
    "recommend.kind": (
        "No model here does {kind}; open a folder or a hub id that does.",
        "这里没有能做{kind}的模型；请打开本地文件夹或 Hub 模型。",
    ),
    "kind.classification": ("text classification", "文本分类"),
    "kind.generation": ("writing", "写作"),
}
