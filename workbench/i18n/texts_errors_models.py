"""What errors of techniques and of the plain baseline expect and advise, in Chinese."""

PHRASES = {
    # techniques
    "equal layers, so that the size is known before anything runs": (
        "各层宽度相同，这样运行前就能知道大小"
    ),
    "prune the original model": "改为剪枝原始模型",
    "a tokenizer.json of word pieces, BPE, Unigram or words, with a token for the unknown": (
        "词片、BPE、Unigram 或整词的 tokenizer.json，且含未知词的词元"
    ),
    "leave out vocabulary_pruning": "去掉 vocabulary_pruning",
    "pieces whose place in the token table is known": "能在词向量表中找到位置的词元",
    "added tokens behind the others": "新增词元排在其他词元之后",
    "a model that was changed before: nothing can be learnt from one that is the same": (
        "之前已改动过的模型：从相同的模型学不到任何东西"
    ),
    "put another technique before it, or leave out {a}": "在它之前加上别的技术，或去掉 {a}",
    "the original model and training rows": "原始模型和训练数据",
    # texts without labels
    "at least one text that is in no split": "至少一条不在任何划分中的文本",
    "a column called {a}": "名为 {a} 的列",
    "rename its column": "改一下列名",
    # the plain baseline
    "the files of a baseline only": "只有基线自己的文件",
    "a list of terms": "词项列表",
    "every term once": "每个词项只出现一次",
    "weights that fit vocabulary.json": "与 vocabulary.json 相符的权重",
    "a whole baseline of ours": "本程序写出的完整基线",
    "tune it again": "重新微调",
    "tune it first: {a}": "请先微调：{a}",
    "tune it again: {a}": "重新微调：{a}",
    "linear": "linear（线性分类头）",
    "add rows": "补充数据",
    "tune it in mode linear": "用 linear 模式微调",
    "at least one word or sign": "至少一个词或符号",
    "a model with weights": "有权重的模型",
}
