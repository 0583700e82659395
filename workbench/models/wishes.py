"""What a folder's configuration asks for: code of its own, or files that lie elsewhere.

The loader (``formats.config``) takes only the settings that a family is known to have. What is
refused here would be left out there: better to say so than to load something else.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from workbench.core.errors import BadInput
from workbench.models.files import AGAIN, parse_json, read_json, read_small, shown
from workbench.models.limits import TRUST
from workbench.models.template import check_template

CODE = {
    *("auto_map", "custom_pipelines", "trust_remote_code", "custom_generate", "code_revision"),
    *("fusion_config", "kernel_config", "use_kernels", "per_layer_config", "distributed_config"),
}
ELSEWHERE = {
    *("transformers_weights", "configuration_files", "gguf_file", "subfolder", "backbone"),
    *(
        "use_timm_backbone",
        "use_pretrained_backbone",
        "backbone_config",
        "base_model_name_or_path",
    ),
    *("encoder_hub_name", "assistant_model", "draft_model", "mistral_format"),
}
OTHERS = {"quantization_config", "compression_config"}  # weights only other libraries understand
KERNELS = ("attn_implementation", "experts_implementation", "attn_implementation_internal")
PLACES = ("_file", "_files", "_path", "_dir", "_url", "_uri", "_repo", "repo_id", "_folder")
HISTORY = {"name_or_path", "_name_or_path", "special_tokens_map_file"}  # where it was once saved
TOKENIZERS = {
    *("Albert", "BarthezFast", "Bart", "Bert", "Camembert", "CodeGen", "CodeLlama", "Cohere"),
    *("DebertaV2", "Deberta", "DistilBert", "Electra", "GPT2", "GPTNeoX", "Gemma", "Herbert"),
    *("Llama", "MPNet", "ModernBert", "PreTrained", "Qwen2", "Qwen3", "Roberta", "T5"),
    *("XLMRoberta", "Bloom", "Bertweet", "Phobert", "BertJapanese", "RetriBert", "ConvBert"),
}
READ = {  # by loaders here or elsewhere; other JSON files of a folder are nobody's business
    *("config.json", "artifact.json", "special_tokens_map.json", "added_tokens.json"),
    *("tokenizer_config.json", "generation_config.json", "processor_config.json"),
    *("preprocessor_config.json", "adapter_config.json", "chat_template.json"),
    *("config_sentence_transformers.json", "sentence_bert_config.json"),
}
MODULES = "modules.json"  # of sentence-transformers: a list of classes with their folders


def check_code(folder: Path) -> None:
    """No file that a loader reads may ask for code, for files elsewhere, or be damaged.

    Raises:
        BadInput: with the file and the key.
    """
    for name in sorted(READ):
        path = folder / name
        if path.exists():
            for key, value in _entries(read_json(path)):
                _check_entry(name, key, value)
    if (folder / MODULES).exists():
        _check_modules(folder / MODULES)


def _entries(data: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, however deep; without recursion, since a stranger nests it."""
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield from value.items()
        inside = value.values() if isinstance(value, dict) else value
        waiting += [x for x in inside if isinstance(x, dict | list)]


def _check_entry(name: str, key: str, value: Any) -> None:
    if key == "chat_template":
        check_template(value, name)
    refused = _reason(key, value)
    if refused and value:
        told = f"{name} asks for {refused[0]} ({shown(key)} = {value!r:.60})"
        raise BadInput(shown_whole(told), refused[1], refused[2])


def shown_whole(words: str) -> str:
    """A message in which what cannot be printed is spelled out."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in words)


def _reason(key: str, value: Any) -> tuple[str, str, str] | None:
    """What a key asks for that is not given, what would be right, and what to do; or nothing."""
    if key in CODE:
        remedy = "choose a model whose architecture transformers knows"
        return "remote code", "a model that needs no code of its own", remedy
    # a hub id here would make transformers fetch a compiled kernel and run it
    if key.endswith(KERNELS) and ("/" in str(value) or ":" in str(value).strip("{}")):
        remedy = f"remove {shown(key)} from the file"
        return "a kernel of others", "a model that needs no code of its own", remedy
    if key in ELSEWHERE:
        return "files elsewhere", "weights in model.safetensors", "merge or rename them"
    if key in OTHERS:
        return "another library", "weights as plain tensors", "choose a model without it"
    if key == "tokenizer_class" and not _known(value):
        return "its own tokenizer", "the name of a tokenizer that transformers knows", TRUST
    if _leads_out(key, value):
        return "files elsewhere", "files of the folder", TRUST
    return None


def _known(tokenizer: Any) -> bool:
    if not isinstance(tokenizer, str):
        return False
    stem = tokenizer.removesuffix("Fast").removesuffix("Tokenizer")
    return stem in TOKENIZERS or tokenizer in ("TokenizersBackend", "PythonBackend")


def _leads_out(key: str, value: Any) -> bool:
    """Whether a setting that names a file names one outside the folder, or on another machine."""
    history = key in HISTORY
    if not (history or key.endswith(PLACES)):
        return False
    names = value if isinstance(value, list) else [value]
    return any(isinstance(name, str) and _outside(name, history) for name in names)


def _outside(name: str, history: bool) -> bool:
    """An address; or, unless it only tells the past, a path that is not below the folder."""
    if "://" in name or "\0" in name:
        return True
    if history or "/.cache/" in name:  # where an old version of transformers kept its files
        return False
    parts = PurePosixPath(name.replace("\\", "/"))
    return ".." in parts.parts or parts.is_absolute() or bool(PureWindowsPath(name).drive)


def _check_modules(path: Path) -> None:
    """Only classes of sentence-transformers itself, in folders of the folder; none is imported."""
    try:
        data = parse_json(read_small(path), path.name)
    except OSError as err:
        raise BadInput(path.name, "a file that can be read", AGAIN) from err
    for key, value in _entries(data):
        told = f"{path.name}: {shown(key)} = {value!r:.60}"
        if key == "type" and not str(value).startswith("sentence_transformers."):
            raise BadInput(shown_whole(told), "a model that needs no code of its own", TRUST)
        if key == "path" and (not isinstance(value, str) or _outside(value, False)):
            raise BadInput(shown_whole(told), "files of the folder", TRUST)
        _check_entry(path.name, key, value)
