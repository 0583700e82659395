"""Models that write: how good, how fast, and what became of the facts."""

TEXTS = {
    "expect.fidelity": ("Facts right", "事实准确率"),
    "expect.bits_per_byte": ("Bits per byte", "每字节比特"),
    "metric.fidelity": ("Facts told right", "事实准确率"),
    "metric.fidelity_change": ("Change of the facts told right", "事实准确率的变化"),
    "metric.missing": ("Facts missing", "遗漏的事实"),
    "metric.wrong": ("Facts told wrong", "写错的事实"),
    "metric.invented": ("Facts invented, per text", "每篇编造的事实数"),
    "metric.bits_per_byte": ("Bits per byte", "每字节比特数"),
    "metric.bits_per_byte_change": ("Change of the bits per byte", "每字节比特数的变化"),
    "metric.distinct_2": ("Pairs of tokens that differ", "不重复的二元组占比"),
    "metric.repetition": ("Repetition (runs of four tokens)", "重复度（四元组）"),
    "metric.length": ("Length in tokens", "长度（词元）"),
    "metric.identical": ("Tokens as the reference writes them", "与参照逐词元一致"),
    "metric.kl": ("KL divergence per token", "每词元 KL 散度"),
    "metric.first_token_p50": ("First token p50", "首词元 p50"),
    "metric.first_token_p95": ("First token p95", "首词元 p95"),
    "metric.prefill": ("Tokens read per second", "每秒读入词元"),
    "metric.decode_1": ("Tokens written per second, batch 1", "每秒写出词元，批量 1"),
    "metric.decode_8": ("Tokens written per second, batch 8", "每秒写出词元，批量 8"),
    "metric.decode_32": ("Tokens written per second, batch 32", "每秒写出词元，批量 32"),
    "metric.speedup_8": ("Speed-up, batch 8", "加速比，批量 8"),
    "metric.speedup_32": ("Speed-up, batch 32", "加速比，批量 32"),
    "number.less": (
        "{x} bits per byte less ({low} to {high})",
        "每字节少 {x} 比特（{low} 至 {high}）",
    ),
    "number.more": (
        "{x} bits per byte more ({low} to {high})",
        "每字节多 {x} 比特（{low} 至 {high}）",
    ),
}
